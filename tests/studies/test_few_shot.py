"""Variants that start from a parent's weights and parts that are ranked as one: rules, order, and for real."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from tiny_study import Killed, quiet, weights

from analysis.measures.collect import collect
from analysis.store import result as result_file
from analysis.store import sealed
from analysis.store.scored import ScoredSet
from analysis.store.scores import read as read_scores
from studies import catalog
from studies.catalog.few_shot import EDGE, variants
from studies.estimators.compute.one_shot import build, start_from
from studies.model.study import Run, Study, generations
from studies.model.variant import Variant
from studies.protocol import split
from studies.running.execute import execute
from studies.running.plan import Plan
from studies.running.run import run_one, task_of
from studies.running.state import is_complete
from supernet.spaces import get_space
from supernet.spaces.nasbench201.graph import EDGE_NAMES, OPERATIONS


@pytest.fixture
def few_shot(tiny: Study) -> Study:
    """One-shot with 20 updates against a parent with 10, five parts with 2 each, and one that is not split."""
    training = replace(tiny.variants[0].estimator.training, epochs=None, updates=20)
    one_shot = tiny.variants[0].changed(training=training)
    truth = {"nasbench201": tiny.truth["nasbench201"]}
    return replace(tiny, variants=variants(one_shot, training, 20), truth=truth, seeds=(0,))


def by_name(plan: Plan) -> dict[str, Run]:
    return {run.variant.name: run for run in plan.runs}


# Rules


def test_a_split_shares_the_parents_space_among_its_parts(few_shot: Study) -> None:
    parts = [variant for variant in few_shot.variants if variant.part_of == "few-shot"]
    assert [part.name for part in parts] == [f"few-shot, {operation}" for operation in OPERATIONS]
    edge = EDGE_NAMES.index(EDGE)
    for cell in get_space("nasbench201").enumerate():
        owners = [part.name for part in parts if part.masked_space.in_mask(cell)]
        assert owners == [f"few-shot, {OPERATIONS[cell[edge]]}"]


def test_a_split_of_a_masked_parent_has_what_the_parent_allows(few_shot: Study) -> None:
    parent = replace(few_shot.variants[1], mask=("none", "nor_conv_1x1@0-1"))
    parts = split(parent, "0-1", "split", parent.estimator.training)
    assert [part.name for part in parts] == [f"split, {OPERATIONS[i]}" for i in (1, 3, 4)]
    assert all(part.masked_space.within(parent.masked_space) for part in parts)
    sizes = [sum(1 for _ in part.masked_space.enumerate()) for part in parts]
    assert sizes == [4**5] * 3
    with pytest.raises(ValueError, match="edge: '1-0' is not one of 0-1, 0-2"):
        split(parent, "1-0", "split", parent.estimator.training)


def test_blox_is_not_split_by_an_edge(tiny: Study) -> None:
    with pytest.raises(ValueError, match="space: 'blox' cannot be split by an edge"):
        split(tiny.variants[1], "0-1", "split", tiny.variants[1].estimator.training)


def test_the_parent_is_part_of_the_run_id_by_its_configuration_alone(few_shot: Study) -> None:
    _, parent, restarted, part, *_ = few_shot.variants
    assert "parent" not in parent.config(0)
    assert part.config(1)["parent"] == parent.config(1)
    renamed = part.changed(parent=parent.changed(name="another"), part_of="other", name="x")
    assert renamed.run_id(0) == part.run_id(0)
    longer = parent.changed(training=replace(parent.estimator.training, updates=11))
    ids = {v.run_id(0) for v in (part, part.changed(parent=longer), restarted, parent)}
    assert len(ids) == 4


def test_what_does_not_go_together_is_named(few_shot: Study) -> None:
    one_shot, parent, _, part, other, *_ = few_shot.variants

    def refused(message: str, build: Callable[[], object]) -> None:
        with pytest.raises(ValueError, match=message):
            build()

    def with_variants(*chosen: Variant) -> Callable[[], object]:
        return lambda: replace(few_shot, variants=chosen)

    refused("parent: affine of 'parent' is False, not True", lambda: part.changed(affine=True))
    masked = parent.changed(mask=("none",))
    refused("parent: 'parent' is without none, of which", lambda: part.changed(parent=masked))
    refused("part_of: 'few-shot' needs a parent", lambda: part.changed(parent=None))
    refused("are not for a part of", lambda: part.changed(evaluation_masks=(("skip_connect",),)))
    refused("parent: 'parent' of 'few-shot, none' is no variant", with_variants(one_shot, part))
    again = part.changed(name="again", training=one_shot.estimator.training)
    refused("'again' has architectures of another part of 'few-shot'", with_variants(parent, part, again))
    modes = other.changed(bn_modes=("running",))
    refused("of 'few-shot' differ in their measures", with_variants(parent, part, modes))
    elsewhere = other.changed(parent=one_shot)
    refused("of 'few-shot' have two parents", with_variants(one_shot, parent, part, elsewhere))
    named = part.changed(part_of="parent")
    refused("part_of: 'parent' is the name of a variant", with_variants(parent, named))


def test_strict_fairness_goes_with_a_split_and_not_with_any_mask(few_shot: Study) -> None:
    part = few_shot.variants[3]
    fair = replace(part.estimator.sampling, kind="fair")
    assert part.changed(sampling=fair).masked_space.fair_group_size == 5
    with pytest.raises(ValueError, match="kind: 'fair' needs equally many operations on all edges"):
        few_shot.variants[0].changed(sampling=fair, mask=("none@0-3",))


def test_parents_come_first_and_come_along(few_shot: Study, tmp_path: Path) -> None:
    backwards = replace(few_shot, variants=tuple(reversed(few_shot.variants)), seeds=(0, 1))
    names = [(run.seed, run.variant.name) for run in backwards.runs(tmp_path)]
    assert [seed for seed, _ in names] == [0] * 8 + [1] * 8
    assert {name for _, name in names[:2]} == {"uniform", "parent"}
    waves = generations(reversed(list(few_shot.runs(tmp_path))))
    assert [len(wave) for wave in waves] == [2, 6]
    assert [v.name for v in few_shot.only(["few-shot, none"], None).variants] == ["parent", "few-shot, none"]
    assert len(few_shot.only(["nasbench201/few-shot"], None).variants) == 6
    with pytest.raises(ValueError, match="--only: 'fewshot' is not one of few-shot, few-shot, avg_pool_3x3"):
        few_shot.only(["fewshot"], None)


@pytest.mark.parametrize("scored", [ScoredSet(), ScoredSet(top=5, random=12)])
def test_the_parts_score_what_the_whole_does(few_shot: Study, tmp_path: Path, scored: ScoredSet) -> None:
    runs = by_name(plan := Plan.of(replace(few_shot, scored=scored, top=(5,)), tmp_path))
    whole = plan.architectures(runs["parent"])
    parts = [plan.architectures(run) for run in plan.runs if run.variant.part_of]
    assert sorted(whole) == sorted(architecture for part in parts for architecture in part)
    assert all(0 < len(part) < len(whole) for part in parts)


def test_the_catalogues_study_spends_equal_updates() -> None:
    study = catalog.get("few_shot")
    one_shot, parent, restarted, *parts = study.variants
    assert one_shot.run_id(3) in {v.run_id(3) for v in catalog.get("nb201_cifar10").variants}
    assert one_shot.estimator.training.total_epochs(45_000) == 250
    half = parent.estimator.training.updates
    assert half is not None
    assert (
        half + (restarted.estimator.training.updates or 0)
        == half + sum(p.estimator.training.updates or 0 for p in parts)
        == 44_000
    )


# For real


def test_a_run_starts_from_its_parents_weights_and_from_nothing_else(few_shot: Study, tmp_path: Path) -> None:
    plan = Plan.of(few_shot, tmp_path / "runs")
    runs = by_name(plan)
    parent, part = runs["parent"], runs["few-shot, nor_conv_1x1"]
    result = run_one(part, plan.architectures(part), "cpu", quiet)
    assert result["status"] == "failed"
    assert result["reason"].startswith("parent: nasbench201 parent seed 0 (")
    assert "has not finished its training; run it first" in result["reason"]

    def die(phase: str, fraction: float, detail: str) -> None:
        raise Killed

    with pytest.raises(Killed):  # after an epoch
        run_one(parent, plan.architectures(parent), "cpu", die)
    assert (parent.folder / "checkpoint.pt").exists()
    assert run_one(part, plan.architectures(part), "cpu", quiet)["status"] == "failed"
    assert run_one(parent, plan.architectures(parent), "cpu", quiet)["status"] == "finished"

    trainer = build(part.variant.estimator, task_of(part, "cpu"))
    start_from(task_of(part, "cpu"), trainer.model)
    theirs, own = weights(parent), trainer.model.state_dict()
    assert set(own) < set(theirs)
    assert all(torch.equal(value, theirs[name]) for name, value in own.items())
    assert not trainer.optimizer.buffers
    assert trainer.sampler is not None
    drawn = build(parent.variant.estimator, task_of(parent, "cpu")).sampler
    assert drawn is not None
    assert trainer.sampler.rng.getstate() != drawn.rng.getstate()

    assert run_one(part, plan.architectures(part), "cpu", quiet)["status"] == "finished"
    assert is_complete(part, plan.architectures(part))
    assert any(not torch.equal(value, theirs[name]) for name, value in weights(part).items())


def test_a_killed_part_goes_on_to_the_same_bits_without_its_parent(few_shot: Study, tmp_path: Path) -> None:
    longer = tuple(
        v.changed(training=replace(v.estimator.training, updates=12)) if v.part_of else v
        for v in few_shot.variants
    )
    plan = Plan.of(replace(few_shot, variants=longer), tmp_path / "runs")
    parent, part = by_name(plan)["parent"], by_name(plan)["few-shot, skip_connect"]
    run_one(parent, [], "cpu", quiet)
    run_one(part, plan.architectures(part), "cpu", quiet)
    expected, scores = weights(part), read_scores(part.folder).drop(columns="seconds")

    def die(phase: str, fraction: float, detail: str) -> None:
        if fraction > 0.5:
            raise Killed

    for path in part.folder.iterdir():
        if path.is_file():
            path.unlink()
    with pytest.raises(Killed):
        run_one(part, plan.architectures(part), "cpu", die)
    (parent.folder / "checkpoint.pt").unlink()
    assert run_one(part, plan.architectures(part), "cpu", quiet)["status"] == "finished"
    found = weights(part)
    assert all(torch.equal(value, found[name]) for name, value in expected.items())
    pd.testing.assert_frame_equal(scores, read_scores(part.folder).drop(columns="seconds"), check_exact=True)


def test_the_whole_study_is_one_row_for_its_parts(few_shot: Study, tmp_path: Path) -> None:
    plan = Plan.of(few_shot, tmp_path / "runs")
    plan.write()
    results = execute(plan, list(reversed(plan.runs)), "cpu", 2)
    assert {result["status"] for _, result in results} == {"finished"}
    found = collect(plan.folder)
    rows = found.primary.set_index("variant")
    assert list(rows.index) == ["uniform", "parent", "restarted", "few-shot"]
    assert list(rows["updates"]) == [20, 10, 20, 20]
    assert list(rows["n"]) == [30] * 4
    assert list(rows["missing"]) == [0] * 4
    points = found.points[found.points["variant"] == "few-shot"].set_index("arch")["score"]
    parts = [run for run in plan.runs if run.variant.part_of]
    for run in parts:
        own = read_scores(run.folder)
        own = own[own["measure"] == "batch"].set_index("arch")["score"]
        assert list(points[own.index]) == list(own)
    parent = found.points[found.points["variant"] == "parent"].set_index("arch")["score"]
    assert not points.equals(parent[points.index])
    # A part of which nothing was scored is not in the set that the whole is evaluated on, whose name says so.
    kept = (parts[0].folder / "scores.parquet").read_bytes()
    lacking = read_scores(parts[0].folder)
    sealed.write(lacking[:0], parts[0].folder / "scores.parquet", parts[0].run_id)
    row = collect(plan.folder).primary.set_index("variant").loc["few-shot"]
    left = 30 - lacking["arch"].nunique()
    assert (row["n"], row["missing"], row["set"]) == (left, 0, f"{left} of 30, of no declared sample")
    (parts[0].folder / "scores.parquet").write_bytes(kept)
    # One part is not there: the row has no number, and says what it waits for.
    (parts[2].folder / "result.json").unlink()
    broken = json.loads((parts[3].folder / "result.json").read_text()) | {
        "status": "failed",
        "reason": "no memory",
    }
    result_file.write(parts[3].folder, broken)
    runs = collect(plan.folder).runs
    row = runs[runs["variant"] == "few-shot"].iloc[0]
    assert (row["state"], len(runs[runs["variant"] == "few-shot"])) == ("failed", 1)
    assert row["reason"] == (
        "2 of 5 parts: few-shot, nor_conv_1x1: not run yet; few-shot, nor_conv_3x3: no memory"
    )
    assert pd.isna(row["tau_b"])
