"""The engine against one forward pass after the other; its independence of order, subset and memory; its plan."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from tiny import SIZES, digits, supernet, trained
from torch import Tensor, nn

from supernet.network import Supernet, cut_out
from supernet.operations import AveragePool3x3
from supernet.scoring import BnMode, Score
from supernet.scoring.plan import Planner, Workload
from supernet.scoring.programs import Choice
from supernet.scoring.scorer import Scorer
from supernet.spaces import Architecture, Path, Size, get_space
from supernet.spaces.blox import blocks as blox

DEEP = Size(channels=2, stages=2, cells_per_stage=2, image_channels=1, image_size=8, reduction="official")
OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("nasbench201", {}),
    ("nasbench201", {"affine": True, "size": DEEP}),
    ("nasbench201", {"linear_transformers": "skip+pool", "node_reduction": "mean"}),
    ("blox", {}),
    ("blox", {"linear_transformers": "skip", "node_reduction": "mean", "affine": True}),
    ("macro", {"linear_transformers": "skip", "affine": True}),
]


def random_choices(network: Supernet, count: int, seed: int = 0) -> list[Choice]:
    """Architectures (some twice) and, for NAS-Bench-201, paths of different cells with common beginnings."""
    space, rng = network.config.space, random.Random(seed)
    drawn: list[Choice] = [a for a in space.sample(count, seed) if space.is_valid(a)]
    if space.name == "nasbench201":
        # Cells that differ where they do nothing, and cells with zero nodes.
        drawn += [(1, 0, 0, 3, 4, 2), (1, 0, 4, 3, 4, 0), (0, 0, 3, 1, 2, 3), (3, 0, 0, 1, 4, 2)]
        few = space.sample(3, 1)
        drawn += [tuple(rng.choice(few) for _ in network.cells) for _ in range(count // 2)]
    elif space.name == "blox":
        few = rng.sample(blox.BLOCKS, 3)
        drawn += [sum((rng.choice(few) for _ in range(3)), ()) for _ in range(count // 2)]
    return drawn + drawn[:2]


def scores(network: Supernet, mode: str, choices: list[Choice], **options: Any) -> list[Score]:
    data = digits()
    return list(Scorer(network, data, data.valid, mode, **{"batch_size": 15, **options})(choices))


def bits(scored: list[Score]) -> Counter[tuple[Any, ...]]:
    return Counter((s.architecture, s.score, s.loss, s.status) for s in scored)


@pytest.mark.parametrize("mode", ["batch", "running"])
@pytest.mark.parametrize(("name", "options"), OPTIONS, ids=str)
def test_scores_are_those_of_one_forward_pass_after_the_other(
    name: str, options: dict[str, Any], mode: str
) -> None:
    """In double precision, so that only another function could make a difference. (Recalibration is compared with
    the second implementation where all modes are.)"""
    network = trained(name, **options).double().eval()
    data = digits()
    scorer = Scorer(network, data, data.valid, mode, batch_size=15)
    scorer.batches = [(images.double(), labels) for images, labels in scorer.batches]
    for norm in scorer.engine.norms:
        norm.batch_statistics = mode == "batch"
    expected = {}
    choices = random_choices(network, 20)
    with torch.no_grad():
        for choice in choices:
            losses = [
                F.cross_entropy(network(x, canonical(network, choice)), y, reduction="sum")
                for x, y in scorer.batches
            ]
            expected[choice] = float(sum(losses)) / 40
    found = list(scorer(choices))
    assert Counter(s.architecture for s in found) == Counter(choices)
    for s in found:
        # Sums in another order, which BN of nearly constant features makes larger; losses in single precision.
        assert s.loss == pytest.approx(expected[s.architecture], rel=1e-6)


def canonical(network: Supernet, choice: Choice) -> Architecture | Path:
    nested = isinstance(choice[0], tuple)
    return choice if nested else network.config.space.supernet_form(choice)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "options", "mode"),
    [
        *((*OPTIONS[0], mode) for mode in ("running", "reset-recalibrate-2")),
        *((*OPTIONS[1], mode) for mode in ("batch", "recalibrate-2")),
        (*OPTIONS[3], "batch"),
        (*OPTIONS[4], "recalibrate-2"),
        (*OPTIONS[5], "batch"),
    ],
    ids=str,
)
def test_bits_depend_on_nothing_but_the_architecture(name: str, options: dict[str, Any], mode: str) -> None:
    """Not on order, subset, repetitions, memory, chunks or shards: nor does a score differ from its own alone."""
    network = trained(name, **options)
    choices = random_choices(network, 8)
    whole = bits(scores(network, mode, choices))
    assert sum(whole.values()) == len(choices)
    shuffled = random.Random(3).sample(choices, len(choices))
    assert bits(scores(network, mode, shuffled, budget=1)) == whole
    assert bits(scores(network, mode, shuffled, budget=None, chunk=3)) == whole
    assert bits(scores(network, mode, choices, budget=60_000, chunk=7)) == whole
    data = digits()
    planner = Scorer(network, data, data.valid, mode, batch_size=15).planner
    shards = planner.shards(choices, 3)
    assert sum((bits(scores(network, mode, shard)) for shard in shards), Counter()) == whole
    for choice in choices[:4]:
        (alone,) = scores(network, mode, [choice])
        assert (choice, alone.score, alone.loss, alone.status) in whole


def test_equal_functions_have_equal_bits() -> None:
    """Skip chains, order of edges, dead edges: one evaluation; with linear transformers they are not the same."""
    one, other = (1, 0, 0, 3, 4, 2), (1, 0, 4, 3, 4, 0)  # node 2 zero; node 2 made but not used
    chain = [(1, 0, 0, 0, 1, 0), (0, 1, 0, 0, 0, 1), (0, 0, 0, 1, 0, 0)]
    network = trained("nasbench201")
    assert len({s.loss for s in scores(network, "batch", [one, other])}) == 1
    assert len({s.loss for s in scores(network, "batch", chain)}) == 1
    assert len({s.loss for s in scores(network, "running", chain)}) == 1
    network = trained("nasbench201", linear_transformers="skip")
    assert len({s.loss for s in scores(network, "batch", chain)}) == 3
    network = trained("nasbench201", node_reduction="mean")
    assert len({s.loss for s in scores(network, "batch", chain)}) == 2  # x/3, x/6 and x/3, though BN scales


# The plan


class Counted:
    """Counts what a network's modules really do: candidate operations, and multiply-accumulates by their weights."""

    def __init__(self, network: Supernet, monkeypatch: pytest.MonkeyPatch) -> None:
        self.operations = self.macs = self.images = 0
        for layer in network.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                layer.register_forward_hook(self.layer)
        for name, module in network.named_modules():
            parts = name.split(".")
            if candidate(parts):
                module.register_forward_pre_hook(self.operation)
        forward = AveragePool3x3.forward

        def counted(module: AveragePool3x3, x: Tensor) -> Tensor:
            self.operations += 1
            return forward(module, x)

        monkeypatch.setattr(AveragePool3x3, "forward", counted)

    def layer(self, layer: nn.Module, _: object, out: Tensor) -> None:
        assert isinstance(layer.weight, Tensor)
        self.macs += layer.weight[0].numel() * out.numel()

    def operation(self, *_: object) -> None:
        self.operations += 1


def candidate(parts: list[str]) -> bool:
    """Whether a module is an operation with weights on an edge: 'cells.0.edges.1.nor_conv_3x3',
    'cells.0.edges.1.avg_pool_3x3.1' (a transformer), 'cells.0.first.conv' or 'cells.0.skip_edge'."""
    if parts[0] != "cells" or parts[-1] == "0":
        return False
    if parts[2:3] == ["edges"]:
        return (
            len(parts) == (6 if parts[-1] == "1" and "pool" in parts[-2] else 5) and "pool" not in parts[-1]
        )
    return len(parts) == 4 if parts[2:3] in (["first"], ["second"]) else parts[-1].endswith("_edge")


@pytest.mark.parametrize("limits", [{}, {"budget": 1}, {"budget": 40_000, "chunk": 5}], ids=str)
@pytest.mark.parametrize(
    ("name", "options", "mode"),
    [(*OPTIONS[0], "recalibrate-2"), (*OPTIONS[1], "batch"), (*OPTIONS[2], "batch"), (*OPTIONS[4], "batch")],
    ids=str,
)
def test_the_plan_is_what_the_engine_does(
    name: str, options: dict[str, Any], mode: str, limits: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = trained(name, **options)
    choices = random_choices(network, 12)
    data = digits()
    scorer = Scorer(network, data, data.valid, mode, batch_size=15, **limits)
    plan = scorer.plan(choices)
    counted = Counted(network, monkeypatch)
    assert len(list(scorer(choices))) == len(choices)
    assert (plan.operations, plan.macs) == (counted.operations, counted.macs)
    assert plan.macs <= plan.naive_macs
    assert sum(chunk.macs for chunk in plan.chunks) == plan.macs


@pytest.mark.parametrize("name", ["nasbench201", "blox"])
def test_naive_counts_are_the_published_costs(name: str) -> None:
    space = get_space(name)
    network = supernet(name, size=space.published)
    planner = Planner(network.config, Workload(mode=BnMode("batch"), batches=(3, 2)))
    which = space.sample(20, 0)
    assert planner.plan(which).naive_macs == 5 * sum(space.cost(a).macs for a in which)
    assert planner.plan([]).macs == 0


def test_blox_shares_stages_and_the_operations_inside_them() -> None:
    """With all three operations 24 evaluations give the 45 blocks of an input; here with two operations 12."""
    space = get_space("blox", ("mbconv",))
    planner = Planner(supernet(space).config, Workload(mode=BnMode("batch"), budget=None, chunk=10**9))
    blocks = len(space.allowed_blocks)
    plan = planner.plan(space.enumerate())
    assert plan.functions == blocks**3
    # O0(x) and O1(x): 2 x 2; O1(O0(x)) and O1(O0(x) + x): 2 x 4.
    assert plan.operations == (4 + 8) * (1 + blocks + blocks**2)
    live = sum(len(blox.live_operations(block)) for block in space.allowed_blocks)
    assert plan.naive_operations == 3 * live * blocks**2


def test_first_cells_of_nasbench201_need_174_convolutions() -> None:
    planner = Planner(
        supernet("nasbench201", size=Size(channels=16, stages=3, cells_per_stage=1)).config,
        Workload(mode=BnMode("batch"), budget=None, chunk=10**9),
    )
    plan = planner.plan(get_space("nasbench201").enumerate())  # takes a few seconds
    (chunk,) = plan.chunks
    walked = planner.walk(chunk.functions).instructions()
    first = Counter(
        i.name.split(".")[3] for i in walked if i.name.startswith("cells.0.edges.") and not i.again
    )
    # Node 1 has four values that are not zero: the input, two convolutions and a pooling of it. Node 2: see below.
    one = 4
    second = {(a, b) for a in range(5) for b in range(16)}  # what edge (0, 2) brings, what edge (1, 2) brings
    two = len(second) - 3 - 1  # input and pooling are the same from both: three sums twice; one sum is zero
    assert first == {"0": 2, "1": 2, "3": 2, "2": 2 * one, "4": 2 * one, "5": 2 * two}
    assert sum(first.values()) == 174
    assert (plan.architectures, plan.functions) == (15_625, 7810)
    assert plan.naive_macs / plan.macs == pytest.approx(2.31, abs=0.01)


@pytest.mark.parametrize("name", ["nasbench201", "blox"])
def test_memory_is_bounded_by_the_budget_and_one_cell(name: str) -> None:
    space = get_space(name)
    config = supernet(name).config
    feature = 4 * SIZES[name].channels * 64 * 10
    which = space.sample(300, 0)
    unbounded = Planner(config, Workload(mode=BnMode("batch"), batches=(10,), budget=None)).plan(which)
    assert unbounded.peak_bytes > 20 * feature
    bounded = Planner(config, Workload(mode=BnMode("batch"), batches=(10,), budget=15 * feature)).plan(which)
    assert bounded.peak_bytes <= 15 * feature
    assert bounded.macs < 1.3 * unbounded.macs


def test_shards_are_nearly_equal_in_cost_and_together_everything() -> None:
    space = get_space("nasbench201")
    planner = Planner(supernet("nasbench201").config, Workload(mode=BnMode("batch")))
    which = random.Random(0).sample(list(space.enumerate()), 2000)
    shards = planner.shards(which, 4)
    assert sorted(a for shard in shards for a in shard) == sorted(which)
    costs = [planner.plan(shard).macs for shard in shards]
    assert max(costs) < 1.1 * min(costs)
    assert sum(costs) < 1.05 * planner.plan(which).macs
    with pytest.raises(ValueError, match="shards: 0 is not a positive integer"):
        planner.shards(which, 0)


# As scores come


def test_scores_come_chunk_by_chunk_and_an_interrupt_loses_one_chunk() -> None:
    network = trained("nasbench201")
    data, which = digits(), get_space("nasbench201").sample(12, 0)
    calls, shares, got = 0, [], []

    def fail(*_: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 8 * 3 + 1:  # three batches for each of the first eight functions
            raise KeyboardInterrupt

    network.head.register_forward_pre_hook(fail)
    scorer = Scorer(network, data, data.valid, "batch", batch_size=15, chunk=4)
    with pytest.raises(KeyboardInterrupt):
        got.extend(scorer(which, shares.append))
    assert len(got) == 8
    assert len(shares) == 2
    assert 0 < shares[0] < shares[1] < 1
    calls = 100
    rest = list(scorer([a for a in which if a not in {s.architecture for s in got}]))
    assert bits(got + rest) == bits(scores(network, "batch", which))


def test_seconds_add_up_to_the_time_that_scoring_took() -> None:
    import time

    begin = time.perf_counter()
    found = scores(trained("blox"), "batch", random_choices(trained("blox"), 20))
    assert 0 < sum(s.seconds for s in found) < time.perf_counter() - begin
    assert all(s.seconds > 0 for s in found)


def test_what_does_not_fit_is_refused_before_anything_is_computed() -> None:
    network = trained("nasbench201")
    cell = (3, 3, 3, 3, 3, 3)
    data = digits()
    scorer = Scorer(network, data, data.valid, "batch")
    with pytest.raises(ValueError, match="path: 3 cells given, 2 needed"):
        next(scorer([cell, (cell, cell, cell)]))
    masked = trained(get_space("nasbench201", ("none",)))
    with pytest.raises(ValueError, match="uses what is masked: none"):
        next(Scorer(masked, data, data.valid, "batch")([cell, (0, *cell[1:])]))
    alone = cut_out(network, cell)
    with pytest.raises(ValueError, match="the only one of this stand-alone network"):
        next(Scorer(alone, data, data.valid, "batch")([(cell, (2, *cell[1:]))]))
