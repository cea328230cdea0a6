"""Networks whose front no longer learns: which parts, and what their batch normalisation does."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from supernet.network import Network, StandAlone

FROZEN_BN = ("batch", "eval")


def parts_in_order(network: Network) -> list[nn.Module]:
    """Stem, cells and reductions as they are computed, and the head."""
    parts = [network.stem]
    for index, cell in enumerate(network.cells):
        parts.append(cell)
        if (number := network.config.reduction_after[index]) is not None:
            parts.append(network.reductions[number])
    return [*parts, network.head]


def split(network: Network, unfrozen_cells: int | None) -> tuple[list[nn.Module], list[nn.Module]]:
    """The parts that are frozen and those that go on learning: the last so many searchable cells and all that is
    computed after the first of them, reductions too; with 0 the head alone, with None everything."""
    parts = parts_in_order(network)
    if unfrozen_cells is None:
        return [], parts
    if unfrozen_cells == 0:
        return parts[:-1], parts[-1:]
    assert unfrozen_cells <= len(network.cells)
    first = network.cells[len(network.cells) - unfrozen_cells]
    position = next(position for position, part in enumerate(parts) if part is first)
    return parts[:position], parts[position:]


class FrozenFront(nn.Module):
    """The network, the given parts of which keep their weights.

    frozen_bn: what their BN does in training mode. 'batch': it normalises by the batch and moves its running
    statistics, as in FEAR's code; 'eval': it uses the running statistics as they are.
    """

    def __init__(self, network: StandAlone, frozen: list[nn.Module], frozen_bn: str) -> None:
        super().__init__()
        self.network, self.frozen, self.frozen_bn = network, frozen, frozen_bn
        for part in frozen:
            part.requires_grad_(False)

    def train(self, mode: bool = True) -> FrozenFront:
        super().train(mode)
        if self.frozen_bn == "eval":
            for part in self.frozen:
                part.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.network(x)
        return logits


def unfrozen_share(network: nn.Module) -> float:
    """The share of parameters that learn."""
    sizes = torch.tensor([[p.numel() * p.requires_grad, p.numel()] for p in network.parameters()]).sum(0)
    return float(sizes[0] / sizes[1])
