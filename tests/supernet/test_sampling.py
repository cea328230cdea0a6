"""Samplers: strict fairness as a property, distributions by chi-square with fixed seeds, state as any other."""

from __future__ import annotations

import itertools
import math
import tempfile
from collections import Counter
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import SIZES, SPACES, architectures, assert_same, one_masked, trainer

from studies.estimators.one_shot import OneShot
from studies.model.variant import Variant
from supernet.data import DataConfig
from supernet.scoring.scorer import Scorer
from supernet.spaces import Size, Space, get_space
from supernet.spaces.blox.blocks import OPERATIONS as BLOX_OPERATIONS
from supernet.spaces.blox.blocks import TYPES
from supernet.spaces.blox.space import Blox
from supernet.spaces.nasbench201.graph import EDGES, function_code
from supernet.spaces.nasbench201.graph import OPERATIONS as NB201_OPERATIONS
from supernet.spaces.nasbench201.space import NasBench201
from supernet.spaces.space import LISTED
from supernet.training import checkpoint
from supernet.training.config import TrainingConfig
from supernet.training.sampling import BATCHES, GRADIENTS, KINDS, Sampler, SamplingConfig

LARGE = SIZES | {"nasbench201": Size(channels=4, stages=3, cells_per_stage=2)}

EVERY = [(name, kind) for name in SPACES for kind in KINDS if name == "nasbench201" or kind not in LISTED]
nb201_masks = st.sets(st.sampled_from(NB201_OPERATIONS), max_size=4)
blox_masks = st.tuples(
    st.sets(st.sampled_from(BLOX_OPERATIONS), max_size=2), st.sets(st.sampled_from(TYPES), max_size=5)
).map(lambda masks: masks[0] | masks[1])
spaces = st.one_of(
    nb201_masks.map(lambda mask: get_space("nasbench201", mask)),
    blox_masks.map(lambda mask: get_space("blox", mask)),
    *(
        st.sets(st.sampled_from(get_space(name).operations), max_size=1).map(
            lambda mask, name=name: get_space(name, mask)
        )
        for name in SPACES
    ),
)
seeds = st.integers(0, 2**32 - 1)


def sampler(space: Space, seed: int = 0, size: Size | None = None, **options: Any) -> Sampler:
    return Sampler(SamplingConfig(**options), space, size or LARGE[space.name], seed)


def assert_uniform(draws: Iterable[Hashable], support: Iterable[Hashable]) -> None:
    """Chi-square within five standard deviations of its mean (seeds are fixed: the outcome is always the same)."""
    counts, support = Counter(draws), set(support)
    assert set(counts) <= support
    expected = counts.total() / len(support)
    assert expected >= 20, "too few draws for a chi-square test"
    chi2 = sum((counts[value] - expected) ** 2 / expected for value in support)
    freedom = len(support) - 1
    assert abs(chi2 - freedom) <= 5 * math.sqrt(2 * freedom) + 1e-9


# Strict fairness


@given(
    space=spaces, seed=seeds, share=st.sampled_from([None, True, "stage", False]), groups=st.integers(1, 4)
)
@settings(max_examples=150)
def test_each_choice_point_uses_each_allowed_operation_once_a_group(
    space: Space, seed: int, share: bool | str | None, groups: int
) -> None:
    drawn = sampler(space, seed, kind="fair", share_topology=share)
    allowed = sorted(space.allowed_operations)
    assert drawn.group_size == len(allowed)
    choice_points = {"nasbench201": range(6), "blox": range(2)}.get(space.name, range(1))
    for _ in range(groups):
        group = []
        for position in range(len(allowed)):
            group.append(drawn.next())
            assert drawn.group_done == (position == len(allowed) - 1)
        for cell in range(len(group[0])):
            for point in choice_points:
                assert sorted(path[cell][point] for path in group) == allowed
        # No path is dropped or altered because it is disconnected, and none is masked.
        if space.name == "blox":
            assert all(space.is_valid(sum(path, ())) for path in group)
            assert all(space.in_mask(sum(path, ())) for path in group)


@pytest.mark.parametrize("mask", [(), ("nor_conv_1x1", "avg_pool_3x3", "none")])
def test_fair_permutations_of_the_choice_points_are_independent(mask: tuple[str, ...]) -> None:
    """Any two edges, of one cell or of different cells, pair their operations uniformly."""
    space = NasBench201(mask)
    drawn = sampler(space, 1, kind="fair", share_topology=False)
    paths = [drawn.next() for _ in range(4000)]
    pairs = set(itertools.product(space.allowed_operations, repeat=2))
    for (cell, edge), (other_cell, other_edge) in [((0, 0), (0, 1)), ((0, 2), (0, 5)), ((0, 3), (4, 3))]:
        assert_uniform(
            [(path[cell][edge], path[other_cell][other_edge]) for path in paths[:: drawn.group_size]], pairs
        )


def test_each_group_has_new_permutations() -> None:
    """Not the same paths for a whole epoch: a mistake that published code has made."""
    drawn = sampler(NasBench201(), kind="fair")
    groups = {tuple(drawn.next() for _ in range(5)) for _ in range(200)}
    assert len(groups) == 200


def test_blox_s_fair_draws_are_uniform_over_the_distinct_blocks() -> None:
    space = Blox()
    drawn = sampler(space, 3, kind="fair")
    paths = [drawn.next() for _ in range(4500)]
    blocks = set(space.allowed_blocks)
    for stage in range(3):
        assert_uniform([space.canonical(path[stage]) for path in paths], blocks)


# Uniform


def test_uniform_draws_are_uniform_over_all_cells() -> None:
    space = NasBench201(("none", "skip_connect", "avg_pool_3x3"))
    drawn = sampler(space, 5)
    cells = list(space.enumerate())
    assert len(cells) == 64
    assert_uniform([drawn.next()[0] for _ in range(6400)], cells)


def test_uniform_draws_of_each_edge_are_uniform() -> None:
    drawn = sampler(NasBench201(), 6)
    paths = [drawn.next() for _ in range(2000)]
    for edge in range(6):
        assert_uniform([path[0][edge] for path in paths], range(5))


def test_uniform_draws_of_blox_are_uniform_over_the_45_blocks_of_each_stage() -> None:
    drawn = sampler(Blox(), 7)
    paths = [drawn.next() for _ in range(4500)]
    for stage in range(3):
        assert_uniform([path[stage] for path in paths], Blox().allowed_blocks)


# Shared or not


@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_shared_topology_is_one_cell_everywhere(name: str, kind: str) -> None:
    drawn = sampler(get_space(name), kind=kind, share_topology=True)
    for _ in range(50):
        path = drawn.next()
        assert len(path) == len(get_space(name).stages(LARGE[name]))
        assert len(set(path)) == 1


@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_unshared_cells_are_independent(name: str, kind: str) -> None:
    if kind == "balanced":
        # Its levels are tied together by their total; within a level the cells still are independent.
        mask = {"nasbench201": ("none", "nor_conv_1x1", "nor_conv_3x3"), "blox": ("ST1",)}
        space = get_space(name, mask.get(name, get_space(name).operations[:1]))
    else:
        space = get_space(
            name, ("none", "skip_connect", "avg_pool_3x3") if name == "nasbench201" else one_masked(name)
        )
    drawn = sampler(space, 8, kind=kind, share_topology=False)
    paths = [drawn.next() for _ in range(6000)][:: drawn.group_size]
    point = 1 if name == "blox" else 0
    first, third = ([path[cell][point] for path in paths] for cell in (0, 2))
    joint, ones, threes = Counter(zip(first, third, strict=True)), Counter(first), Counter(third)
    chi2 = 0.0
    for one, three in itertools.product(ones, threes):
        expected = ones[one] * threes[three] / len(paths)
        chi2 += (joint[one, three] - expected) ** 2 / expected
    freedom = (len(ones) - 1) * (len(threes) - 1)
    assert freedom > 0
    assert chi2 <= freedom + 5 * math.sqrt(2 * freedom)


@pytest.mark.parametrize("name", SPACES)
def test_sharing_is_the_benchmark_s_unless_told(name: str) -> None:
    drawn = sampler(get_space(name))
    distinct = {len(set(drawn.next())) for _ in range(100)}
    assert (distinct == {1}) == (name == "nasbench201")


# Balanced


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("name", SPACES)
def test_balanced_draws_are_even_over_the_number_of_operations_and_connected(name: str, share: bool) -> None:
    space = get_space(name)
    drawn = sampler(space, 9, kind="balanced", share_topology=share)
    totals, used = [], 1 if share else len(drawn.next())
    for _ in range(3000):
        path = drawn.next()
        for cell in path[:used]:
            assert space.is_valid(cell * space.parts)
        if name == "nasbench201":
            totals.append(sum(operation in (2, 3) for cell in path[:used] for operation in cell))
        elif name == "blox":
            totals.append(sum(1 + (sum(cell[2:]) > 1 or cell[2] == 1) for cell in path[:used]))
        else:  # a layer is the identity or not
            totals.append(sum(cell != (0,) for cell in path[:used]))
    low, high = {"nasbench201": (0, 6), "blox": (1, 2)}.get(name, (0, 1))
    assert_uniform(totals, range(low * used, high * used + 1))


def test_balanced_draws_are_uniform_within_a_total() -> None:
    """Small enough to enumerate: two cells of 64, then the 4,096 pairs by their number of convolutions."""
    space = NasBench201(("none", "nor_conv_1x1", "avg_pool_3x3"))
    size = Size(channels=4, stages=2, cells_per_stage=1)
    drawn = sampler(space, 10, size, kind="balanced", share_topology=False)
    pairs: dict[int, set[Any]] = {}
    for pair in itertools.product(space.enumerate(), repeat=2):
        pairs.setdefault(sum(cell.count(3) for cell in pair), set()).add(pair)
    # The numbers of ways that it weighs its choices with, exactly.
    assert drawn.draws.ways[-1] == {total: len(group) for total, group in pairs.items()}
    draws: dict[int, list[Any]] = {}
    for _ in range(26_000):
        path = drawn.next()
        draws.setdefault(sum(cell.count(3) for cell in path), []).append(path)
    for total in (0, 1, 2, 10, 11, 12):  # those with few enough pairs for a chi-square test
        if len(pairs[total]) == 1:
            assert set(draws[total]) == pairs[total]
        else:
            assert_uniform(draws[total], pairs[total])
    for total, group in draws.items():
        assert set(group) <= pairs[total]
        # How the total splits between the two cells: as among all pairs.
        for k in range(7):
            share = sum(pair[0].count(3) == k for pair in pairs[total]) / len(pairs[total])
            found = sum(pair[0].count(3) == k for pair in group) / len(group)
            assert abs(found - share) <= 5 * math.sqrt(share * (1 - share) / len(group)) + 1e-12


# State


# No trash, de-isomorphism


def has_path(cell: tuple[int, ...]) -> bool:
    """Whether an edge that is not `none` leads on from each node reached, from 0 to 3."""
    reached = {0}
    for (source, target), operation in zip(EDGES, cell, strict=True):
        if operation != 0 and source in reached:
            reached.add(target)
    return 3 in reached


def test_no_trash_is_uniform_over_the_cells_with_a_path() -> None:
    assert len(NasBench201().listed_cells("no-trash")) == 15_284  # of Dong & Yang's 15,625
    space = NasBench201(("nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"))
    drawn = sampler(space, 3, kind="no-trash")
    assert_uniform(
        (drawn.next()[0] for _ in range(3000)), filter(has_path, itertools.product((0, 1), repeat=6))
    )


def test_de_isomorphism_is_uniform_over_the_benchmarks_distinct_functions() -> None:
    """6,466 of them, as published; each stands for its function as the first of the official order."""
    space = NasBench201()
    cells = space.listed_cells("de-isomorphism")
    assert len(cells) == len({function_code(cell) for cell in cells}) == 6_466
    assert all(space.canonical(cell) == cell for cell in cells)
    masked = NasBench201(("nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"))
    drawn = sampler(masked, 4, kind="de-isomorphism")
    codes = {function_code(cell) for cell in itertools.product((0, 1), repeat=6)}
    assert_uniform((function_code(drawn.next()[0]) for _ in range(3000)), codes)


@pytest.mark.parametrize("kind", LISTED)
def test_samplings_that_a_space_does_not_have_are_refused(kind: str) -> None:
    with pytest.raises(ValueError, match=f"kind: '{kind}' is of NAS-Bench-201; uniform sampling of Blox"):
        sampler(get_space("blox"), kind=kind)
    data = DataConfig(name="digits")
    with pytest.raises(ValueError, match=f"kind: '{kind}' is of NAS-Bench-201"):
        Variant(
            name="v", space="blox", size=SIZES["blox"], data=data,
            estimator=OneShot(training=TrainingConfig(epochs=1), sampling=SamplingConfig(kind=kind)),
        )  # fmt: skip


@given(
    space=spaces,
    kind=st.sampled_from(list(KINDS)),
    share=st.booleans(),
    before=st.integers(0, 12),
    seed=seeds,
)
@settings(max_examples=60)
def test_a_saved_sampler_goes_on_where_it_was(
    space: Space, kind: str, share: bool, before: int, seed: int
) -> None:
    if kind == "balanced" and not any(space.cells_by_nonlinear_operations().values()):
        return
    if kind in LISTED and (space.name != "nasbench201" or not any(map(space.is_valid, space.enumerate()))):
        return
    drawn = sampler(space, seed, kind=kind, share_topology=share)
    for _ in range(before):
        drawn.next()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sampler.pt"
        checkpoint.save(drawn.state_dict(), path)
        state = checkpoint.load(path)
    other = sampler(space, seed + 1, kind=kind, share_topology=share)
    other.next()
    other.load_state_dict(state)
    assert [other.next() for _ in range(15)] == [drawn.next() for _ in range(15)]


def test_a_saved_state_does_not_move_with_the_sampler() -> None:
    drawn = sampler(NasBench201(), kind="fair")
    drawn.next()
    state = drawn.state_dict()
    following = [drawn.next() for _ in range(10)]
    drawn.load_state_dict(state)
    assert [drawn.next() for _ in range(10)] == following


def test_samplers_leave_the_global_generators_alone() -> None:
    import random

    before, torch_before = random.getstate(), torch.get_rng_state()
    for name, kind in EVERY:
        sampler(get_space(name), kind=kind).next()
    assert random.getstate() == before
    assert torch.equal(torch.get_rng_state(), torch_before)


@pytest.mark.parametrize("bn_mode", ["batch", "running", "recalibrate-1", "reset-recalibrate-2"])
@pytest.mark.parametrize("name", SPACES)
def test_scoring_moves_no_random_stream(name: str, bn_mode: str) -> None:
    running = trainer(name, sampling={"kind": "fair"}, training={"epochs": 1})
    running.run()
    assert running.sampler is not None
    before = (running.sampler.state_dict(), running.generator.get_state(), torch.get_rng_state())
    scorer = Scorer(running.model, running.data, running.data.valid, bn_mode, batch_size=20, noise=0.3)
    assert len(list(scorer(architectures(running.sampler.space, 4)))) == 4
    assert_same(before, (running.sampler.state_dict(), running.generator.get_state(), torch.get_rng_state()))


# Configuration


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "random"}, "kind: 'random' is not one of uniform, fair, balanced"),
        ({"kind": "fair", "batches": "other"}, "batches: 'other' is not one of consecutive, same"),
        ({"kind": "fair", "gradients": "max"}, "gradients: 'max' is not one of sum, mean, parameter_mean"),
        ({"kind": "uniform", "batches": "same"}, "kind: 'uniform' takes no 'batches' or 'gradients'"),
        ({"kind": "balanced", "gradients": "mean"}, "kind: 'balanced' takes no 'batches' or 'gradients'"),
    ],
)
def test_an_impossible_sampling_is_refused_with_what_is_allowed(
    options: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        SamplingConfig(**options)


def test_every_combination_of_fair_options_is_allowed() -> None:
    for batches, gradients in itertools.product(BATCHES, GRADIENTS):
        SamplingConfig(kind="fair", batches=batches, gradients=gradients)


def test_a_uniform_group_is_one_path() -> None:
    """Strictly fair groups: above; the published numbers of updates that they make: test_training.py."""
    uniform = sampler(NasBench201(), 0, SIZES["nasbench201"])
    uniform.next()
    assert uniform.group_done
