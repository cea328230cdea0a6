"""Variants, runs and their ids, parts of a grid, and the set of architectures that is scored."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.store.scored import ScoredSet
from analysis.store.study import load_study
from studies.estimators import estimators
from studies.estimators.short_training import ShortTraining
from studies.model.study import Study
from studies.model.variant import Variant
from studies.running.plan import Plan
from supernet.spaces import get_space


def test_run_ids_differ_by_everything_that_training_depends_on_and_by_nothing_else(tiny: Study) -> None:
    variant = tiny.variants[0]
    changed = [
        variant.changed(mask=("none",)),
        variant.changed(affine=True),
        variant.changed(linear_transformers="skip"),
        variant.changed(node_reduction="mean"),
        variant.changed(evaluation_noise=0.1),
        variant.changed(size=replace(variant.size, channels=5)),
        variant.changed(training=replace(variant.estimator.training, lr=0.06)),
        variant.changed(
            training=replace(
                variant.estimator.training,
                augmentation=replace(variant.estimator.training.augmentation, shift=2),
            ),
        ),
        variant.changed(sampling=replace(variant.estimator.sampling, kind="balanced")),
    ]
    ids = [v.run_id(0) for v in [variant, *changed]] + [variant.run_id(1)]
    assert len(set(ids)) == len(ids)
    assert variant.changed(data=replace(variant.data, valid_subset=100)).run_id(0) not in ids
    assert (
        "valid_subset" not in variant.config(0)["data"]
    )  # a run made before there was this setting is found again
    same = variant.changed(name="other", bn_modes=("running",), expected_seconds=3.0)
    assert same.run_id(0) == variant.run_id(0)


def test_the_order_in_which_a_mask_is_given_does_not_matter(tiny: Study) -> None:
    variant = tiny.variants[0]
    one, two = (variant.changed(mask=mask) for mask in (("none", "skip_connect"), ("skip_connect", "none")))
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
        tiny.variants[0].changed(mask=("pool",))
    with pytest.raises(ValueError, match="bn_mode: 'moving' is not one of"):
        tiny.variants[0].changed(bn_modes=("moving",))


def test_scored_sets_leave_out_masked_architectures_before_taking_the_top() -> None:
    space = get_space("nasbench201", ("none",))
    architectures = get_space("nasbench201").sample(200, seed=1)
    truth = range(200, 0, -1)
    inside = [a for a in architectures if 0 not in a]
    assert ScoredSet().choose(architectures, truth, space) == inside
    assert ScoredSet(top=7).choose(architectures, truth, space) == inside[:7]
    drawn = ScoredSet(top=7, random=20).choose(architectures, truth, space)
    assert set(inside[:7]) <= set(drawn) <= set(inside)
    assert 20 <= len(set(drawn)) == len(drawn) <= 27


def test_ties_go_by_the_order_of_the_table_and_a_missing_truth_is_nobodys_top() -> None:
    space = get_space("nasbench201")
    architectures = space.sample(4, seed=1)
    truth = [5.0, float("nan"), 7.0, 7.0]
    assert ScoredSet(top=1).choose(architectures, truth, space) == [architectures[2]]
    assert len(ScoredSet(top=4).choose(architectures, truth, space)) == 3


def test_the_sample_of_the_whole_table_is_what_it_was_and_samples_of_subsets_are_nested() -> None:
    scored, everything = ScoredSet(random=100), np.ones(1000, dtype=bool)
    whole = scored.sample(everything)
    assert whole == sorted(random.Random(0).sample(range(1000), 100))
    wide, narrow = np.arange(1000) % 3 > 0, np.arange(1000) % 6 == 1
    samples = [set(scored.sample(subset)) for subset in (everything, wide, narrow)]
    for subset, sample in zip((everything, wide, narrow), samples, strict=True):
        assert len(sample) == 100
        assert subset[sorted(sample)].all()
    for subset, larger, smaller in (
        (wide, samples[0], samples[1]),
        (narrow, samples[0], samples[2]),
        (narrow, samples[1], samples[2]),
    ):
        assert {row for row in larger if subset[row]} <= smaller
    assert scored.sample(np.arange(1000) < 100) == list(range(100))


def test_what_is_drawn_of_a_subset_is_a_uniform_sample_of_it() -> None:
    """Each of its rows as often as any other, whether or not the whole table's sample has it."""
    subset = np.arange(40) < 20
    counts = np.zeros(40)
    for seed in range(2000):
        counts[ScoredSet(random=5, random_seed=seed).sample(subset)] += 1
    assert counts[20:].sum() == 0
    # 500 +- 19 expected; five standard deviations
    assert np.abs(counts[:20] - 500).max() < 100


def test_a_supernet_that_is_judged_under_more_masks_scores_what_those_trained_with_them_do() -> None:
    architectures = get_space("nasbench201").sample(300, seed=1)
    truth = np.random.default_rng(0).uniform(size=300)
    scored = ScoredSet(top=7, random=20)
    spaces = [get_space("nasbench201", mask) for mask in ((), ("none",), ("none", "avg_pool_3x3"))]
    separate = [scored.choose(architectures, truth, space) for space in spaces]
    together = scored.choose(architectures, truth, *spaces)
    assert len(together) == len(set(together))
    assert set(together) == set().union(*separate)


def test_evaluation_masks_leave_out_more_and_are_no_part_of_the_run(tiny: Study) -> None:
    plain = tiny.variants[0]
    variant = replace(plain, evaluation_masks=(("avg_pool_3x3",), ("none", "avg_pool_3x3")))
    assert variant.run_id(0) == plain.run_id(0)
    masks = [space.mask for space in variant.evaluation_spaces]
    assert masks == [("avg_pool_3x3",), ("none", "avg_pool_3x3")]
    masked = replace(plain, mask=("none",), evaluation_masks=(("avg_pool_3x3",),))
    assert masked.evaluation_spaces == (get_space("nasbench201", ("none", "avg_pool_3x3")),)
    assert masked.trained_under(masked.evaluation_spaces[0]) == replace(plain, mask=("none", "avg_pool_3x3"))
    for mask, problem in (
        ((("none",),), "leaves out nothing that the training's mask"),
        (((),), "leaves out nothing"),
        ((("skip_connect",), ("none", "skip_connect")), "the same subset twice"),
        ((("pool",),), "mask: 'pool' is not one of none"),
    ):
        with pytest.raises(ValueError, match=problem):
            replace(masked, evaluation_masks=mask)


def test_the_kind_of_each_ranking_is_in_the_studys_file(tiny: Study, tmp_path: Path) -> None:
    variant = tiny.variants[0]
    cost = Variant(
        name="cost",
        space=variant.space,
        size=variant.size,
        data=variant.data,
        estimator=estimators()["cost"](),
    )
    tuned = replace(
        cost, name="tuned", estimator=ShortTraining(start="supernet", score_by=("sotl",)), parent=variant
    )
    plan = Plan.of(replace(tiny, variants=(variant, cost, tuned), seeds=(0,)), tmp_path)
    plan.write()
    runs = load_study(plan.folder).runs
    assert [run.kind for run in runs] == ["one-shot", "cost", "cost", "short-training-from-supernet"]
