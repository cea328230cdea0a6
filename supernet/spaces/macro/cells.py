"""NAS-Bench-Macro's parts of a network: stem, layer, head; the first layer of a stage halves the image.

A block is MobileNetV2's inverted residual without squeeze-and-excitation, with ReLU where that has ReLU6.
Source: Su et al. (CVPR 2021), section 4.1, and their public code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from supernet.fast.side_by_side import Mixed
from supernet.operations import BatchNorm, Conv2d, ConvBN, linear_transformer
from supernet.spaces.macro.space import BLOCKS, HEAD
from supernet.spaces.network_part import NetworkPart, Option, Place
from supernet.spaces.space import Cell, Space


class ConvBNReLU(nn.Sequential):
    """Convolution without bias ("same" padding), BN, ReLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, affine: bool = True
    ) -> None:
        convolution = Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        super().__init__(convolution, BatchNorm(outputs, affine), nn.ReLU(inplace=True))


class InvertedResidual(nn.Module):
    """1x1 to `expansion` times the channels, depthwise k x k, 1x1; plus the input where the shape stays.

    mean: whether the two terms of that sum are averaged."""

    def __init__(
        self, inputs: int, outputs: int, expansion: int, kernel: int, affine: bool, mean: bool
    ) -> None:
        super().__init__()
        wide, stride = expansion * inputs, outputs // inputs
        self.expand = ConvBNReLU(inputs, wide, 1, affine=affine)
        self.depthwise = ConvBNReLU(wide, wide, kernel, stride, wide, affine)
        self.project = ConvBN(wide, outputs, 1, affine=affine)
        self.residual, self.mean = inputs == outputs, mean

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.project(self.depthwise(self.expand(x)))
        if self.residual:
            out = out + x
            return out / 2 if self.mean else out
        return out


class Layer(nn.Module):
    """A layer with every operation that is allowed there or, for a stand-alone network, with that of one `choice`:
    (B, C, H, W) -> the same, or in the first of a stage (B, 2 C, H / 2, W / 2)."""

    def __init__(
        self,
        space: Space,
        place: Place,
        choice: Cell | None,
        *,
        linear_transformers: str,
        node_reduction: str,
        affine: bool,
    ) -> None:
        super().__init__()
        self.names = space.operations

        def operation(name: str) -> nn.Module:
            if name in BLOCKS:
                mean = node_reduction == "mean"
                return InvertedResidual(place.inputs, place.outputs, *BLOCKS[name], affine, mean)
            if place.inputs != place.outputs:
                return ConvBN(place.inputs, place.outputs, 1, place.outputs // place.inputs, affine)
            return nn.Identity() if linear_transformers == "none" else linear_transformer(place.inputs)

        built = space.allowed_operations if choice is None else choice
        self.choices = nn.ModuleDict({self.names[index]: operation(self.names[index]) for index in built})

    def live(self, choice: Cell) -> tuple[int, ...]:
        """The choice points that a forward pass computes: the only one."""
        return (0,)

    def operations(self) -> list[nn.Module]:
        return [module for module in self.choices.values() if not isinstance(module, nn.Identity)]

    def used(self, choice: Cell) -> list[nn.Module]:
        return [self.choices[self.names[choice[0]]]]

    def relu_inputs(self) -> list[nn.Module]:
        return []

    def forward(self, x: Tensor, choice: Cell) -> Tensor:
        out: Tensor = self.choices[self.names[choice[0]]](x)
        return out

    def mixtures(self) -> tuple[tuple[Option, ...], ...]:
        """One, of the operations."""
        return (tuple(self.names.index(name) for name in self.choices),)

    def forward_mixture(self, x: Tensor, weights: Sequence[Mapping[Option, float]]) -> Tensor:
        """The weighted sum of the operations; those of weight 0 are not computed."""
        parts = [
            weight * self.choices[self.names[cast(int, option)]](x)
            for option, weight in weights[0].items()
            if weight
        ]
        return torch.stack(parts).sum(0)

    def chosen(self, options: Sequence[Option]) -> Cell:
        """The layer of an option."""
        return (cast(int, options[0]),)


class GroupedLayers(nn.Module):
    """The same layer of E networks: (B, E * C, H, W) -> (B, E * C', H', W')."""

    def __init__(self, layers: Sequence[Layer], choices: Sequence[Cell]) -> None:
        super().__init__()
        kinds = [layer.names[choice[0]] for layer, choice in zip(layers, choices, strict=True)]
        self.layer = Mixed([layer.choices[kind] for layer, kind in zip(layers, kinds, strict=True)], kinds)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layer(x)
        return out


def stem(image_channels: int, channels: int) -> nn.Module:
    return ConvBNReLU(image_channels, channels, 3)


def head(channels: int, classes: int) -> nn.Module:
    wide = HEAD * channels
    return nn.Sequential(
        *ConvBNReLU(channels, wide, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(wide, classes)
    )


NETWORK = NetworkPart(stem=stem, cell=Layer, reduction=None, head=head, grouped=GroupedLayers)
