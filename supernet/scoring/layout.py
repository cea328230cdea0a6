"""A network's parts in order, and what each costs: multiply-accumulates and bytes for one image. No tensors."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor, nn

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
            if part == "stem":
                size = self.config.size
                shape = (size.image_channels, size.image_size, size.image_size)
            elif part == "head":
                shape = self.shapes[-1]
            elif part == "reductions":
                shape = self.shapes[(int(rest) + 1) * self.config.size.cells_per_stage - 1]
            else:
                shape = self.shapes[int(rest.partition(".")[0])]
            self._macs[name] = count_macs(self._skeleton.get_submodule(name), shape)
        return self._macs[name]

    @cached_property
    def _skeleton(self) -> Supernet:
        with torch.device("meta"):
            return Supernet(self.config).eval()


def count_macs(module: nn.Module, shape: tuple[int, ...]) -> int:
    """Of the convolutions and linear layers in a module (on the meta device), for one image of `shape`."""
    total = 0

    def add(layer: nn.Module, _: object, out: Tensor) -> None:
        nonlocal total
        weight = layer.weight
        assert isinstance(weight, Tensor)
        total += weight[0].numel() * out.numel()  # weights of one output value, times output values

    layers = [layer for layer in module.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    handles = [layer.register_forward_hook(add) for layer in layers]
    with torch.no_grad():
        module(torch.empty(1, *shape, device="meta"))
    for handle in handles:
        handle.remove()
    return total
