"""What of a supernet one path's training step uses, known without computing anything.

A forward pass computes the live operations of every cell. A gradient reaches less: what lies before a cell whose
output does not depend on its input gets none. An optimizer step then leaves such parameters as they are.
"""

from __future__ import annotations

from torch import nn

from supernet.network import Network
from supernet.spaces import Path


def first_reached(network: Network, path: Path) -> int:
    """Index of the first cell that a gradient of the path's loss reaches; 0 means the stem gets one as well."""
    connected = network.config.space.is_valid
    return max((index for index, cell in enumerate(path) if not connected(cell)), default=0)


def reaches_stem(network: Network, path: Path) -> bool:
    """Whether the output depends on the input: whether every cell passes on what it gets."""
    return all(map(network.config.space.is_valid, path))


def used_modules(network: Network, path: Path) -> list[nn.Module]:
    """The modules whose parameters get a gradient from this path's loss, as autograd would find them.

    Each is a whole part: the stem, an operation of a cell, a reduction, the head.
    """
    first = first_reached(network, path)
    used: list[nn.Module] = [network.head]
    for index in range(first, len(network.cells)):
        used += network.cells[index].used(path[index])  # type: ignore[operator]
    # A reduction that takes zeros in still computes with its weights.
    used += [network.reductions[i] for i in network.config.reduction_after[first:] if i is not None]
    return used + ([network.stem] if reaches_stem(network, path) else [])
