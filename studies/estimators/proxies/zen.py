"""zen: how far features move when the input does, with what BN takes out of them put back.

Source: Lin et al., Zen-NAS (ICCV 2021), algorithm 1. Its networks are chains, and shortcuts are taken out of them;
NAS-Bench-201 and Blox are no chains, so that here, as others apply it to NAS-Bench-201, the whole network is used.
"""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn

from studies.estimators.proxies.layers import weighted_layers
from supernet.network import StandAlone
from supernet.operations import batch_norms

PERTURBATION = 0.01  # in standard deviations of the input


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
