"""A run's files belong to that run: a changed bit, a row twice, a lost end and another run's file are found, told in
one line and made again; other runs of the study do not suffer."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet
import pytest
import torch
from tiny_study import quiet, tiny_study, weights

from analysis.__main__ import main as analysis
from analysis.measures.collect import collect
from analysis.store import history, milestones, scores, sealed
from analysis.store import result as result_file
from analysis.store.run import look
from analysis.store.study import damage
from studies.model.study import Run, Study
from studies.running.plan import Plan
from studies.running.repair import is_complete_and_whole
from studies.running.run import run_one
from studies.running.state import is_complete, state_of
from supernet.training import checkpoint

pytestmark = pytest.mark.xdist_group("run files")  # trained once

FLIPS = 120


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with two finished runs of one variant; the folder that holds `runs` and its ground truth."""
    folder = tmp_path_factory.mktemp("made")
    plan = plan_in(folder, tiny_study(folder))
    plan.write()
    for run in plan.runs:
        assert run_one(run, plan.architectures(run), "cpu", quiet)["status"] == "finished"
    return folder


def plan_in(folder: Path, study: Study) -> Plan:
    return Plan.of(study.only(["uniform"], None), folder / "runs", milestones=(50,))


@pytest.fixture
def plan(made: Path, tmp_path: Path) -> Plan:
    """The study in a folder of its own."""
    shutil.copytree(made / "runs", tmp_path / "runs")
    return plan_in(tmp_path, tiny_study(tmp_path))


def flip(path: Path, rng: random.Random) -> None:
    raw = bytearray(path.read_bytes())
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(raw))


def twice(path: Path) -> None:
    """The first row once more, in a file that is whole; metadata are kept."""
    table = pyarrow.parquet.read_table(path)
    pyarrow.parquet.write_table(pyarrow.concat_tables([table, table.slice(0, 1)]), path)


def plain_again(path: Path) -> None:
    """Other values in a whole file, as a tool that knows nothing of seals leaves them."""
    pd.read_parquet(path).assign(score=50.0).to_parquet(path)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def of_the_other(path: Path) -> None:
    (other,) = (folder for folder in path.parent.parent.iterdir() if folder != path.parent)
    shutil.copy(other / path.name, path)


def one_digit(path: Path) -> None:
    text = path.read_text()
    place = text.index('"updates": 1') + len('"updates": ')
    path.write_text(text[:place] + "7" + text[place + 1 :])


CHANGES: list[tuple[str, Callable[[Path], None]]] = [
    *(("scores.parquet", change) for change in (twice, plain_again, cut, of_the_other, Path.unlink)),
    *(("result.json", change) for change in (one_digit, cut, of_the_other)),
    *(("history.csv", change) for change in (cut, of_the_other)),
    *(("checkpoint.pt", change) for change in (cut, of_the_other)),
    *(("milestones.parquet", change) for change in (cut, of_the_other)),
]


@pytest.mark.parametrize(("name", "change"), CHANGES, ids=[f"{n} {c.__name__}" for n, c in CHANGES])
def test_a_file_that_is_not_the_runs_own_is_told_and_made_again(
    plan: Plan, name: str, change: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    run, other = plan.runs
    before = scores.read(run.folder).drop(columns="seconds")
    expected = weights(run)
    path = run.folder / name
    change(path)
    asked = plan.architectures(run)
    assert not is_complete_and_whole(run, asked)
    assert is_complete_and_whole(other, asked)
    if name != "checkpoint.pt":  # which nothing but more scores needs
        assert state_of(run, asked).name == "damaged"
        capsys.readouterr()
        assert analysis(["table", "tiny", "--runs", str(plan.root)]) == 2
        shown = capsys.readouterr()
        (line,) = [line for line in shown.err.splitlines() if line.startswith("error: ")]
        assert f"{run.folder.name}/{name}" in line
        assert "studies run" in line
        states = collect(plan.folder).runs.set_index("seed")["state"]
        assert set(states.loc[[0]]) == {"failed"}
        assert set(states.loc[[1]]) == {"finished"}
    assert run_one(run, asked, "cpu", quiet)["status"] == "finished"
    assert is_complete_and_whole(run, asked)
    pd.testing.assert_frame_equal(
        scores.read(run.folder, run.run_id).drop(columns="seconds"), before, check_exact=True
    )
    again = weights(run)
    assert all(torch.equal(again[key], value) for key, value in expected.items())
    kept = run.folder / f"{name}.of-{other.run_id}"
    assert kept.exists() == (change is of_the_other and name != "history.csv")


def test_no_changed_bit_of_scores_or_result_is_read_as_other_values(plan: Plan) -> None:
    """Each is found, or the file says what it said."""
    run, rng = plan.runs[0], random.Random(0)
    whole = {name: (run.folder / name).read_bytes() for name in ("scores.parquet", "result.json")}
    expected, result = scores.read(run.folder), look(run.folder, run.run_id).result
    found = 0
    for number in range(FLIPS):
        path = run.folder / sorted(whole)[number % 2]
        flip(path, rng)
        seen = look(run.folder, run.run_id)
        if seen.damage:
            found += 1
        else:
            assert {k: v for k, v in seen.result.items() if k != "seal"} == {
                k: v for k, v in result.items() if k != "seal"
            }
            pd.testing.assert_frame_equal(scores.read(run.folder), expected, check_exact=True)
        path.write_bytes(whole[path.name])
    assert found > FLIPS * 0.9


def test_scores_are_whole_or_refused_before_there_is_a_result(plan: Plan) -> None:
    """While a run is being scored, only the file's own seal tells."""
    run, rng = plan.runs[0], random.Random(1)
    (run.folder / "result.json").unlink()
    part = run.folder / "scores.part-3.parquet"
    (run.folder / "scores.parquet").rename(part)
    whole, expected = part.read_bytes(), scores.read(run.folder, run.run_id)
    for _ in range(FLIPS // 3):
        flip(part, rng)
        with suppress(ValueError):
            pd.testing.assert_frame_equal(scores.read(run.folder, run.run_id), expected, check_exact=True)
        part.write_bytes(whole)


def test_a_killed_writer_leaves_nothing_that_is_taken_for_damage(plan: Plan) -> None:
    """Killed between the new scores and the new result, whose digest is then of the scores before."""
    run = plan.runs[0]
    fewer = scores.read(run.folder).iloc[:10]
    sealed.write(fewer, run.folder / "scores.parquet", run.run_id)
    assert look(run.folder, run.run_id).damage is None
    assert not is_complete(run, plan.architectures(run))
    times = (run.folder / "checkpoint.pt").stat().st_mtime_ns
    assert run_one(run, plan.architectures(run), "cpu", quiet)["status"] == "finished"
    assert (run.folder / "checkpoint.pt").stat().st_mtime_ns == times


def unseal(run: Run) -> None:
    """As a version before left a run: no ids, no digests."""
    for path in (run.folder / "scores.parquet", run.folder / "milestones.parquet"):
        pd.read_parquet(path).to_parquet(path)
    pd.read_csv(run.folder / "history.csv").drop(columns="run_id").to_csv(
        run.folder / "history.csv", index=False
    )
    state = torch.load(run.folder / "checkpoint.pt", weights_only=True)
    del state["run_id"]
    checkpoint.save(state, run.folder / "checkpoint.pt")
    content = json.loads((run.folder / "result.json").read_text())
    content["scored"]["bytes"] = (run.folder / "scores.parquet").stat().st_size
    content = {key: value for key, value in content.items() if key not in ("files", "seal")}
    (run.folder / "result.json").write_text(json.dumps(content))


def test_folders_written_before_are_read_with_a_note(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    expected = collect(plan.folder)
    for run in plan.runs:
        unseal(run)
        assert is_complete_and_whole(run, plan.architectures(run))
        assert history.read(run.folder, run.run_id)
        assert len(milestones.read(run.folder, run.run_id))
    found = collect(plan.folder)
    pd.testing.assert_frame_equal(found.runs, expected.runs)
    assert damage(found.study).unsealed == 2
    capsys.readouterr()
    assert analysis(["table", "tiny", "--runs", str(plan.root)]) == 0
    assert "note: tiny: 2 runs were written before files carried digests" in capsys.readouterr().err
    # Once more is asked of such a run, its files are bound together.
    more = plan.runs[0].variant.changed(bn_modes=("batch", "running", "recalibrate-1"))
    run = replace(plan.runs[0], variant=more)
    assert run_one(run, plan.architectures(run), "cpu", quiet)["status"] == "finished"
    assert look(run.folder, run.run_id).sealed
    assert result_file.is_as_written(run.folder, run.result() or {}, "scores.parquet")
