"""Networks against published numbers, and against a second implementation with the same weights."""

from __future__ import annotations

import csv
import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from naive import Naive
from tiny import SIZES, SPACES, config, images, randomise, supernet
from torch import Tensor, nn

from supernet.network import NODE_REDUCTIONS, Network, NetworkConfig, StandAlone, Supernet, cut_out, seeded
from supernet.operations import batch_norms
from supernet.spaces import Architecture, Blox, Cell, NasBench201, Size, Space, get_space
from supernet.spaces import Path as CellPath

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
CONV1, CONV3 = 2, 3
BLOX_BLOCKS = [
    # Every connectivity with operations that differ where they can, ST1 both ways, ST6 both ways.
    *[
        (0, 1, *flags)
        for flags in ((1, 0, 0), (1, 1, 0), (1, 0, 1), (1, 1, 1), (0, 1, 1), (0, 1, 0), (0, 0, 1))
    ],
    *[
        (2, 0, *flags)
        for flags in ((1, 0, 0), (1, 1, 0), (1, 0, 1), (1, 1, 1), (0, 1, 1), (0, 1, 0), (0, 0, 1))
    ],
    *[
        (1, 2, *flags)
        for flags in ((1, 0, 0), (1, 1, 0), (1, 0, 1), (1, 1, 1), (0, 1, 1), (0, 1, 0), (0, 0, 1))
    ],
]
NB201_CELLS = [
    *[(operation,) * 6 for operation in range(1, 5)],
    (0, 3, 2, 1, 4, 3),
    (3, 2, 1, 0, 4, 2),
    (2, 0, 0, 4, 1, 0),  # node 2 is dead
    (0, 0, 3, 1, 2, 3),  # node 1 is zero and feeds both others
    (0, 0, 4, 0, 3, 0),  # disconnected, with a convolution of zero
    (4, 1, 3, 2, 0, 1),
    (0, 0, 0, 0, 0, 0),
]


def naive_of(network: Network, statistics: str) -> Naive:
    """The second implementation on the network's own tensors."""
    settings = network.config
    return Naive(
        dict(network.named_parameters()) | dict(network.named_buffers()),
        settings.space.name,
        settings.size.stages,
        settings.size.cells_per_stage,
        settings.size.reduction,
        settings.linear_transformers,
        settings.node_reduction,
        statistics,
    )


def set_statistics(network: Network, mode: str) -> None:
    """mode: 'train' (batch statistics, which update the running ones), 'batch' or 'running'."""
    network.train(mode == "train")
    for norm in batch_norms(network):
        norm.batch_statistics = mode == "batch"


def paths_of(space: Space, size: Size) -> list[CellPath]:
    """Paths that together have every operation on every edge and every connectivity type, shared and unshared."""
    total = size.stages * size.cells_per_stage
    if space.name == "nasbench201":
        cells, first, step = NB201_CELLS, len(NB201_CELLS), 3
    else:
        cells, first, step = BLOX_BLOCKS, 7, 7  # seven connectivities by three pairs of operations
    unshared = [tuple(cells[(i + step * j) % len(cells)] for j in range(total)) for i in range(first)]
    return [*unshared, *[(cells[i],) * total for i in (3, 6)]]


# Counts


@pytest.mark.parametrize("reduction", ["official", "light"])
@pytest.mark.parametrize("space_name", SPACES)
def test_parameter_count_is_the_space_s_cost(space_name: str, reduction: str) -> None:
    space = get_space(space_name)
    sizes = [
        Size(channels=2, stages=3, cells_per_stage=2, image_channels=1, image_size=8, reduction=reduction),
        Size(channels=6, stages=3, cells_per_stage=1, image_size=16, classes=7, reduction=reduction),
    ]
    if space.parts == 1:
        sizes.append(Size(channels=5, stages=1, cells_per_stage=3, image_size=5, reduction=reduction))
    for size, architecture in itertools.product(sizes, space.sample(25, 0)):
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
    for cell in [*itertools.islice(space.enumerate(), 0, None, 2_000), (3,) * 6, (0, 0, 0, 0, 0, 0)]:
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
    for architecture in space.sample(8, 1):
        with torch.device("meta"):
            network = StandAlone(NetworkConfig(space=space, size=size, affine=True), architecture)
            with counted(network) as count:
                network(torch.empty(2, size.image_channels, size.image_size, size.image_size))
        assert count["macs"] == space.cost(architecture, size).macs


# Blox's published probe

# A few of the 45 models that have the same block in every stage, by block (O0, O1, previous, input, skip):
# the logit, and the mean of each stage's output.
PROBES = {
    (0, 0, 1, 0, 0): (6.0955812152477336, 0.6314550871639291, 1.9387472113458593),
    (0, 2, 0, 1, 0): (23118775.94178642, 172.05283720537565, 84092.27585720034),
    (2, 1, 1, 1, 0): (3395386772.1055484, 937.478257447694, 2457661.093041264),
    (1, 0, 1, 0, 1): (5034.988987116654, 7.050231694479507, 215.48475097230374),
    (2, 0, 0, 1, 1): (23654612.85938517, 173.05151918297315, 85213.37304550274),
    (0, 1, 1, 1, 1): (7719.963814247398, 8.657803622030602, 296.20190815260503),
}


def probe(architecture: Architecture) -> tuple[Tensor, list[float]]:
    """Logits and per-stage means with weights that do not depend on any order (float64, evaluation mode)."""
    space = Blox()
    network = StandAlone(NetworkConfig(space=space, size=space.published, affine=True), architecture)
    network = network.double().eval()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
            nn.init.constant_(module.bias, 0.05)
        elif isinstance(module, nn.BatchNorm2d):
            for tensor, value in (
                (module.weight, 1.1),
                (module.bias, -0.02),
                (module.running_mean, 0.1),
                (module.running_var, 0.9),
            ):
                nn.init.constant_(tensor, value)
        elif isinstance(module, nn.Linear):
            nn.init.constant_(module.weight, 1 / module.in_features)
            nn.init.zeros_(module.bias)
    position = torch.arange(3 * 32 * 32).view(1, 3, 32, 32)
    x = (position * 37 % 101).double() / 101
    with torch.no_grad():
        features = network.features(x, network.path)
        assert [tuple(feature.shape[1:]) for feature in features] == [(64, 16, 16), (128, 8, 8), (256, 4, 4)]
        return network(x)[0], [float(feature.mean()) for feature in features]


@pytest.mark.parametrize("block", PROBES)
def test_blox_probe_gives_the_published_values(block: Cell) -> None:
    logits, means = probe(block * 3)
    logit, *stages = PROBES[block]
    assert logits.tolist() == pytest.approx([logit] * 100, rel=1e-9)
    assert means == pytest.approx([*stages, logit], rel=1e-9)


def test_blox_probe_gives_the_published_values_of_all_uniform_models(reference_data: Path) -> None:
    with open(reference_data / "blox" / "uniform_models.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 45
    for row in rows:
        logits, means = probe(tuple(int(number) for number in row["arch_vec_flat"].split()))
        assert logits.tolist() == pytest.approx([float(row["probe_logit"])] * 100, rel=1e-9)
        published = [float(row[f"probe_mean_stage{stage}"]) for stage in range(3)]
        assert means == pytest.approx(published, rel=1e-9)


# A path of the supernet, the network cut out of it, and the second implementation

# Half of all combinations, chosen so that every pair of settings occurs together.
NETWORKS = [
    (name, transformers, node_reduction, reduction, affine)
    for name in SPACES
    for transformers in get_space(name).linear_transformers
    for node_reduction in NODE_REDUCTIONS
    for reduction in ("official", "light")
    for affine in (False, True)
    if ((transformers == "skip") + (node_reduction == "mean") + (reduction == "light") + affine) % 2 == 0
]


def a_supernet(name: str, transformers: str, node_reduction: str, reduction: str, affine: bool) -> Supernet:
    size = Size(
        channels=2,
        stages=3,
        cells_per_stage=1,
        image_channels=2,
        image_size=8,
        classes=3,
        reduction=reduction,
    )
    network = supernet(
        name, size=size, linear_transformers=transformers, node_reduction=node_reduction, affine=affine
    ).double()
    randomise(network)
    return network


@pytest.mark.parametrize("options", NETWORKS, ids=lambda options: "-".join(map(str, options)))
def test_path_cut_out_and_naive_network_agree(options: tuple[Any, ...]) -> None:
    network = a_supernet(*options)
    x = images(network.config.size, 3)
    for path, mode in itertools.product(
        paths_of(network.config.space, network.config.size), ("batch", "running")
    ):
        alone = cut_out(network, path)
        set_statistics(network, mode)
        set_statistics(alone, mode)
        with torch.no_grad():
            expected = naive_of(network, mode)(x, path)
            out = network(x, path)
            assert torch.equal(out, alone(x)), (path, mode)
        torch.testing.assert_close(out, expected, rtol=1e-8, atol=1e-8, msg=f"{path} {mode}")


@pytest.mark.parametrize("options", NETWORKS, ids=lambda options: "-".join(map(str, options)))
def test_gradients_and_running_statistics_are_those_of_the_naive_network(options: tuple[Any, ...]) -> None:
    network = a_supernet(*options).train()
    parameters = dict(network.named_parameters())
    x = images(network.config.size, 4)
    labels = torch.tensor([0, 1, 2, 0])
    for path in paths_of(network.config.space, network.config.size)[::2]:
        second = naive_of(network, "batch")
        # 'out' first: it moves the running statistics, which a training pass does not read.
        before = {name: buffer.clone() for name, buffer in network.named_buffers()}
        losses = [
            nn.functional.cross_entropy(logits, labels) for logits in (network(x, path), second(x, path))
        ]
        ours, theirs = (torch.autograd.grad(loss, parameters.values(), allow_unused=True) for loss in losses)
        for name, one, other in zip(parameters, ours, theirs, strict=True):
            zero = torch.zeros_like(parameters[name])
            torch.testing.assert_close(
                zero if one is None else one,
                zero if other is None else other,
                rtol=1e-6,
                atol=1e-8,
                msg=f"{path} {name}",
            )
        # Every BN that the pass computed moved by a tenth towards its batch; the others not at all.
        alive = network_norms_computed(network, x, path)
        for name, buffer in network.named_buffers():
            owner, _, kind = name.rpartition(".")
            if kind == "num_batches_tracked":
                continue
            if owner in alive:
                target = second.observed[owner][kind == "running_var"]
                torch.testing.assert_close(buffer, 0.9 * before[name] + 0.1 * target, rtol=1e-8, atol=1e-10)
            else:
                assert torch.equal(buffer, before[name]), name


def network_norms_computed(network: Supernet, x: Tensor, path: CellPath) -> set[str]:
    """Names of the BN modules that a forward pass calls (without touching their statistics)."""
    called: set[str] = set()
    hooks = [
        module.register_forward_hook(lambda *_, name=name: called.add(name))
        for name, module in network.named_modules()
        if isinstance(module, nn.BatchNorm2d)
    ]
    kept = {name: buffer.clone() for name, buffer in network.named_buffers()}
    with torch.no_grad():
        network(x, path)
    for hook in hooks:
        hook.remove()
    network.load_state_dict(kept, strict=False)
    return called


@pytest.mark.parametrize("name", SPACES)
def test_a_gradient_reaches_just_the_operations_of_the_path(name: str) -> None:
    network = supernet(name, size=SIZES[name])
    space = network.config.space
    for path in paths_of(space, SIZES[name]):
        network.zero_grad(set_to_none=True)
        network(images(SIZES[name], 4, dtype=torch.float32), path).sum().backward()
        chosen = set()
        for index, cell in enumerate(path):
            places = (
                [("edges", str(edge), operation) for edge, operation in enumerate(cell)]
                if name == "nasbench201"
                else [("first", cell[0]), ("second", cell[1])]
            )
            for *place, operation in places:
                chosen.add(".".join(("cells", str(index), *place, space.operations[operation])))
        for key, parameter in network.named_parameters():
            if key.startswith("cells.") and parameter.grad is not None:
                assert any(key.startswith(f"{choice}.") for choice in chosen), (path, key)


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
@hypothesis_settings(max_examples=300)
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


@pytest.mark.parametrize(
    ("name", "architecture"),
    [
        ("nasbench201", (0, 0, 0, 0, 0, 0)),
        ("nasbench201", (3, 3, 3, 0, 0, 0)),
        ("nasbench201", (0, 0, 3, 0, 3, 3)),
        ("blox", (0, 1, 0, 0, 0) * 3),
        ("blox", (0, 1, 1, 1, 1) * 2 + (2, 2, 0, 0, 0)),
    ],
)
@pytest.mark.parametrize("mode", ["train", "batch", "running"])
def test_logits_of_a_disconnected_architecture_do_not_depend_on_the_input(
    name: str, architecture: Architecture, mode: str
) -> None:
    for affine in (False, True):
        network = supernet(name, affine=affine)
        randomise(network)
        assert not network.config.space.is_valid(architecture)
        set_statistics(network, mode)
        with torch.no_grad():
            one, other = (
                network(images(SIZES[name], 3, seed, torch.float32), architecture) for seed in (0, 1)
            )
        assert torch.equal(one, other)
        assert torch.equal(one[0], one[1])


# Building


@pytest.mark.parametrize("name", SPACES)
def test_a_masked_supernet_holds_only_allowed_operations(name: str) -> None:
    space = get_space(name, ("nor_conv_3x3", "avg_pool_3x3") if name == "nasbench201" else ("bconv",))
    network = supernet(space)
    names = {part for key in network.state_dict() for part in key.split(".")}
    assert names.isdisjoint(space.mask)
    assert names.intersection(space.operations)
    for architecture in space.sample(5, 0):
        assert network(images(SIZES[name], 2, dtype=torch.float32), architecture).shape == (2, 10)


def test_each_cell_of_a_path_takes_its_own_choice() -> None:
    """Not all the first cell's: a mistake that published code has made."""
    network = supernet("nasbench201").double().train()
    rng = random.Random(0)
    x = images(SIZES["nasbench201"])
    for _ in range(20):
        first, other = (tuple(rng.choices(range(1, 5), k=6)) for _ in range(2))
        expected = naive_of(network, "batch")(x, (first, other))
        torch.testing.assert_close(network(x, (first, other)), expected)
        if first != other:
            assert not torch.allclose(network(x, (first, other)), network(x, (first, first)))


@pytest.mark.parametrize("name", SPACES)
def test_the_seed_decides_the_weights_and_leaves_the_global_generator_alone(name: str) -> None:
    before = torch.get_rng_state()
    one, same, other = (supernet(name, seed).state_dict() for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not torch.equal(one["stem.0.weight"], other["stem.0.weight"])
    alone = seeded(StandAlone, config(name), get_space(name).sample(1, 0)[0], seed=0)
    assert torch.equal(torch.get_rng_state(), before)
    assert isinstance(alone, StandAlone)


@pytest.mark.parametrize("name", SPACES)
def test_every_tensor_has_one_name(name: str) -> None:
    """Weights go from network to network by name: a second name could mean another tensor there."""
    for network in (supernet(name, affine=True), cut_out(supernet(name), get_space(name).sample(1, 0)[0])):
        tensors = [tensor for tensor in network.state_dict().values() if tensor.numel()]
        assert len({tensor.data_ptr() for tensor in tensors}) == len(tensors)


def test_cutting_out_copies_the_weights() -> None:
    network = supernet("nasbench201")
    alone = cut_out(network, (3,) * 6)
    kept = network.state_dict()["stem.0.weight"].clone()
    alone.stem[0].weight.data.zero_()
    assert torch.equal(network.state_dict()["stem.0.weight"], kept)
    assert alone.training == network.training
    assert not cut_out(network.eval(), (3,) * 6).training


@pytest.mark.parametrize(
    ("space", "options", "message"),
    [
        (
            "blox",
            {"linear_transformers": "skip+pool"},
            r"linear_transformers: 'skip\+pool' is not one of none, skip",
        ),
        (
            "nasbench201",
            {"linear_transformers": "all"},
            "linear_transformers: 'all' is not one of none, skip, skip",
        ),
        ("nasbench201", {"node_reduction": "max"}, "node_reduction: 'max' is not one of sum, mean"),
        ("blox", {"size": Size(channels=4, stages=2, cells_per_stage=1)}, "stages: 2 is not 3"),
        (
            "blox",
            {"size": Size(channels=4, stages=3, cells_per_stage=1, image_size=12)},
            "image_size: 12 cannot be halved 3 times; use a multiple of 8",
        ),
        (
            "nasbench201",
            {"size": Size(channels=4, stages=3, cells_per_stage=1, image_size=6)},
            "image_size: 6 cannot be halved 2 times; use a multiple of 4",
        ),
    ],
)
def test_an_impossible_network_is_refused_with_what_is_allowed(
    space: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        config(space, **options)


def test_a_path_of_the_wrong_length_is_refused() -> None:
    network = supernet("nasbench201")
    with pytest.raises(ValueError, match="path: 3 cells given, 2 needed"):
        network(images(SIZES["nasbench201"], dtype=torch.float32), ((3,) * 6,) * 3)
