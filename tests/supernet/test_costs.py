"""Parameters and arithmetic of networks against published numbers; what is dead is not computed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tiny import BLOX_BLOCKS, SIZES, SPACES, images, reductions, set_statistics, supernet
from torch import Tensor, nn

from supernet.network import NetworkConfig, StandAlone, Supernet
from supernet.spaces import Cell, Size, get_space
from supernet.spaces.blox.space import Blox
from supernet.spaces.nasbench201.space import NasBench201

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
CONV1, CONV3 = 2, 3


@pytest.mark.parametrize(
    ("space_name", "reduction"), [(name, kind) for name in SPACES for kind in reductions(name)]
)
def test_parameter_count_is_the_space_s_cost(space_name: str, reduction: str) -> None:
    space = get_space(space_name)
    sizes = [
        Size(channels=2, stages=3, cells_per_stage=2, image_channels=1, image_size=8, reduction=reduction),
        Size(channels=6, stages=3, cells_per_stage=1, image_size=16, classes=7, reduction=reduction),
    ]
    if space.parts > 3:  # layers of their own, not cells that are repeated
        sizes = sizes[1:]
    if space.parts == 1:
        sizes.append(Size(channels=5, stages=1, cells_per_stage=3, image_size=5, reduction=reduction))
    for size, architecture in itertools.product(sizes, space.sample(12, 0)):
        with torch.device("meta"):
            network = StandAlone(NetworkConfig(space=space, size=size, affine=True), architecture)
        assert network.num_parameters() == space.cost(architecture, size).params


def test_parameter_count_is_nasbench201_s_formula_at_the_published_size() -> None:
    space = NasBench201()
    for cell in [*itertools.islice(space.enumerate(), 0, None, 400), (0,) * 6]:
        with torch.device("meta"):
            network = StandAlone(NetworkConfig(space=space, size=space.published, affine=True), cell)
        params = 73_306 + 243_040 * cell.count(CONV3) + 28_000 * cell.count(CONV1)
        assert network.num_parameters() == params == space.cost(cell).params


def test_parameter_count_is_blox_s_table_at_the_published_size() -> None:
    space = Blox()
    costs = [  # of conv, mbconv, bconv in each stage
        (37_248, 58_176, 21_856),
        (148_224, 231_040, 72_384),
        (591_360, 920_832, 259_456),
    ]
    for architecture in itertools.islice(space.enumerate(), 0, None, 2_503):
        params = 1_363_940
        for stage, (o0, o1, previous, direct, skip) in enumerate(space.cells_of(architecture)):
            params += costs[stage][o0] * bool(previous or skip) + costs[stage][o1] * bool(previous or direct)
        with torch.device("meta"):
            network = StandAlone(NetworkConfig(space=space, size=space.published, affine=True), architecture)
        assert network.num_parameters() == params == space.cost(architecture).params


@contextmanager
def counted(modules: nn.Module) -> Iterator[dict[str, int]]:
    """Calls of convolutions, and multiply-accumulates of convolutions and linear layers for one image."""
    count = {"convolutions": 0, "macs": 0}

    def count_call(module: nn.Module, _: Any, out: Tensor) -> None:
        if isinstance(module, nn.Conv2d):
            count["convolutions"] += 1
            each = module.in_channels // module.groups * module.kernel_size[0] * module.kernel_size[1]
        else:
            assert isinstance(module, nn.Linear)
            each = module.in_features
        count["macs"] += out[0].numel() * each

    layers = [module for module in modules.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
    hooks = [layer.register_forward_hook(count_call) for layer in layers]
    try:
        yield count
    finally:
        for hook in hooks:
            hook.remove()


def open_edges(cell: Cell, from_input: bool) -> set[int]:
    """Edges on a way without 'none' to the output: from the input, or from any node."""
    found = set()
    for node in (0,) if from_input else (0, 1, 2):
        for length in (1, 2, 3):
            for way in itertools.product(range(6), repeat=length):
                ends = [EDGES[edge] for edge in way]
                joined = all(a[1] == b[0] for a, b in itertools.pairwise(ends))
                if joined and ends[0][0] == node and ends[-1][1] == 3 and all(cell[edge] for edge in way):
                    found |= set(way)
    return found


@pytest.mark.parametrize("size", [None, Size(channels=3, stages=2, cells_per_stage=2, image_size=8)])
def test_macs_of_a_nasbench201_forward_pass_are_the_space_s_cost_less_its_dead_edges(
    size: Size | None,
) -> None:
    space = NasBench201()
    size = size or space.published
    for cell in [*itertools.islice(space.enumerate(), 0, None, 4_000), (3,) * 6, (0, 0, 0, 0, 0, 0)]:
        live = open_edges(cell, from_input=False)
        without_dead = tuple(operation if edge in live else 0 for edge, operation in enumerate(cell))
        with torch.device("meta"):
            network = StandAlone(NetworkConfig(space=space, size=size, affine=True), cell)
            with counted(network) as count:
                network(torch.empty(2, size.image_channels, size.image_size, size.image_size))
        assert count["macs"] == space.cost(without_dead, size).macs


@pytest.mark.parametrize("reduction", ["official", "light"])
@pytest.mark.parametrize("size", [None, Size(channels=4, stages=3, cells_per_stage=2, image_size=16)])
def test_macs_of_a_blox_forward_pass_are_the_space_s_cost(size: Size | None, reduction: str) -> None:
    space = Blox()
    size = size or Size(channels=32, stages=3, cells_per_stage=1, classes=100, reduction=reduction)
    for architecture in space.sample(3, 1):
        with torch.device("meta"):
            network = StandAlone(NetworkConfig(space=space, size=size, affine=True), architecture)
            with counted(network) as count:
                network(torch.empty(2, size.image_channels, size.image_size, size.image_size))
        assert count["macs"] == space.cost(architecture, size).macs


# What is not computed


@pytest.fixture(scope="module")
def one_cell() -> Callable[[bool], Supernet]:
    size = Size(channels=1, stages=1, cells_per_stage=1, image_channels=1, image_size=2)
    networks = {affine: supernet("nasbench201", size=size, affine=affine) for affine in (False, True)}
    return lambda affine: networks[affine]


@given(
    cell=st.tuples(*[st.integers(0, 4)] * 6),
    mode=st.sampled_from(["train", "batch", "running"]),
    affine=st.booleans(),
)
@hypothesis_settings(max_examples=150)
def test_dead_edges_of_nasbench201_cost_no_convolution(
    one_cell: Callable[[bool], Supernet], cell: Cell, mode: str, affine: bool
) -> None:
    # Without affine BN and with batch statistics a zero node stays zero: edges out of it are dead, too.
    keeps_zero = mode != "running" and not affine
    live = open_edges(cell, from_input=False)
    if keeps_zero:
        reached = {0}
        for edge, (source, target) in enumerate(EDGES):
            if cell[edge] and source in reached:
                reached.add(target)
        live = {edge for edge in live if EDGES[edge][0] in reached}
    network = one_cell(affine)
    set_statistics(network, mode)
    with counted(network.cells) as count, torch.no_grad():
        network(images(network.config.size, 2, dtype=torch.float32), cell)
    assert count["convolutions"] == sum(cell[edge] in (CONV1, CONV3) for edge in live)


@pytest.mark.parametrize("block", BLOX_BLOCKS)
def test_a_dead_operation_of_blox_costs_no_convolution(block: Cell) -> None:
    network = supernet("blox")
    o0, o1, previous, direct, skip = block
    each = (4, 2 * 4, 6 * 3)  # convolutions of conv, mbconv (two of them in squeeze-and-excite), bconv
    expected = each[o0] * bool(previous or skip) + each[o1] * bool(previous or direct)
    with counted(network.cells) as count, torch.no_grad():
        network(images(SIZES["blox"], 2, dtype=torch.float32), block * 3)
    assert count["convolutions"] == 3 * expected
