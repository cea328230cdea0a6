"""synflow against exact arithmetic, its conservation law, and sizes at which doubles overflow."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from small_networks import BLOX, CHAIN, CONV, MIXED, NETWORKS, small_network
from torch import Tensor, nn

from studies.estimators.proxies.data_free import synflow, synflow_bn
from studies.estimators.proxies.forward import weighted_layers
from supernet.network import StandAlone
from supernet.operations import batch_norms
from supernet.spaces.nasbench201.graph import EDGES, OPERATIONS

Array = Any  # a numpy array of fractions


def flowing(network: StandAlone) -> tuple[Tensor, list[nn.Module], list[Tensor]]:
    """R, the layers and each layer's sum of w dR/dw: straight from the definition, BN left out by hooks."""
    flow = copy.deepcopy(network)
    for parameter in flow.parameters():
        parameter.data.abs_()
    for norm in batch_norms(flow):
        norm.register_forward_hook(lambda module, inputs, output: inputs[0])
    size, layers = network.config.size, weighted_layers(flow)
    ones = torch.ones(2, 3, size.image_size, size.image_size, dtype=torch.float64)[:1]
    total = flow.eval()(ones).sum()
    gradients = torch.autograd.grad(total, [layer.weight for layer in layers])
    sums = [(layer.weight * g).sum() for layer, g in zip(layers, gradients, strict=True)]
    return total.detach(), layers, [value.detach() for value in sums]


@pytest.mark.parametrize(("space", "architecture"), NETWORKS)
def test_is_the_definition(space: str, architecture: tuple[int, ...]) -> None:
    network = small_network(space, architecture)
    expected = math.log10(sum(map(float, flowing(network)[2])))
    assert synflow(network) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("architecture", [CONV, MIXED, CHAIN])
def test_what_enters_leaves(architecture: tuple[int, ...]) -> None:
    """Without BN the stem's and the linear layer's sums are R less the biases."""
    network = small_network("nasbench201", architecture)
    total, _, sums = flowing(network)
    expected = float(total) - float(network.head[-1].bias.detach().abs().sum())  # type: ignore[union-attr, operator]
    assert float(sums[0]) == pytest.approx(expected, rel=1e-12)
    assert float(sums[-1]) == pytest.approx(expected, rel=1e-12)


def test_in_a_chain_every_layer_holds_the_same() -> None:
    network = small_network("nasbench201", CHAIN, reduction="light")
    total, layers, _ = flowing(network)
    expected = len(layers) * (float(total) - float(network.head[-1].bias.detach().abs().sum()))  # type: ignore[union-attr, operator]
    assert len(layers) == 5  # stem, two cells, reduction, linear layer
    assert synflow(network) == pytest.approx(math.log10(expected), rel=1e-12)


# Exact arithmetic


def exactly(values: Tensor) -> Array:
    return np.vectorize(Fraction, otypes=[object])(values.detach().abs().numpy())


def convolved(x: Array, w: Array) -> Array:
    """(C, H, W) with (D, C, k, k), same padding, stride 1."""
    pad, side = w.shape[2] // 2, x.shape[1]
    wide = np.pad(x, ((0, 0), (pad, pad), (pad, pad)), constant_values=Fraction(0))
    out = np.full((len(w), side, side), Fraction(0), dtype=object)
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            out = out + np.tensordot(w[:, :, i, j], wide[:, i : i + side, j : j + side], 1)
    return out


def pooled(x: Array) -> Array:
    """The mean of the 3x3 neighbours inside the image."""
    side = x.shape[1]
    out = np.empty_like(x)
    for i in range(side):
        for j in range(side):
            near = x[:, max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2]
            out[:, i, j] = near.sum((1, 2)) / Fraction(near.shape[1] * near.shape[2])
    return out


def exact_flow(network: StandAlone, weights: list[Array]) -> Fraction:
    """R of a NAS-Bench-201 network with light reductions and these weights, in the order of its layers. ReLUs change
    nothing, as nothing is negative."""
    size = network.config.size
    stem, *middle = weights[:-1]
    cells = [[m for m in cell.modules() if isinstance(m, nn.Conv2d)] for cell in network.cells]
    by_cell, used = [], 0
    for convolutions in cells:
        by_cell.append(middle[used : used + len(convolutions)])
        used += len(convolutions)
    reductions = middle[used:]
    x = convolved(np.full((3, size.image_size, size.image_size), Fraction(1), dtype=object), stem)
    for index, choice in enumerate(network.path):
        own = iter(by_cell[index])
        nodes = [x] + [x * 0 for _ in range(3)]
        for (source, target), operation in zip(EDGES, choice, strict=True):
            name = OPERATIONS[operation]
            if name == "none":
                continue
            if name.startswith("nor_conv"):
                value = convolved(nodes[source], next(own))
            else:
                value = nodes[source] if name == "skip_connect" else pooled(nodes[source])
            nodes[target] = nodes[target] + value
        x = nodes[3]
        if index < len(reductions):
            halves = (x[:, ::2] + x[:, 1::2])[:, :, ::2] + (x[:, ::2] + x[:, 1::2])[:, :, 1::2]
            x = convolved(halves / Fraction(4), reductions[index])
    mean = x.sum((1, 2)) / Fraction(x.shape[1] * x.shape[2])
    bias = exactly(network.head[-1].bias)  # type: ignore[union-attr, arg-type]
    return (weights[-1] @ mean + bias).sum()


def log10(value: Fraction) -> float:
    return math.log10(value.numerator) - math.log10(value.denominator)


@pytest.mark.parametrize("factor", [0, 400, -400])
def test_exact_also_where_doubles_overflow(factor: int) -> None:
    """R is linear in the weights of each layer, so its sum of w dR/dw is R less R without that layer. With weights of
    2^400 R is about 2^2000, far beyond double precision, with 2^-400 as far below it but for the last bias."""
    network = small_network(
        "nasbench201", (3, 4, 1, 2, 0, 3), channels=2, cells_per_stage=1, image_size=4, reduction="light"
    )
    for layer in weighted_layers(network)[:-1]:
        layer.weight.data.mul_(2.0**factor)
    weights = [exactly(layer.weight) for layer in weighted_layers(network)]
    whole = exact_flow(network, weights)
    without = [exact_flow(network, [*weights[:i], w * 0, *weights[i + 1 :]]) for i, w in enumerate(weights)]
    expected = log10(sum((whole - less for less in without), Fraction(0)))
    assert synflow(network) == pytest.approx(expected, rel=1e-12)
    if factor:
        naive = float(torch.stack(flowing(network)[2]).sum())
        assert naive == 0 or not math.isfinite(naive)


def test_deep_networks_are_finite() -> None:
    """Every cell of weights of 2^40 adds about 40 bits, however many there are."""
    scores = []
    for cells in (25, 50, 75):
        network = small_network("nasbench201", CHAIN, stages=1, cells_per_stage=cells, image_size=4)
        for cell in network.cells:
            for parameter in cell.parameters():
                parameter.data.mul_(2.0**40)
        scores.append(synflow(network))
    assert scores[0] > 308
    assert np.diff(scores) == pytest.approx(25 * (40 * math.log10(2) + math.log10(3)), rel=0.05)


def test_blox_with_64_channels() -> None:
    network = small_network("blox", (2, 1, 1, 1, 1) * 3, channels=64, image_size=8)
    expected = math.log10(sum(map(float, flowing(network)[2])))
    assert synflow(network) == pytest.approx(expected, rel=1e-12)


def test_gates_see_the_true_size_of_what_flows() -> None:
    """Blox's gates are sigmoids: rescaling by 2^600 would change them, were it not undone in front of them."""
    network = small_network("blox", BLOX)
    network.stem[0].weight.data.mul_(2.0**-600)  # type: ignore[union-attr, index, operator]
    expected = math.log10(sum(map(float, flowing(network)[2])))
    assert synflow(network) == pytest.approx(expected, rel=1e-12)


def test_nothing_flows() -> None:
    network = small_network("nasbench201", CHAIN)
    network.stem[0].weight.data.zero_()  # type: ignore[union-attr, index, operator]
    assert synflow(network) == -math.inf


@pytest.mark.parametrize("function", [synflow, synflow_bn])
def test_the_network_stays_as_it_was(function: Callable[[StandAlone], float]) -> None:
    network = small_network("blox", BLOX, image_size=16)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    first = function(network)
    assert math.isfinite(first)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert function(network) == first


def test_with_bn_it_is_the_definition() -> None:
    network = small_network("nasbench201", MIXED)
    flow = copy.deepcopy(network)
    for parameter in flow.parameters():
        parameter.data.abs_()
    weights = [layer.weight for layer in weighted_layers(flow)]
    gradients = torch.autograd.grad(flow(torch.ones(1, 3, 8, 8, dtype=torch.float64)).sum(), weights)
    total = sum(float((w * g).detach().abs().sum()) for w, g in zip(weights, gradients, strict=True))
    assert synflow_bn(network) == pytest.approx(math.log10(total))


def test_with_bn_a_single_pixel_is_not_a_number() -> None:
    """Three halvings of 8x8 leave one value a channel of the one image: no variance."""
    assert math.isnan(synflow_bn(small_network("blox", BLOX, image_size=8)))
