"""Variants, runs and their ids, parts of a grid, and the set of architectures that is scored."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from analysis.scored import ScoredSet
from studies.study import Study
from supernet.spaces import get_space


def test_run_ids_differ_by_everything_that_training_depends_on_and_by_nothing_else(tiny: Study) -> None:
    variant = tiny.variants[0]
    changed = [
        replace(variant, mask=("none",)),
        replace(variant, affine=True),
        replace(variant, linear_transformers="skip"),
        replace(variant, node_reduction="mean"),
        replace(variant, evaluation_noise=0.1),
        replace(variant, size=replace(variant.size, channels=5)),
        replace(variant, training=replace(variant.training, lr=0.06)),
        replace(
            variant,
            training=replace(variant.training, augmentation=replace(variant.training.augmentation, shift=2)),
        ),
        replace(variant, sampling=replace(variant.sampling, kind="balanced")),
    ]
    ids = [v.run_id(0) for v in [variant, *changed]] + [variant.run_id(1)]
    assert len(set(ids)) == len(ids)
    same = replace(variant, name="other", bn_modes=("running",), expected_seconds=3.0)
    assert same.run_id(0) == variant.run_id(0)


def test_run_ids_are_the_same_in_another_process() -> None:
    code = "from studies import catalog; print(*(v.run_id(0) for v in catalog.get('quickstart').variants))"
    outputs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout for _ in range(2)
    }
    assert len(outputs) == 1


def test_the_order_in_which_a_mask_is_given_does_not_matter(tiny: Study) -> None:
    variant = tiny.variants[0]
    one, two = (replace(variant, mask=mask) for mask in (("none", "skip_connect"), ("skip_connect", "none")))
    assert one.run_id(0) == two.run_id(0)


def test_a_part_of_the_grid_keeps_the_runs_of_the_whole(tiny: Study) -> None:
    whole = {run.folder: run.variant.name for run in tiny.runs(Path("r"))}
    part = list(tiny.only(["fair", "nasbench201/masked"], [1]).runs(Path("r")))
    assert [(run.variant.name, run.seed) for run in part] == [("fair", 1), ("masked", 1)]
    assert all(whole[run.folder] == run.variant.name for run in part)
    assert len(whole) == 6


def test_mistakes_are_named(tiny: Study) -> None:
    with pytest.raises(ValueError, match=r"--only: 'fairr' is not one of .*blox/fair"):
        tiny.only(["fairr"], None)
    with pytest.raises(ValueError, match="nasbench201 uniform occurs twice"):
        replace(tiny, variants=(tiny.variants[0], tiny.variants[0]))
    with pytest.raises(ValueError, match="truth: none given for blox"):
        replace(tiny, truth={"nasbench201": tiny.truth["nasbench201"]})
    with pytest.raises(ValueError, match="mask: 'pool' is not one of none, skip_connect"):
        replace(tiny.variants[0], mask=("pool",))
    with pytest.raises(ValueError, match="bn_mode: 'moving' is not one of"):
        replace(tiny.variants[0], bn_modes=("moving",))


def test_scored_sets_leave_out_masked_architectures_before_taking_the_top() -> None:
    space = get_space("nasbench201", ("none",))
    everything = get_space("nasbench201")
    architectures = everything.sample(200, seed=1)
    table = pd.DataFrame({"arch": [everything.text(a) for a in architectures], "acc": range(200, 0, -1)})
    inside = [a for a in architectures if 0 not in a]
    assert ScoredSet().choose(table, "acc", space) == inside
    assert ScoredSet(top=7).choose(table, "acc", space) == inside[:7]
    drawn = ScoredSet(top=7, random=20).choose(table, "acc", space)
    assert set(inside[:7]) <= set(drawn) <= set(inside)
    assert 20 <= len(set(drawn)) == len(drawn) <= 27


def test_ties_go_by_the_order_of_the_table_and_a_missing_truth_is_nobodys_top() -> None:
    space = get_space("nasbench201")
    texts = [space.text(a) for a in space.sample(4, seed=1)]
    table = pd.DataFrame({"arch": texts, "acc": [5.0, float("nan"), 7.0, 7.0]})
    chosen = ScoredSet(top=1).choose(table, "acc", space)
    assert [space.text(a) for a in chosen] == [texts[2]]
    assert len(ScoredSet(top=4).choose(table, "acc", space)) == 3
