"""The layers that proxies are sums over: convolutions and linear layers, by their weights alone (no biases, no BN)."""

from __future__ import annotations

from torch import nn

Layer = nn.Conv2d | nn.Linear


def weighted_layers(network: nn.Module) -> list[Layer]:
    """All convolutions and linear layers, in the order of the modules."""
    return [module for module in network.modules() if isinstance(module, Layer)]
