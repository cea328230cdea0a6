"""Networks against published numbers, and against a second implementation with the same weights."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
import torch
from naive import KNOWN
from tiny import (
    BLOX_BLOCKS,
    SIZES,
    SPACES,
    config,
    images,
    naive_of,
    one_masked,
    randomise,
    reductions,
    set_statistics,
    supernet,
)
from torch import Tensor, nn

from supernet.network import NODE_REDUCTIONS, StandAlone, Supernet, cut_out, seeded
from supernet.operations import Conv2d
from supernet.spaces import Architecture, Size, Space, get_space
from supernet.spaces import Path as CellPath
from supernet.training.sampling import Sampler, SamplingConfig

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


def paths_of(space: Space, size: Size) -> list[CellPath]:
    """Paths that together have every operation on every edge and every connectivity type, shared and unshared."""
    total = len(space.stages(size))
    if space.name not in ("nasbench201", "blox"):
        samplers = [
            Sampler(SamplingConfig(kind="fair", share_topology=s), space, size, 0) for s in (False, True)
        ]
        return [sampler.next() for sampler in samplers for _ in range(2 * sampler.group_size)]
    if space.name == "nasbench201":
        cells, first, step = NB201_CELLS, len(NB201_CELLS), 3
    else:
        cells, first, step = BLOX_BLOCKS, 7, 7  # seven connectivities by three pairs of operations
    unshared = [tuple(cells[(i + step * j) % len(cells)] for j in range(total)) for i in range(first)]
    return [*unshared, *[(cells[i],) * total for i in (3, 6)]]


# A path of the supernet, the network cut out of it, and the second implementation

# Six combinations a space, chosen so that every pair of settings occurs together.
CHOSEN = [(0, 0, 0, 0), (0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 0), (2, 0, 1, 0), (2, 1, 0, 1)]
NETWORKS = [
    (name, kinds[kind % len(kinds)], NODE_REDUCTIONS[reduce], ways[light % len(ways)], bool(affine))
    for name in KNOWN
    for kinds, ways in [(get_space(name).linear_transformers, reductions(name))]
    for kind, reduce, light, affine in CHOSEN
]


def a_supernet(name: str, transformers: str, node_reduction: str, reduction: str, affine: bool) -> Supernet:
    settings = {"channels": 2, "stages": 3, "cells_per_stage": 1, "image_channels": 2, "image_size": 8}
    size = Size(**settings, classes=3, reduction=reduction)
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
            places: Any = {
                "nasbench201": [("edges", str(edge), operation) for edge, operation in enumerate(cell)],
                "blox": list(zip(("first", "second"), cell[:2], strict=False)),
            }.get(name, [("choices", operation) for operation in cell])
            for *place, operation in places:
                chosen.add(".".join(("cells", str(index), *place, space.operations[operation])))
        for key, parameter in network.named_parameters():
            if key.startswith("cells.") and parameter.grad is not None:
                assert any(key.startswith(f"{choice}.") for choice in chosen), (path, key)


# Disconnected architectures


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
    space = get_space(name, ("nor_conv_3x3", "avg_pool_3x3") if name == "nasbench201" else one_masked(name))
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
        ("blox", {"linear_transformers": "skip+pool"}, r"'skip\+pool' is not one of none, skip"),
        ("nasbench201", {"linear_transformers": "all"}, "'all' is not one of none, skip, skip"),
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


@pytest.mark.parametrize(
    ("channels", "kernel", "bias"), [(5, 1, False), (5, 1, True), (3, 3, False), (1, 3, True)]
)
def test_a_convolution_as_a_matrix_product_is_the_convolution(channels: int, kernel: int, bias: bool) -> None:
    """The form that a GPU computes, with its gradients; on a CPU, in double precision."""
    layer = Conv2d(channels, 4, kernel, padding=kernel // 2, bias=bias).double()
    shape, generator = (3, channels, 6, 5), torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator, dtype=torch.float64).contiguous(
        memory_format=torch.channels_last
    )
    gradient = torch.randn(3, 4, 6, 5, generator=generator, dtype=torch.float64)
    inputs = [x.requires_grad_(), *layer.parameters()]
    product = layer.as_product(x)
    assert product is not None
    assert product.is_contiguous(memory_format=torch.channels_last)
    expected = torch.nn.functional.conv2d(x, layer.weight, layer.bias, padding=kernel // 2)
    torch.testing.assert_close(product, expected, rtol=1e-12, atol=1e-12)
    pairs = zip(*(torch.autograd.grad(out, inputs, gradient) for out in (product, expected)), strict=True)
    for ours, theirs in pairs:
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    assert layer.as_product(x.contiguous()) is None or channels == 1
