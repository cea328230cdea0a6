"""Proxies that look at no data: synflow, synflow_bn and zen.

synflow: how much flows through a network of positive weights. Source: Tanaka et al., Pruning neural networks without
any data (NeurIPS 2020); as a proxy Abdelfattah et al. (ICLR 2021). Their code sums in single precision, where the best
networks overflow; here it is double, and synflow rescales what goes from cell to cell, so that no depth and no width
overflows.

zen: how far features move when the input does, with what BN takes out of them put back. Source: Lin et al., Zen-NAS
(ICCV 2021), algorithm 1. Its networks are chains, and shortcuts are taken out of them; NAS-Bench-201 and Blox are no
chains, so that here, as others apply it to NAS-Bench-201, the whole network is used.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from contextlib import ExitStack

import torch
from torch import Tensor, nn

from studies.estimators.proxies.forward import Layer, weighted_layers
from supernet.network import StandAlone
from supernet.operations import BatchNorm, batch_norms

PERTURBATION = 0.01  # of zen, in standard deviations of the input
SATURATED = 800.0  # the sigmoid of this is 1 and its slope 0 in double precision


def synflow(network: StandAlone) -> float:
    """log10 of the sum of |w dR/dw| over the weights of convolutions and linear layers, R the sum of the outputs for
    an image of ones, in a copy where every parameter is its absolute value and BN is left out.

    Every layer's sum is the same part of R but for what enters by biases (conservation). -inf if nothing flows."""
    flow = _positive(network)
    _remove_batch_norm(flow)
    scale = Scale()
    with ExitStack() as hooks:
        scale.watch(flow, hooks)
        total = _flow(flow)
    return _log10(total) + scale.exponent * math.log10(2)


def synflow_bn(network: StandAlone) -> float:
    """The same with BN in place, by the statistics of the one image. NaN where BN sees a single value a channel."""
    flow = _positive(network)
    try:
        return _log10(_flow(flow))
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        return float("nan")


class Scale:
    """Powers of two taken out of the activations at the border of every cell: the true ones are 2^exponent larger.

    Without BN everything between input and output is positively homogeneous in the activations and biases together,
    so biases are scaled alike; only a sigmoid needs the true size. Powers of two round nothing, and a constant factor
    of R is the same factor of every w dR/dw."""

    def __init__(self) -> None:
        self.exponent = 0

    def watch(self, network: StandAlone, hooks: ExitStack) -> None:
        for part in (*network.cells, *network.reductions, network.head):
            hooks.enter_context(part.register_forward_pre_hook(self._rescale))
        for module in network.modules():
            if isinstance(module, nn.Sigmoid):
                hooks.enter_context(module.register_forward_pre_hook(self._true_size))
        for layer in weighted_layers(network):
            if layer.bias is not None:
                hooks.enter_context(layer.register_forward_hook(self._bias(layer)))

    def _rescale(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        x, *others = inputs
        exponent = math.frexp(float(x.detach().max()))[1]  # 0 for zeros
        self.exponent += exponent
        return (x * math.ldexp(1.0, -exponent), *others)

    def _true_size(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
        return (inputs[0] * math.ldexp(1.0, min(self.exponent, 1000))).clamp(max=SATURATED)

    def _bias(self, layer: Layer) -> Callable[[nn.Module, object, Tensor], Tensor]:
        """A hook that adds the layer's bias to the scale; the layer loses it."""
        assert layer.bias is not None
        bias, shape = layer.bias.detach(), (1, -1, 1, 1) if isinstance(layer, nn.Conv2d) else (1, -1)
        layer.bias = None

        def add(module: nn.Module, inputs: object, output: Tensor) -> Tensor:
            return output + bias.view(shape) * math.ldexp(1.0, min(-self.exponent, 1000))

        return add


def _positive(network: StandAlone) -> StandAlone:
    """A copy in double precision of which all parameters are absolute values, in training mode."""
    flow = copy.deepcopy(network).double().train()
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.abs_()
    return flow


def _remove_batch_norm(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, BatchNorm):
            setattr(module, name, nn.Identity())
        else:
            _remove_batch_norm(child)


def _flow(flow: StandAlone) -> Tensor:
    """The sum of |w dR/dw|, ()."""
    size, weights = flow.config.size, [layer.weight for layer in weighted_layers(flow)]
    ones = weights[0].new_ones(1, size.image_channels, size.image_size, size.image_size)
    gradients = torch.autograd.grad(flow(ones).sum(), weights)
    return torch.stack([(w * g).abs().sum() for w, g in zip(weights, gradients, strict=True)]).sum().detach()


def _log10(total: Tensor) -> float:
    value = float(total)
    return float("-inf") if value == 0 else math.log10(value) if math.isfinite(value) else value


def zen(network: StandAlone, images: int, seed: int) -> float:
    """log of the mean over images of sum |f(x) - f(x + 0.01 e)|, plus over all BN layers the log of
    sqrt(mean over channels of the variance of what it normalises at x); f: the features before global pooling, x and e:
    standard Gaussian (images, C, H, W), all weights drawn standard Gaussian from `seed`, biases zero."""
    stream = torch.Generator().manual_seed(seed)
    gaussian = copy.deepcopy(network).train()
    device = next(gaussian.parameters()).device
    norms = batch_norms(gaussian)
    size = network.config.size
    shape = (images, size.image_channels, size.image_size, size.image_size)
    with torch.no_grad():
        for layer in weighted_layers(gaussian):
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=stream))
            if layer.bias is not None:
                layer.bias.zero_()
        for norm in norms:
            norm.momentum = 1.0  # running_var is then the variance of the last batch
        x, change = (torch.randn(shape, generator=stream).to(device) for _ in range(2))
        x, moved = (
            part.contiguous(memory_format=torch.channels_last) for part in (x, x + PERTURBATION * change)
        )
        other = features(gaussian, moved)  # first, so that the variances are those at x
        distance = (features(gaussian, x) - other).abs().flatten(1).sum(1).mean()
        total = float(distance.double().log())
        for norm in norms:
            assert norm.running_var is not None
            total += 0.5 * math.log(float(norm.running_var.double().mean()))
    return total


def features(network: StandAlone, x: Tensor) -> Tensor:
    """What global average pooling gets: (B, C, H, W)."""
    kept: list[Tensor] = []

    def keep(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        kept.append(inputs[0])

    pooling = next(part for part in network.head.children() if isinstance(part, nn.AdaptiveAvgPool2d))
    with pooling.register_forward_pre_hook(keep):
        network(x)
    return kept[0]
