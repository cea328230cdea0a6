"""A network's parts in order, and what each costs: multiply-accumulates and bytes for one image. No tensors."""

from __future__ import annotations

import math
from functools import cached_property

import torch
from torch import Tensor, nn

from supernet.network import NetworkConfig, Supernet


class Layout:
    """positions: searchable cells. shapes: (C, H, W) of the input of each, and of the head's as the last."""

    def __init__(self, config: NetworkConfig) -> None:
        self.config = config
        self.positions = len(config.stages)
        self.shapes = [self._shape(halvings) for halvings in config.halvings]
        self._macs: dict[str, int] = {}

    def _shape(self, halvings: int) -> tuple[int, int, int]:
        size = self.config.size
        side = size.image_size >> halvings
        return size.channels << halvings, side, side

    def bytes(self, position: int) -> int:
        """Of one image's features at a position, in single precision."""
        c, h, w = self.shapes[position]
        return 4 * c * h * w

    def macs(self, name: str) -> int:
        """Multiply-accumulates of a module (a name in the network) for one image, bias not counted."""
        if name not in self._macs:
            part, number = f"{name}.".split(".")[:2]
            shape = self.shapes[-1]
            if part == "stem":
                side = self.config.size.image_size
                shape = self.config.size.image_channels, side, side
            elif part == "reductions":
                shape = self._shape(int(number))
            elif part == "cells":
                shape = self.shapes[int(number)]
            self._macs[name] = count_macs(self._skeleton.get_submodule(name), shape)
        return self._macs[name]

    @cached_property
    def _skeleton(self) -> Supernet:
        with torch.device("meta"):  # modules without memory
            return Supernet(self.config).eval()


def count_macs(module: nn.Module, shape: tuple[int, int, int]) -> int:
    """Of the convolutions and linear layers that a module on the meta device puts one input (C, H, W) through."""
    counts = []

    def count(layer: nn.Module, inputs: object, output: Tensor) -> None:
        counts.append(layer.weight.numel() * math.prod(output.shape[2:]))  # type: ignore[operator]

    hooks = [
        layer.register_forward_hook(count)
        for layer in module.modules()
        if isinstance(layer, (nn.Conv2d, nn.Linear))
    ]
    with torch.inference_mode():
        module(torch.empty(1, *shape, device="meta"))
    for hook in hooks:
        hook.remove()
    return sum(counts)
