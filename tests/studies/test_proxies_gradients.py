"""grad_norm, snip, plain, fisher and grasp by what they must equal; second derivatives by finite differences."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from small_networks import BLOX, MIXED, NETWORKS, small_batch, small_network
from torch import Tensor, nn

from studies.estimators.proxies.double_backward import Convolution, Normalisation
from studies.estimators.proxies.forward import Forward, forward, weighted_layers
from studies.estimators.proxies.gradients import fisher, grad_norm, grasp, l2_norm, plain, snip
from supernet.network import StandAlone
from supernet.operations import ConvBN, ConvBNReLU, batch_norms

each = pytest.mark.parametrize(("space", "architecture"), NETWORKS)


def passed(network: StandAlone) -> tuple[Forward, list[Tensor]]:
    batch = small_batch()
    found = forward(network, batch.images, batch.labels)
    return found, list(torch.autograd.grad(found.loss, found.weights, create_graph=True))


def number(value: Tensor) -> float:
    return float(value.detach())


@each
def test_gradients_and_grasp_are_those_of_the_network_as_it_is(
    space: str, architecture: tuple[int, ...]
) -> None:
    network, batch = small_network(space, architecture), small_batch()
    found, gradients = passed(network)
    own = grasp(found.weights, gradients)
    weights = [layer.weight for layer in weighted_layers(network)]
    loss = F.cross_entropy(network(batch.images), batch.labels)
    expected = torch.autograd.grad(loss, weights, create_graph=True)
    torch.testing.assert_close(gradients, list(expected))
    norm = sum(number(g.pow(2).sum()) ** 0.5 for g in expected)
    assert number(grad_norm(found.weights, gradients)) == pytest.approx(norm)
    # Hg as the derivative of g . constant, by PyTorch's own rules for convolution and BN.
    curvature = torch.autograd.grad(sum((g * g.detach()).sum() for g in expected), weights)
    terms = torch.stack([-(w * h).sum() for w, h in zip(weights, curvature, strict=True)])
    torch.testing.assert_close(own, terms.detach(), rtol=1e-6, atol=1e-9)


def followed_by_bn(network: StandAlone) -> set[nn.Module]:
    return {m[0] for m in network.modules() if isinstance(m, ConvBN | ConvBNReLU)}


@each
def test_bn_makes_plain_zero_and_grasp_the_squared_gradient_of_a_layer(
    space: str, architecture: tuple[int, ...]
) -> None:
    network = small_network(space, architecture)
    for norm in batch_norms(network):
        norm.eps = 1e-14  # the identities hold up to it
    found, gradients = passed(network)
    curvature = grasp(found.weights, gradients)
    free = []
    normed = followed_by_bn(network)
    for layer, w, g, term in zip(weighted_layers(network), found.weights, gradients, curvature, strict=True):
        if layer in normed:
            assert abs(number((w * g).sum())) < 1e-9 * number(w.norm() * g.norm())
            assert float(term) == pytest.approx(number(g.pow(2).sum()), rel=1e-5)
        else:
            free.append(number((w * g).sum()))
    assert len(free) < len(found.weights)
    assert number(plain(found.weights, gradients)) == pytest.approx(sum(free))
    assert any(abs(value) > 1e-4 for value in free)


@each
def test_snip_is_the_gradient_of_a_mask_of_ones(space: str, architecture: tuple[int, ...]) -> None:
    network, batch = small_network(space, architecture), small_batch()
    found, gradients = passed(network)
    weights = {
        f"{name}.weight": module.weight
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    }
    masks = {name: torch.ones_like(w, requires_grad=True) for name, w in weights.items()}
    masked = {name: w.detach() * masks[name] for name, w in weights.items()}
    logits = torch.func.functional_call(network, masked, (batch.images,))
    of_masks = torch.autograd.grad(F.cross_entropy(logits, batch.labels), list(masks.values()))
    expected = sum(float(g.abs().sum()) for g in of_masks)
    assert number(snip(found.weights, gradients)) == pytest.approx(expected)


@each
def test_fisher_is_the_gradient_of_a_gate_on_every_channel_of_every_image(
    space: str, architecture: tuple[int, ...]
) -> None:
    network, batch = small_network(space, architecture), small_batch()
    found, _ = passed(network)
    of_outputs = torch.autograd.grad(found.loss, found.outputs)
    gates: list[tuple[Tensor, int]] = []

    def gated(layer: nn.Module, inputs: object, output: Tensor) -> Tensor:
        shape = (*output.shape[:2], *[1] * (output.dim() - 2))
        gate = torch.ones(shape, dtype=output.dtype, requires_grad=True)
        gates.append((gate, layer.weight[0].numel()))
        return output * gate

    for layer in weighted_layers(network):
        layer.register_forward_hook(gated)
    loss = F.cross_entropy(network(batch.images), batch.labels)
    of_gates = torch.autograd.grad(loss, [gate for gate, _ in gates])
    expected = sum(n / 2 * float(g.pow(2).mean(0).sum()) for (_, n), g in zip(gates, of_gates, strict=True))
    assert number(fisher(found.weights, found.outputs, of_outputs)) == pytest.approx(expected)


def test_l2_norm_is_of_weights_alone() -> None:
    weights = [torch.tensor([[3.0, -4.0]]), torch.tensor([[2.0]])]
    assert float(l2_norm(weights)) == 7.0


def test_the_pass_leaves_the_network_as_it_was() -> None:
    network, batch = small_network("blox", BLOX), small_batch()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    forward(network, batch.images, batch.labels)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all("forward" not in vars(module) for module in network.modules())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
    assert not batch.images.requires_grad


@pytest.mark.parametrize(("stride", "groups"), [(1, 1), (2, 1), (1, 4)])
def test_second_derivatives_of_a_convolution(stride: int, groups: int) -> None:
    stream = torch.Generator().manual_seed(0)
    x = torch.randn(2, 4, 5, 5, generator=stream, dtype=torch.float64, requires_grad=True)
    w = torch.randn(4, 4 // groups, 3, 3, generator=stream, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(4, generator=stream, dtype=torch.float64, requires_grad=True)

    def convolved(x: Tensor, w: Tensor, bias: Tensor) -> Tensor:
        return Convolution.apply(x, w, bias, ([stride, stride], [1, 1], groups))

    torch.testing.assert_close(convolved(x, w, bias), F.conv2d(x, w, bias, stride, 1, 1, groups))
    assert torch.autograd.gradcheck(convolved, (x, w, bias))
    assert torch.autograd.gradgradcheck(convolved, (x, w, bias))


@pytest.mark.parametrize("affine", [True, False])
def test_second_derivatives_of_batch_normalisation(affine: bool) -> None:
    stream = torch.Generator().manual_seed(0)
    x = torch.randn(3, 2, 3, 3, generator=stream, dtype=torch.float64, requires_grad=True)
    weight, bias = torch.randn(2, 2, generator=stream, dtype=torch.float64) if affine else (None, None)

    def normalised(x: Tensor) -> Tensor:
        return Normalisation.apply(x, weight, bias, 0.1)  # a large eps, so that its terms count

    expected = F.batch_norm(x, None, None, weight, bias, True, 0.0, 0.1)
    torch.testing.assert_close(normalised(x), expected)
    assert torch.autograd.gradcheck(normalised, (x,))
    assert torch.autograd.gradgradcheck(normalised, (x,))


def test_poolings_can_be_differentiated_twice_in_single_precision() -> None:
    batch, exact = small_batch(), passed(small_network("nasbench201", MIXED))
    network = small_network("nasbench201", MIXED).float()
    found = forward(network, batch.images.float(), batch.labels)
    gradients = torch.autograd.grad(found.loss, found.weights, create_graph=True)
    expected = float(grasp(exact[0].weights, exact[1]).sum())
    assert float(grasp(found.weights, gradients).sum()) == pytest.approx(expected, rel=1e-3)
