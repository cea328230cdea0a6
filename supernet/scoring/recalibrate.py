"""A sub-network's own running statistics, for a network that is used apart from the supernet: those of training are
averages over all paths."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from supernet.operations import batch_norms


@torch.no_grad()
def recalibrate(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Make every BN's running statistics the plain average over these batches of inputs (B, C, H, W), and leave
    the network in evaluation mode: what the BN mode 'reset-recalibrate-K' scores with (modes.py)."""
    norms = batch_norms(network)
    momenta = [norm.momentum for norm in norms]
    network.train()
    for number, images in enumerate(batches, 1):
        for norm in norms:
            norm.momentum = 1 / number
        network(images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()
