"""The searchable cells of several networks, of different architectures, as one module for each space."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from supernet.fast.grouped.modules import Mixed
from supernet.operations import zeros_like_input
from supernet.spaces import Cell
from supernet.spaces.blox import cells as blox_cells
from supernet.spaces.nasbench201 import cells as nasbench201_cells
from supernet.spaces.nasbench201.space import EDGES, live_edges


class NasBench201Cells(nn.Module):
    """The same cell of E networks: (B, E * C, H, W) -> the same."""

    def __init__(self, cells: Sequence[nasbench201_cells.SearchCell], choices: Sequence[Cell]) -> None:
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
            if source not in activated and not set(nasbench201_cells.KERNELS).isdisjoint(edge.names):
                activated[source] = value.relu()
            out = edge(value, activated.get(source), tuple(nasbench201_cells.KERNELS))
            if self.mean:
                out = out / target
            held = nodes[target]
            nodes[target] = out if held is None else held + out
        return zeros_like_input(x) if nodes[3] is None else nodes[3]


class BloxCells(nn.Module):
    """The same block of E networks: (B, E * C, H, W) -> the same."""

    def __init__(self, cells: Sequence[blox_cells.SearchCell], choices: Sequence[Cell]) -> None:
        super().__init__()
        names = cells[0].names

        def operations(position: int, used: Sequence[bool]) -> Mixed:
            kinds = [
                names[choice[position]] if own else None for choice, own in zip(choices, used, strict=True)
            ]
            held = [cell.second if position else cell.first for cell in cells]
            return Mixed(
                [None if kind is None else own[kind] for kind, own in zip(kinds, held, strict=True)], kinds
            )

        def edges(used: Sequence[bool], modules: Sequence[nn.Module]) -> Mixed:
            kinds = ["edge" if own else None for own in used]
            return Mixed([m if own else None for m, own in zip(modules, used, strict=True)], kinds)

        previous, direct, skip = ([bool(choice[flag]) for choice in choices] for flag in (2, 3, 4))
        first = [a or b for a, b in zip(previous, skip, strict=True)]
        second = [a or b for a, b in zip(previous, direct, strict=True)]
        self.first, self.second = operations(0, first), operations(1, second)
        self.previous = edges(previous, [nn.Identity() for _ in cells])
        self.direct = edges(direct, [cell.input_edge for cell in cells])
        self.skip = edges(skip, [cell.skip_edge for cell in cells])
        self.mean = cells[0].mean
        terms = torch.tensor(
            [[a + b, c + d] for a, b, c, d in zip(previous, direct, second, skip, strict=True)]
        )
        self.register_buffer("terms", terms.T.clamp(min=1), persistent=False)  # of O1's input, of the output
        self.terms: Tensor

    def forward(self, x: Tensor) -> Tensor:
        y = self.first(x) if self.first.names else x
        before = self.join(0, [(self.previous, y), (self.direct, x)])
        return self.join(1, [(self.second, before), (self.skip, y)])

    def join(self, position: int, edges: Sequence[tuple[Mixed, Tensor]]) -> Tensor:
        """The sum or mean of what the edges give, (B, E * C, H, W)."""
        found = [edge(value) for edge, value in edges if edge.names]
        if not found:
            return zeros_like_input(edges[0][1])
        total = found[0] if len(found) == 1 else found[0] + found[1]
        if self.mean:
            width = total.shape[1] // self.terms.shape[1]
            total = total / self.terms[position].repeat_interleave(width).view(1, -1, 1, 1)
        return total


CELLS = {"nasbench201": NasBench201Cells, "blox": BloxCells}
