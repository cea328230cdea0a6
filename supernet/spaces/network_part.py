"""What a space's folder gives to networks: `NETWORK`, a `NetworkPart`, in its module `cells`."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import NamedTuple

from torch import nn

from supernet.spaces.space import Space

Option = Hashable  # of a mixture: what a cell may choose there


class Place(NamedTuple):
    """Where a searchable cell is. stage, position: which stage and which of its cells, from 0. inputs, outputs:
    channels; they differ where a space has no reductions and its cells halve the image instead."""

    stage: int
    position: int
    inputs: int
    outputs: int


@dataclass(frozen=True, kw_only=True)
class NetworkPart:
    """The parts of a space's networks.

    stem(image_channels, channels): images to the first cell's input. cell: the class of searchable cells (below).
    reduction(kind, channels): halves the image and doubles the channels; None where searchable cells do. head(channels,
    classes): features to logits. grouped(cells, choices): one cell of several networks side by side
    (supernet/fast/grouped.py). one_graph: whether cells have `operations_at` and `forward_group`, so that a strictly
    fair group can be one static graph (supernet/fast/fair_step.py).

    A cell is made by cell(space, place, choice, linear_transformers=, node_reduction=, affine=), choice None for all
    allowed operations. cell(x, choice): (B, C, H, W) -> the same, or (B, 2 C, H / 2, W / 2). operations(): its modules
    that do something. used(choice): those that a forward pass computes. relu_inputs(): its modules besides nn.ReLU
    whose input shows which ReLU units are on. mixtures(): the options of each choice that a cell makes.
    forward_mixture(x, weights): the cell with a weighted sum of the options in place of each choice. chosen(options):
    the cell of one option a mixture.
    """

    stem: Callable[[int, int], nn.Module]
    cell: Callable[..., nn.Module]
    reduction: Callable[[str, int], nn.Module] | None
    head: Callable[[int, int], nn.Module]
    grouped: Callable[..., nn.Module]
    one_graph: bool = False


def network_part(space: Space | type[Space]) -> NetworkPart:
    """The parts of the networks of a space."""
    part = space.part("cells").NETWORK
    assert isinstance(part, NetworkPart)
    return part
