"""One run and a whole study, for real: files, resumption, additions, failures, workers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

from studies import run as run_module
from studies.execute import Plan, execute
from studies.run import is_complete, read_scores, run_one
from studies.study import Run, Study


def quiet(phase: str, fraction: float, detail: str) -> None:
    """Report nothing."""


def bits(run: Run) -> tuple[pd.DataFrame, dict[str, torch.Tensor]]:
    """Scores (without their times) and weights of a run."""
    state = torch.load(run.folder / "checkpoint.pt", weights_only=True)
    return read_scores(run.folder).drop(columns="seconds"), state["model"]


def assert_same(one: Run, two: Run) -> None:
    (scores, weights), (other_scores, other_weights) = bits(one), bits(two)
    pd.testing.assert_frame_equal(scores, other_scores, check_exact=True)
    assert weights.keys() == other_weights.keys()
    assert all(torch.equal(weights[name], other_weights[name]) for name in weights)


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
    assert scores.groupby("bn_mode").size().to_dict() == {"batch": 30, "running": 30}
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
    part = Run(replace(in_parts.runs[0].variant, bn_modes=("batch",)), 0, in_parts.runs[0].folder)
    monkeypatch.setattr(run_module, "WRITE_EVERY", 7)
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
    monkeypatch.setattr(run_module, "WRITE_EVERY", 5)

    class Killed(BaseException):
        pass

    def die(folder: Path, result: dict[str, object]) -> None:
        raise Killed

    calls = 0
    write = run_module.write_atomic

    def write_then_die(path: Path, writer: object) -> None:
        nonlocal calls
        write(path, writer)  # type: ignore[arg-type]
        calls += path.name == "scores.parquet"
        if calls == 2:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "write_atomic", write_then_die)
        with pytest.raises(Killed):
            run_one(broken, architectures, "cpu", quiet)
    assert len(read_scores(broken.folder)) == 10
    assert not (broken.folder / "result.json").exists()
    run_one(broken, architectures, "cpu", quiet)
    assert_same(whole, broken)


def test_a_loss_that_is_not_finite_is_a_result(tiny: Study, tmp_path: Path) -> None:
    variant = tiny.variants[0]
    variant = replace(variant, training=replace(variant.training, lr=1e30))
    run = Run(variant, 0, tmp_path / "run")
    result = run_one(run, [], "cpu", quiet)
    assert result["status"] == "diverged"
    assert "not finite" in result["reason"]
    assert is_complete(run, Plan.of(tiny, tmp_path).architectures(run))
    assert not (run.folder / "scores.parquet").exists()


def test_a_damaged_checkpoint_fails_the_run_with_a_reason_and_harms_no_finished_result(
    tiny: Study, tmp_path: Path
) -> None:
    plan = Plan.of(tiny, tmp_path)
    run, architectures = plan.runs[0], plan.architectures(plan.runs[0])
    run_one(run, architectures[:10], "cpu", quiet)
    checkpoint = run.folder / "checkpoint.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    kept = (run.folder / "result.json").read_bytes(), (run.folder / "scores.parquet").read_bytes()
    assert is_complete(run, architectures[:10])
    result = run_one(run, architectures, "cpu", quiet)
    assert result["status"] == "failed"
    assert "checkpoint.pt cannot be read" in result["reason"]
    assert kept == ((run.folder / "result.json").read_bytes(), (run.folder / "scores.parquet").read_bytes())
    unfinished = plan.runs[1]
    unfinished.folder.mkdir(parents=True)
    (unfinished.folder / "checkpoint.pt").write_bytes(b"PK half a file")
    assert run_one(unfinished, [], "cpu", quiet)["status"] == "failed"
    assert unfinished.result()["reason"].startswith("checkpoint: ")
    assert not is_complete(unfinished, [])


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


def test_a_table_of_another_space_or_without_the_column_is_refused(tiny: Study, tmp_path: Path) -> None:
    swapped = replace(tiny, truth=dict(zip(tiny.truth, reversed(tiny.truth.values()), strict=True)))
    with pytest.raises(ValueError, match=r"truth: .* is of space \w+, not of"):
        Plan.of(swapped, tmp_path)
    wrong = {space: replace(truth, column="cifar10_test") for space, truth in tiny.truth.items()}
    with pytest.raises(ValueError, match="has no column 'cifar10_test'; it has digits_valid_seed0"):
        Plan.of(replace(tiny, truth=wrong), tmp_path)
