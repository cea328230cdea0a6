"""`studies show`: how far each run is, told from its files and its lock."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_study import quiet

from studies.__main__ import main
from studies.commands.show import show_plan
from studies.model.study import Study
from studies.running.lock import lock_run
from studies.running.plan import Plan
from studies.running.progress import duration
from studies.running.run import failure, run_one
from studies.running.state import STATES, state_of


def test_every_state_is_shown_with_what_there_is_to_say(
    tiny: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    diverging = tiny.variants[0].changed(
        name="wild", training=replace(tiny.variants[0].estimator.training, lr=1e30)
    )
    masked = tiny.variants[2].changed(expected_seconds=7.0)
    tiny = replace(tiny, variants=(*tiny.variants[:2], masked, diverging), seeds=(0, 1))
    plan = Plan.of(tiny, tmp_path / "runs")
    done, running, masked_0, wild, to_score, broken, interrupted, _to_do = plan.runs
    run_one(done, plan.architectures(done), "cpu", quiet)
    run_one(to_score, plan.architectures(to_score)[:3], "cpu", quiet)
    run_one(wild, plan.architectures(wild), "cpu", quiet)
    failure(broken, ValueError("images are missing"))
    failure(masked_0, RuntimeError("a mistake of ours"))
    interrupted.folder.mkdir(parents=True)
    (interrupted.folder / "checkpoint.pt").touch()
    with ExitStack() as other:
        other.enter_context(lock_run(running.folder, "job 7"))
        states = {run: state_of(run, plan.architectures(run)) for run in plan.runs}
        assert [states[run].name for run in plan.runs] == [
            "done", "running", "failed", "diverged", "to score", "failed", "interrupted", "to do",
        ]  # fmt: skip
        assert {state.name for state in states.values()} == set(STATES) - {"damaged"}  # test_run_files.py
        show_plan(plan, "wide")
        wide = capsys.readouterr().out
        show_plan(plan)
    grouped = capsys.readouterr().out
    table = grouped[grouped.index("space ") : grouped.index("--wide")].splitlines()
    assert [line.split()[1] for line in table[1:5]] == ["uniform", "fair", "masked", "wild"]
    assert table[1].split()[2] == "0-1"
    assert "1 done, 1 to score" in table[1]
    assert "seed 1: images are missing" in grouped
    assert max(map(len, table)) <= 100
    lines = wide.splitlines()
    by_run = {run: next(line for line in lines if run.folder.name in line) for run in plan.runs}
    assert "(job 7) since 20" in by_run[running]
    assert by_run[broken].endswith("failed             -  images are missing")
    assert by_run[masked_0].endswith(f"a mistake of ours; {masked_0.folder / 'error.log'}")
    assert "loss or weights not finite in epoch 1" in by_run[wild]
    # Two of masked as the catalogue says, uniform and wild as their other seeds took; nothing is known of fair's two.
    seconds = {run: states[run].seconds or 0.0 for run in plan.runs}
    known = 2 * 7 + (seconds[done] + seconds[to_score]) / 2 + seconds[wild]
    assert lines[-2].startswith(f"8 jobs, 2 complete, 6 to do: about {duration(known)} of one core, ")
    assert lines[-2].endswith(", and 2 jobs whose time is unknown until one of each variant has run")
    assert lines[-1] == "1 done, 1 diverged, 1 running, 1 interrupted, 2 failed, 1 to score, 1 to do"
    # What is done is told without asking for the lock, and the rest is estimated.
    with lock_run(done.folder):
        assert state_of(done, plan.architectures(done)).name == "done"
    show_plan(Plan.of(tiny, plan.root, tiny.only(["masked", "uniform"], [1])))
    assert "2 jobs, 0 complete, 2 to do: about " in capsys.readouterr().out


def test_a_study_is_shown_before_its_ground_truth_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["show", "nb201_cifar10"]) == 0
    told = capsys.readouterr().out
    assert "note: without the ground truth of nasbench201" in told
    assert "studies truth import" in told
    assert "20 jobs, 0 complete, 20 to do: about " in told
    assert main(["run", "nb201_cifar10"]) == 2
    assert main(["show", "nb201_cifar10", "--truth", "nothing:cifar10_test"]) == 2
