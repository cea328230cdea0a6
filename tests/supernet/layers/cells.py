"""The layers' modules. Identity is nothing, but where stride or width change a 1x1 convolution with BN."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from supernet.fast.side_by_side import Mixed
from supernet.operations import ConvBN
from supernet.spaces.network_part import NetworkPart, Place
from supernet.spaces.space import Cell, Space


class Layer(nn.Module):
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
        built = space.allowed_operations if choice is None else choice

        def operation(name: str) -> nn.Module:
            if name == "identity" and place.inputs == place.outputs:
                return nn.Identity()
            stride = place.outputs // place.inputs
            convolution = ConvBN(place.inputs, place.outputs, 3 if name == "conv_3x3" else 1, stride, affine)
            return convolution if name == "identity" else nn.Sequential(nn.ReLU(), *convolution)

        self.choices = nn.ModuleDict({self.names[i]: operation(self.names[i]) for i in built})

    def operations(self) -> list[nn.Module]:
        return [module for module in self.choices.values() if not isinstance(module, nn.Identity)]

    def used(self, choice: Cell) -> list[nn.Module]:
        return [self.choices[self.names[choice[0]]]]

    def live(self, choice: Cell) -> tuple[int, ...]:
        return (0,)

    def relu_inputs(self) -> list[nn.Module]:
        return []

    def operations_at(self, point: int) -> dict[int, tuple[nn.Module, bool]]:
        return {self.names.index(name): (module, False) for name, module in self.choices.items()}

    def forward_group(self, x: Tensor, at_point: Callable[[int, Tensor], Tensor]) -> Tensor:
        return at_point(0, x)

    def forward(self, x: Tensor, choice: Cell) -> Tensor:
        out: Tensor = self.choices[self.names[choice[0]]](x)
        return out


class GroupedLayers(nn.Module):
    def __init__(self, cells: Sequence[Layer], choices: Sequence[Cell]) -> None:
        super().__init__()
        kinds = [cell.names[choice[0]] for cell, choice in zip(cells, choices, strict=True)]
        self.layer = Mixed([cell.choices[kind] for cell, kind in zip(cells, kinds, strict=True)], kinds)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layer(x)
        return out


def stem(image_channels: int, channels: int) -> nn.Module:
    return ConvBN(image_channels, channels, 3)


def head(channels: int, classes: int) -> nn.Module:
    return nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


NETWORK = NetworkPart(stem=stem, cell=Layer, reduction=None, head=head, grouped=GroupedLayers)
