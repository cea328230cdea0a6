"""A network's parts in order, and what each costs: multiply-accumulates and bytes for one image. No tensors."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import nn

from supernet.network import NetworkConfig, Supernet


class Layout:
    """positions: searchable cells. shapes: (C, H, W) of the input of each, and of the head's as the last."""

    def __init__(self, config: NetworkConfig) -> None:
        self.config = config
        size = config.size
        self.positions = size.stages * size.cells_per_stage
        self.shapes: list[tuple[int, int, int]] = []
        for position in range(self.positions + 1):
            halvings = min(position // size.cells_per_stage, config.reductions)
            side = size.image_size >> halvings
            self.shapes.append((size.channels << halvings, side, side))
        self._macs: dict[str, int] = {}

    def reduction_after(self, position: int) -> int | None:
        """Number of the reduction between this cell and the next (or the head)."""
        stage, place = divmod(position, self.config.size.cells_per_stage)
        last = place == self.config.size.cells_per_stage - 1
        return stage if last and stage < self.config.reductions else None

    def bytes(self, position: int) -> int:
        """Of one image's features at a position, in single precision."""
        c, h, w = self.shapes[position]
        return 4 * c * h * w

    def macs(self, name: str) -> int:
        """Multiply-accumulates of a module (a name in the network) for one image, bias not counted."""
        if name not in self._macs:
            part, _, rest = name.partition(".")
            side = 1  # of what the module's convolutions put out
            if part == "stem":
                side = self.config.size.image_size
            elif part == "reductions":
                side = self.shapes[(int(rest) + 1) * self.config.size.cells_per_stage][1]
            elif part == "cells":
                side = self.shapes[int(rest.partition(".")[0])][1]
            self._macs[name] = count_macs(self._skeleton.get_submodule(name), side)
        return self._macs[name]

    @cached_property
    def _skeleton(self) -> Supernet:
        with torch.device("meta"):  # modules without memory
            return Supernet(self.config)


def count_macs(module: nn.Module, side: int) -> int:
    """Of the convolutions and linear layers in a module whose convolutions put out images of that side, but for
    those that gate channels by a global average."""
    total = 0
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Conv2d):
            total += layer.weight.numel() * (1 if ".gate." in f".{name}" else side * side)
        elif isinstance(layer, nn.Linear):
            total += layer.weight.numel()
    return total
