"""NAS-Bench-201's parts of a network: stem, searchable cell, reduction, head (Dong & Yang, ICLR 2020).

A cell has four nodes; node j sums (or averages) what the edges from the nodes before it bring. Node 0 is the
input, node 3 the output. Convolutions are ReLU-Conv-BN; the ReLU of a node is computed once for all its edges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

from torch import Tensor, nn

from supernet.fast.side_by_side import Mixed
from supernet.operations import (
    AveragePool3x3,
    BatchNorm,
    Conv2d,
    ConvBN,
    LightReduction,
    linear_transformer,
    zeros_like_input,
)
from supernet.spaces.nasbench201.graph import EDGES, live_edges
from supernet.spaces.network_part import NetworkPart, Option, Place
from supernet.spaces.space import Cell, Space

KERNELS = {"nor_conv_1x1": 1, "nor_conv_3x3": 3}


def stem(image_channels: int, channels: int) -> nn.Module:
    return ConvBN(image_channels, channels, 3)


class SearchCell(nn.Module):
    """The searchable cell: (B, C, H, W) -> (B, C, H, W). Built with every operation that the space allows on
    every edge or, for a stand-alone network, with those of one `choice`."""

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
        self.names, channels = space.operations, place.inputs
        self.mean = node_reduction == "mean"
        self.allowed: tuple[tuple[Option, ...], ...] = space.allowed_by_point

        def operation(name: str) -> nn.Module:
            if name in KERNELS:
                return ConvBN(channels, channels, KERNELS[name], affine=affine)
            if name == "avg_pool_3x3":
                if linear_transformers == "skip+pool":
                    return nn.Sequential(AveragePool3x3(), linear_transformer(channels))
                return AveragePool3x3()
            return nn.Identity() if linear_transformers == "none" else linear_transformer(channels)

        self.edges = nn.ModuleList()
        for edge in range(len(EDGES)):
            built = space.allowed_by_point[edge] if choice is None else (choice[edge],)
            names = [self.names[index] for index in built if self.names[index] != "none"]
            self.edges.append(nn.ModuleDict({name: operation(name) for name in names}))
        # In a list, so not a submodule: it would be in the state dict twice, and the second name would be that of
        # another BN in a network that holds one path only.
        self.first_norm = [module for module in self.modules() if isinstance(module, BatchNorm)][:1]

    def live(self, choice: Cell) -> tuple[int, ...]:
        """The edges that a forward pass computes."""
        # An edge out of an all-zero node can be left out only where BN maps zero to zero, and not while scoring
        # recalibrates running statistics (BN alone is in training mode): theirs are used afterwards.
        keeps_zero = all(norm.keeps_zero and norm.training == self.training for norm in self.first_norm)
        return live_edges(choice, keeps_zero)

    def operations(self) -> list[nn.Module]:
        """All of them that do something."""
        found = [module for edge in self.edges for module in cast(nn.ModuleDict, edge).values()]
        return [module for module in found if not isinstance(module, nn.Identity)]

    def used(self, choice: Cell) -> list[nn.Module]:
        """The operations that a forward pass computes."""
        return [self.operation(edge, choice) for edge in self.live(choice)]

    def relu_inputs(self) -> list[nn.Module]:
        """The convolutions: each has a ReLU in front, though a node's is computed once for all of them. A convolution's
        input, the ReLU's output, has the same code."""
        return [module for module in self.edges.modules() if isinstance(module, ConvBN)]

    def operations_at(self, edge: int) -> dict[int, tuple[nn.Module, bool]]:
        """By the allowed operations of an edge that do something, their modules and whether a ReLU comes before."""
        modules = cast(nn.ModuleDict, self.edges[edge])
        return {self.names.index(name): (module, name in KERNELS) for name, module in modules.items()}

    def forward_group(self, x: Tensor, at_edge: Callable[[int, Tensor], Tensor]) -> Tensor:
        """The cell for all paths of a strictly fair group, whatever they choose: (P * B, C, H, W) -> the same.

        at_edge(edge, x): the edge's operations applied, each to the share of the path that chose it."""
        nodes: list[Tensor | None] = [x, None, None, None]
        for edge, (source, target) in enumerate(EDGES):
            value = nodes[source]
            assert value is not None
            out = at_edge(edge, value)
            if self.mean:
                out = out / target
            held = nodes[target]
            nodes[target] = out if held is None else held + out
        assert nodes[3] is not None
        return nodes[3]

    def operation(self, edge: int, choice: Cell) -> nn.Module:
        return cast(nn.ModuleDict, self.edges[edge])[self.names[choice[edge]]]

    def forward(self, x: Tensor, choice: Cell) -> Tensor:
        nodes: list[Tensor | None] = [x, None, None, None]
        activated: dict[int, Tensor] = {}
        for edge in self.live(choice):
            source, target = EDGES[edge]
            name = self.names[choice[edge]]
            value = nodes[source]
            if value is None:
                value = nodes[source] = zeros_like_input(x)
            if name in KERNELS:
                if source not in activated:
                    activated[source] = value.relu()
                value = activated[source]
            out = self.operation(edge, choice)(value)
            if self.mean:
                out = out / target  # node j has j incoming edges
            held = nodes[target]
            nodes[target] = out if held is None else held + out
        return zeros_like_input(x) if nodes[3] is None else nodes[3]

    def mixtures(self) -> tuple[tuple[Option, ...], ...]:
        """One an edge, of the operations that are allowed there."""
        return self.allowed

    def forward_mixture(self, x: Tensor, weights: Sequence[Mapping[Option, float]]) -> Tensor:
        """Each edge brings the sum of its operations, weighted; those of weight 0 are not computed."""
        nodes: list[Tensor | None] = [x, None, None, None]
        for edge, (source, target) in enumerate(EDGES):
            value = nodes[source]
            if value is None:
                value = nodes[source] = zeros_like_input(x)
            active = value.relu()
            for option, weight in weights[edge].items():
                name = self.names[cast(int, option)]
                if not weight or name == "none":
                    continue
                out = cast(nn.ModuleDict, self.edges[edge])[name](active if name in KERNELS else value)
                out = weight * (out / target if self.mean else out)
                held = nodes[target]
                nodes[target] = out if held is None else held + out
        return zeros_like_input(x) if nodes[3] is None else nodes[3]

    def chosen(self, options: Sequence[Option]) -> Cell:
        """The cell of one option a mixture."""
        return tuple(cast(int, option) for option in options)


class GroupedCells(nn.Module):
    """The same cell of E networks: (B, E * C, H, W) -> the same."""

    def __init__(self, cells: Sequence[SearchCell], choices: Sequence[Cell]) -> None:
        super().__init__()
        self.mean, names = cells[0].mean, cells[0].names
        live = [
            live_edges(choice, all(norm.keeps_zero for norm in cell.first_norm))
            for cell, choice in zip(cells, choices, strict=True)
        ]
        self.edges = nn.ModuleDict()
        for edge in range(len(EDGES)):
            kinds = [
                names[choice[edge]] if edge in own else None
                for choice, own in zip(choices, live, strict=True)
            ]
            if any(kinds):
                operations = [
                    None if kind is None else cell.edges[edge].get_submodule(kind)
                    for cell, kind in zip(cells, kinds, strict=True)
                ]
                self.edges[str(edge)] = Mixed(operations, kinds)

    def forward(self, x: Tensor) -> Tensor:
        nodes: list[Tensor | None] = [x, None, None, None]
        activated: dict[int, Tensor] = {}
        for name, edge in cast(Iterable[tuple[str, Mixed]], self.edges.items()):
            source, target = EDGES[int(name)]
            value = nodes[source]
            if value is None:
                value = nodes[source] = zeros_like_input(x)
            if source not in activated and not set(KERNELS).isdisjoint(edge.names):
                activated[source] = value.relu()
            out = edge(value, activated.get(source), tuple(KERNELS))
            if self.mean:
                out = out / target
            held = nodes[target]
            nodes[target] = out if held is None else held + out
        return zeros_like_input(x) if nodes[3] is None else nodes[3]


class Residual(nn.Module):
    """The benchmark's reduction: ReLU-Conv3x3(stride 2)-BN-ReLU-Conv3x3-BN beside AvgPool2x2-Conv1x1."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.main = nn.Sequential(nn.ReLU(), ConvBN(c_in, c_out, 3, 2), nn.ReLU(), ConvBN(c_out, c_out, 3))
        self.shortcut = LightReduction(Conv2d(c_in, c_out, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        return self.main(x) + self.shortcut(x)


def reduction(kind: str, channels: int) -> nn.Module:
    if kind == "light":
        return LightReduction(Conv2d(channels, 2 * channels, 1, bias=False))
    return Residual(channels, 2 * channels)


def head(channels: int, classes: int) -> nn.Module:
    return nn.Sequential(
        BatchNorm(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)
    )


NETWORK = NetworkPart(
    stem=stem, cell=SearchCell, reduction=reduction, head=head, grouped=GroupedCells, one_graph=True
)
