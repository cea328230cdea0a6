"""One run and a whole study, for real: files, resumption, additions, failures, workers."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from tiny_study import Killed, quiet, weights

from analysis.store import scores as scores_module
from analysis.store import sealed
from analysis.store.scores import read as read_scores
from studies.estimators.compute import one_shot
from studies.model.study import Run, Study
from studies.running import lock as lock_module
from studies.running.execute import execute, split
from studies.running.lock import lock_run
from studies.running.plan import Plan
from studies.running.repair import is_complete_and_whole
from studies.running.run import run_one, task_of, train
from studies.running.state import is_complete
from supernet.scoring.scorer import Scorer
from supernet.training.trainer import Trainer


def assert_same(one: Run, two: Run) -> None:
    """Scores, without their times, and weights."""
    scores = (read_scores(run.folder).drop(columns="seconds") for run in (one, two))
    pd.testing.assert_frame_equal(*scores, check_exact=True)
    mine, theirs = weights(one), weights(two)
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_an_average_of_the_weights_is_scored_beside_them(tiny: Study, tmp_path: Path) -> None:
    """The same training with and without: scores of the weights are the same; those of the average are of a network
    that is loaded with it."""
    plain = Plan.of(tiny, tmp_path / "runs").runs[0]
    variant = plain.variant.changed(training=replace(plain.variant.estimator.training, ema=0.9))
    run = Run(variant, 0, tmp_path / "averaged")
    assert variant.measures == ("batch", "running", "ema-batch", "ema-running")
    architectures = list(variant.masked_space.enumerate())[:5]
    for each in (plain, run):
        assert run_one(each, architectures, "cpu", quiet)["status"] == "finished"
        assert is_complete(each, architectures)
    scores = read_scores(run.folder).set_index(["measure", "arch"])
    of_weights = scores.loc[["batch", "running"], ["score", "loss"]]
    expected = read_scores(plain.folder).set_index(["measure", "arch"])[["score", "loss"]]
    pd.testing.assert_frame_equal(of_weights, expected, check_exact=True)
    trainer = one_shot.build(run.variant.estimator, task_of(run, "cpu"))
    state = torch.load(run.folder / "checkpoint.pt", weights_only=True)
    trainer.model.load_state_dict(state["model"] | state["average"])
    for mode in variant.estimator.bn_modes:
        scorer = Scorer(trainer.model, trainer.data, trainer.data.valid, mode, noise=variant.evaluation_noise)
        for score in scorer(architectures):
            found = scores.loc[f"ema-{mode}", variant.masked_space.text(score.architecture)]
            assert (found["score"], found["loss"]) == (score.score, score.loss)
    assert not scores.loc["ema-batch", "loss"].equals(scores.loc["batch", "loss"])


def test_a_run_leaves_all_its_files_and_is_not_done_twice(tiny: Study, tmp_path: Path) -> None:
    plan = Plan.of(tiny, tmp_path / "runs")
    run = plan.runs[0]
    architectures = plan.architectures(run)
    assert not is_complete(run, architectures)
    result = run_one(run, architectures, "cpu", quiet)
    assert result["status"] == "finished"
    assert result == json.loads((run.folder / "result.json").read_text())
    assert result["updates"] == 12
    assert json.loads((run.folder / "config.json").read_text()) == json.loads(
        json.dumps(run.variant.config(0))
    )
    assert len(pd.read_csv(run.folder / "history.csv")) == result["epochs"] == 3
    scores = read_scores(run.folder)
    assert scores.groupby("measure").size().to_dict() == {"batch": 30, "running": 30}
    assert scores["score"].between(0, 100).all()
    assert is_complete(run, architectures)
    before = {path.name: path.stat().st_mtime_ns for path in run.folder.iterdir()}
    run_one(run, architectures, "cpu", quiet)
    after = {path.name: path.stat().st_mtime_ns for path in run.folder.iterdir()}
    assert before["checkpoint.pt"] == after["checkpoint.pt"]
    assert before["scores.parquet"] == after["scores.parquet"]


def test_scores_added_later_equal_scores_made_at_once(
    tiny: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, in_parts = (Plan.of(tiny, tmp_path / name) for name in ("a", "b"))
    architectures = at_once.architectures(at_once.runs[0])
    run_one(at_once.runs[0], architectures, "cpu", quiet)
    part = Run(in_parts.runs[0].variant.changed(bn_modes=("batch",)), 0, in_parts.runs[0].folder)
    monkeypatch.setattr(scores_module, "WRITE_EVERY", 7)
    run_one(part, architectures[20:], "cpu", quiet)
    assert is_complete(part, architectures[20:])
    assert not is_complete(in_parts.runs[0], architectures)
    run_one(in_parts.runs[0], architectures, "cpu", quiet)
    assert_same(at_once.runs[0], in_parts.runs[0])


def test_scoring_that_was_interrupted_ends_with_the_same_scores(
    tiny: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = (Plan.of(tiny, tmp_path / name).runs[1] for name in ("a", "b"))
    architectures = Plan.of(tiny, tmp_path).architectures(whole)
    run_one(whole, architectures, "cpu", quiet)
    monkeypatch.setattr(scores_module, "WRITE_EVERY", 5)

    calls = 0
    write = sealed.write

    def write_then_die(frame: pd.DataFrame, path: Path, run_id: str) -> None:
        nonlocal calls
        write(frame, path, run_id)
        calls += path.name == "scores.part-0.parquet"
        if calls == 2:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(sealed, "write", write_then_die)
        with pytest.raises(Killed):
            run_one(broken, architectures, "cpu", quiet)
    assert len(read_scores(broken.folder)) == 10
    assert not (broken.folder / "result.json").exists()
    run_one(broken, architectures, "cpu", quiet)
    assert_same(whole, broken)


def test_a_loss_that_is_not_finite_is_a_result(tiny: Study, tmp_path: Path) -> None:
    variant = tiny.variants[0]
    variant = variant.changed(training=replace(variant.estimator.training, lr=1e30))
    run = Run(variant, 0, tmp_path / "run")
    result = run_one(run, [], "cpu", quiet)
    assert result["status"] == "diverged"
    assert "not finite" in result["reason"]
    assert is_complete(run, Plan.of(tiny, tmp_path).architectures(run))
    assert not (run.folder / "scores.parquet").exists()


def test_a_damaged_checkpoint_is_made_again(
    tiny: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a finished run, whose scores stay, and of one that had only begun: the same bits as of one undisturbed."""
    plan, whole = Plan.of(tiny, tmp_path), Plan.of(tiny, tmp_path / "whole").runs[0]
    run, architectures = plan.runs[0], plan.architectures(plan.runs[0])
    run_one(whole, architectures, "cpu", quiet)
    run_one(run, architectures[:10], "cpu", quiet)
    checkpoint = run.folder / "checkpoint.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    assert is_complete(run, architectures[:10])
    assert not is_complete_and_whole(run, architectures[:10])
    assert run_one(run, architectures, "cpu", quiet)["status"] == "finished"
    assert "checkpoint.pt cannot be read" in capsys.readouterr().err
    assert_same(run, whole)
    checkpoint.write_bytes(b"PK half a file")
    for path in run.folder.iterdir():
        if path != checkpoint:
            path.unlink()
    assert run_one(run, architectures, "cpu", quiet)["status"] == "finished"
    assert_same(run, whole)


def test_a_run_that_another_process_has_is_left_alone(tiny: Study, tmp_path: Path) -> None:
    plan = Plan.of(tiny.only(["masked"], None), tmp_path / "runs")
    run, other = plan.runs
    with lock_run(run.folder, "job 12"):
        before = sorted(run.folder.rglob("*"))
        for act in (train, lambda *words: run_one(run, [], *words[1:])):
            result = act(run, "cpu", quiet)
            assert result["status"] == "held"
            assert result["reason"].startswith("held by ")
            assert f"pid {os.getpid()} (job 12) since " in result["reason"]
        # In a study the others are done; here each run is one that is trained and scored apart.
        results = {done.name: result["status"] for done, result in execute(plan, plan.runs, "cpu", 4)}
        assert results == {run.name: "held", other.name: "finished"}
        assert sorted(run.folder.rglob("*")) == before
    assert not list(plan.root.rglob("lock"))


def test_a_training_that_lost_its_lock_stops_without_writing(
    tiny: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tiny.variants[0], 0, tmp_path / "run")
    kept = {}

    def lose(phase: str, fraction: float, detail: str) -> None:
        """After the first epoch the process is suspended for long, and one on another machine takes over."""
        if kept:
            raise AssertionError("it went on")
        (file,) = (run.folder / "lock").iterdir()
        os.utime(file, (0, 0))
        with monkeypatch.context() as patch:
            patch.setattr(lock_module, "machine", lambda: "another")
            other.enter_context(lock_run(run.folder))
        kept.update({path.name: path.stat().st_mtime_ns for path in run.folder.iterdir() if path.is_file()})

    with ExitStack() as other:
        result = run_one(run, [], "cpu", lose)
        assert result["status"] == "held"
        assert "checkpoint.pt" in kept
        assert kept == {p.name: p.stat().st_mtime_ns for p in run.folder.iterdir() if p.is_file()}
        assert len(torch.load(run.folder / "checkpoint.pt", weights_only=True)["history"]) == 1
        assert len(list((run.folder / "lock").iterdir())) == 1
    assert run_one(run, [], "cpu", quiet)["status"] == "finished"


def test_a_run_that_another_process_brought_to_its_end_is_not_touched(tiny: Study, tmp_path: Path) -> None:
    diverging = tiny.variants[0].changed(training=replace(tiny.variants[0].estimator.training, lr=1e30))
    for variant, asked in ((diverging, 0), (tiny.variants[0], 4)):
        run = Run(variant, 0, tmp_path / variant.run_id(0))
        architectures = variant.masked_space.sample(asked, 0)
        result = run_one(run, architectures, "cpu", quiet)
        when = {path: path.stat().st_mtime_ns for path in run.folder.iterdir()}
        assert run_one(run, architectures, "cpu", quiet) == result
        assert train(run, "cpu", quiet)["status"] == result["status"]
        changed = {path.name for path in run.folder.iterdir() if when.get(path) != path.stat().st_mtime_ns}
        assert changed <= {"config.json", "history.csv"}


def test_a_weight_that_is_not_finite_after_the_last_update_is_a_divergence(
    tiny: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tiny.variants[0], 0, tmp_path / "run")
    update = Trainer._update

    def poisoned(self: Trainer) -> None:
        update(self)
        if self.updates == 12:  # the last: no loss comes after it
            with torch.no_grad():
                self.parameters[3].view(-1)[0] = float("nan")

    monkeypatch.setattr(Trainer, "_update", poisoned)
    result = run_one(run, run.variant.masked_space.sample(4, 0), "cpu", quiet)
    assert (result["status"], result["epochs"]) == ("diverged", 2)
    assert result["reason"] == "loss or weights not finite in epoch 3"
    assert not (run.folder / "scores.parquet").exists()


def test_whether_a_run_is_complete_is_told_without_opening_its_scores(
    tiny: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan.of(tiny, tmp_path / "runs")
    run, architectures = plan.runs[0], plan.architectures(plan.runs[0])
    few, more_modes = architectures[:7], plan.runs[0].variant.changed(bn_modes=("batch", "recalibrate-1"))
    run_one(run, few, "cpu", quiet)
    with monkeypatch.context() as patch:
        patch.setattr(scores_module, "read", None)
        assert is_complete(run, few)
        assert is_complete(run, few[::-1])
    assert is_complete(run, few[:3])  # never asked for: by the scores themselves
    assert not is_complete(run, architectures)
    assert not is_complete(Run(more_modes, 0, run.folder), few)
    run_one(run, architectures, "cpu", quiet)
    with monkeypatch.context() as patch:
        patch.setattr(scores_module, "read", None)
        assert is_complete(run, few)
        assert is_complete(run, architectures)
    whole = pd.read_parquet(run.folder / "scores.parquet")
    whole.head(20).to_parquet(run.folder / "scores.parquet")
    assert not is_complete(run, architectures)
    (run.folder / "scores.parquet").unlink()
    assert not is_complete(run, few)


def test_a_study_gives_the_same_bits_whatever_the_number_of_workers(tiny: Study, tmp_path: Path) -> None:
    plans = [Plan.of(tiny.only(None, [0]), tmp_path / name) for name in ("one", "two")]
    for plan, workers in zip(plans, (1, 2), strict=True):
        plan.write()
        results = execute(plan, plan.runs, "cpu", workers)
        assert sorted(run.name for run, _ in results) == sorted(run.name for run in plan.runs)
        assert {result["status"] for _, result in results} == {"finished"}
    for one, two in zip(plans[0].runs, plans[1].runs, strict=True):
        assert_same(one, two)
    masked = next(run for run in plans[0].runs if run.variant.name == "masked")
    space = masked.variant.masked_space
    assert all(space.in_mask(space.parse(text)) for text in read_scores(masked.folder)["arch"])
    study = json.loads((plans[0].folder / "study.json").read_text())
    assert [(r["variant"], r["seed"]) for r in study["runs"]] == [("uniform", 0), ("fair", 0), ("masked", 0)]
    assert (plans[0].folder / study["runs"][0]["folder"] / "result.json").is_file()
    assert (plans[0].folder / study["truth"]["blox"]["file"]).is_file()


def test_a_run_scored_in_parts_by_several_processes_has_the_same_bits(tiny: Study, tmp_path: Path) -> None:
    alone, shared = (Plan.of(tiny.only(["uniform"], [0]), tmp_path / name) for name in ("alone", "shared"))
    run_one(alone.runs[0], alone.architectures(alone.runs[0]), "cpu", quiet)
    ((run, result),) = execute(shared, shared.runs, "cpu", 2)
    assert result["status"] == "finished"
    assert result == run.result()
    assert_same(alone.runs[0], run)
    assert not list(run.folder.glob("scores.part-*"))
    # What an interrupted scoring by more processes left counts, and is put together.
    scores = read_scores(run.folder)
    (run.folder / "scores.parquet").unlink()
    (run.folder / "result.json").unlink()
    for part in range(2):
        rows = scores.iloc[part * 20 : part * 20 + 25]  # some in both
        rows.to_parquet(run.folder / f"scores.part-{7 * part}.parquet")
    pd.testing.assert_frame_equal(read_scores(run.folder), scores.iloc[:45], check_exact=True)
    execute(shared, shared.runs, "cpu", 2)
    assert_same(alone.runs[0], run)
    assert not list(run.folder.glob("scores.part-*"))


def test_a_failure_in_parts_is_the_result_of_its_run(tiny: Study, tmp_path: Path) -> None:
    plan = Plan.of(tiny.only(["uniform"], [0]), tmp_path / "runs")
    folder = plan.runs[0].folder
    (folder / "scores.part-0.parquet").mkdir(parents=True)  # which nobody can read or take away
    ((_, result),) = execute(plan, plan.runs, "cpu", 2)
    assert result["status"] == "failed"
    assert "scores.part-0.parquet" in result["reason"] or "directory" in result["reason"]
    (folder / "scores.part-0.parquet").rmdir()
    (folder / "scores.part-0.parquet").write_bytes(b"PAR1 half a file")
    assert execute(plan, plan.runs, "cpu", 2)[0][1]["status"] == "finished"


def test_only_an_incomplete_last_round_is_scored_in_parts() -> None:
    assert split(16, 2) == [1] * 16
    assert split(3, 2) == [1, 1, 2]
    assert split(1, 8) == [8]
    assert split(3, 8) == [2, 2, 2]
    assert split(7, 4) == [1, 1, 1, 1, 1, 1, 1]


def test_a_table_of_another_space_or_without_the_column_is_refused(tiny: Study, tmp_path: Path) -> None:
    swapped = replace(tiny, truth=dict(zip(tiny.truth, reversed(tiny.truth.values()), strict=True)))
    with pytest.raises(ValueError, match=r"truth: .* is of space \w+, not of"):
        Plan.of(swapped, tmp_path)
    wrong = {space: replace(truth, column="cifar10_test") for space, truth in tiny.truth.items()}
    with pytest.raises(ValueError, match="has no column 'cifar10_test'; it has digits_valid_seed0"):
        Plan.of(replace(tiny, truth=wrong), tmp_path)
