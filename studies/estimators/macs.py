"""Multiply-accumulates of a network, counted module by module while one image passes.

As `supernet.spaces.Cost` counts them: convolutions and linear layers, without bias. A closed form has no parts, and
none of a network that was cut out of a supernet with linear transformers.
"""

from __future__ import annotations

from collections import Counter

import torch
from torch import Tensor, nn

from supernet.network import StandAlone


def count(network: StandAlone) -> Counter[nn.Module]:
    """Multiply-accumulates of one image's forward pass by convolution or linear layer."""
    found: Counter[nn.Module] = Counter()

    def add(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        assert isinstance(module.weight, Tensor)
        found[module] += output.numel() * module.weight[0].numel()

    layers = [module for module in network.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    size, training = network.config.size, network.training
    shape = (1, size.image_channels, size.image_size, size.image_size)
    network.eval()
    with torch.no_grad():
        network(torch.zeros(shape, device=next(network.parameters()).device))
    network.train(training)
    for hook in hooks:
        hook.remove()
    return found


def inside(found: Counter[nn.Module], part: nn.Module) -> int:
    """Those of a part of the network."""
    return sum(found[module] for module in part.modules())
