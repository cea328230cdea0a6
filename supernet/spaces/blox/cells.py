"""Blox's parts of a network: stem, searchable block, reduction, head (Chau et al., NeurIPS 2022).

A block is (O0, O1, previous, input, skip): y = O0(x), z = O1(previous * y + input * x), block = z + skip * y,
plain sums of whichever terms are present. No operation changes width or resolution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from supernet.fast.side_by_side import Mixed
from supernet.operations import ConvBNReLU, LightReduction, linear_transformer, zeros_like_input
from supernet.spaces.blox.space import Blox
from supernet.spaces.network_part import NetworkPart, Option, Place
from supernet.spaces.space import Cell, Space

Flags = tuple[int, int, int]  # previous, input, skip
BOTTLENECKS = (2, 1, 0.5, 2, 1, 0.5)  # divide the width: 2 narrows, 0.5 widens


def stem(image_channels: int, channels: int) -> nn.Module:
    return ConvBNReLU(image_channels, channels, 3)


class SqueezeExcite(nn.Module):
    """Channel attention without a squeeze: scale by sigmoid(conv(relu(conv(mean))))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, channels, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(x)


class Units(nn.Sequential):
    """Residual units one after the other: x <- x + unit(x)."""

    def forward(self, x: Tensor) -> Tensor:
        for unit in self:
            x = x + unit(x)
        return x


def operation(name: str, n: int, affine: bool) -> nn.Module:
    """One of 'conv', 'mbconv', 'bconv' at width n."""
    if name == "conv":
        return nn.Sequential(*(ConvBNReLU(n, n, 3, affine=affine) for _ in range(4)))
    if name == "mbconv":
        return Units(
            *(
                nn.Sequential(
                    ConvBNReLU(n, 2 * n, 3, affine=affine),
                    SqueezeExcite(2 * n),
                    ConvBNReLU(2 * n, n, 1, affine=affine),
                )
                for _ in range(2)
            )
        )
    widths = [int(n // divisor) for divisor in BOTTLENECKS]
    return Units(
        *(
            nn.Sequential(
                ConvBNReLU(n, w, 1, affine=affine),
                ConvBNReLU(w, w, 5, groups=w, affine=affine),
                ConvBNReLU(w, n, 1, affine=affine),
            )
            for w in widths
        )
    )


class SearchCell(nn.Module):
    """The searchable block: (B, C, H, W) -> (B, C, H, W). Each position (O0, O1) owns its operations; all 45
    blocks are made of these. Built with every allowed operation or, for a stand-alone network, with the live
    ones of one `choice`."""

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
        self.space = space
        if choice is None:
            first = second = space.allowed_operations
        else:
            o0, o1, previous, direct, skip = choice
            first = (o0,) if previous or skip else ()
            second = (o1,) if previous or direct else ()
        self.first = nn.ModuleDict({self.names[i]: operation(self.names[i], channels, affine) for i in first})
        self.second = nn.ModuleDict(
            {self.names[i]: operation(self.names[i], channels, affine) for i in second}
        )
        searching = linear_transformers == "skip"
        self.input_edge = linear_transformer(channels) if searching else nn.Identity()
        self.skip_edge = linear_transformer(channels) if searching else nn.Identity()

    def operations(self) -> list[nn.Module]:
        """All of them that do something."""
        found = [*self.first.values(), *self.second.values(), self.input_edge, self.skip_edge]
        return [module for module in found if not isinstance(module, nn.Identity)]

    def used(self, choice: Cell) -> list[nn.Module]:
        """The operations that a forward pass computes."""
        o0, o1, previous, direct, skip = choice
        parts = [(previous or skip, self.first, o0), (previous or direct, self.second, o1)]
        used = [operations[self.names[index]] for live, operations, index in parts if live]
        return used + [self.input_edge] * bool(direct) + [self.skip_edge] * bool(skip)

    def relu_inputs(self) -> list[nn.Module]:
        """None: every ReLU is a module."""
        return []

    def join(self, terms: list[Tensor]) -> Tensor:
        total = terms[0] if len(terms) == 1 else terms[0] + terms[1]
        return total / len(terms) if self.mean and len(terms) > 1 else total

    def forward(self, x: Tensor, choice: Cell) -> Tensor:
        o0, o1, previous, direct, skip = choice
        out: list[Tensor] = []
        y = self.first[self.names[o0]](x) if previous or skip else x
        if previous or direct:
            terms = [y] if previous else []
            if direct:
                terms.append(self.input_edge(x))
            out.append(self.second[self.names[o1]](self.join(terms)))
        if skip:
            out.append(self.skip_edge(y))
        return self.join(out) if out else zeros_like_input(x)

    def mixtures(self) -> tuple[tuple[Option, ...], ...]:
        """Three: of the operations of O0 and of O1, and of the connectivity types, each (previous, input, skip)."""
        assert isinstance(self.space, Blox)
        types = dict.fromkeys(block[2:] for block in self.space.allowed_blocks)
        return (self.space.allowed_operations, self.space.allowed_operations, tuple(types))

    def forward_mixture(self, x: Tensor, weights: Sequence[Mapping[Option, float]]) -> Tensor:
        """The weighted sum of what the types put out; of each the operations are weighted sums, too. What has weight 0
        is not computed."""
        first, second, types = weights
        used = [(cast(Flags, option), weight) for option, weight in types.items() if weight]
        y = x
        if any(previous or skip for (previous, _, skip), _ in used):
            y = self._mixed(self.first, first, x)
        direct = self.input_edge(x) if any(given for (_, given, _), _ in used) else x
        after: dict[tuple[int, int], Tensor] = {}
        outputs = []
        for (previous, given, skip), weight in used:
            if (previous, given) not in after:
                terms = ([y] if previous else []) + ([direct] if given else [])
                after[previous, given] = self._mixed(self.second, second, self.join(terms))
            ends = [after[previous, given]] + ([self.skip_edge(y)] if skip else [])
            outputs.append(weight * self.join(ends))
        return torch.stack(outputs).sum(0)

    def _mixed(self, operations: nn.ModuleDict, weights: Mapping[Option, float], x: Tensor) -> Tensor:
        used = [(self.names[cast(int, option)], weight) for option, weight in weights.items() if weight]
        return torch.stack([weight * operations[name](x) for name, weight in used]).sum(0)

    def chosen(self, options: Sequence[Option]) -> Cell:
        """The block of one option a mixture."""
        o0, o1, flags = cast(tuple[int, int, Flags], tuple(options))
        return (o0, o1, *flags)


class GroupedCells(nn.Module):
    """The same block of E networks: (B, E * C, H, W) -> the same."""

    def __init__(self, cells: Sequence[SearchCell], choices: Sequence[Cell]) -> None:
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


class Residual(nn.Module):
    """The benchmark's reduction: CBR 3x3 stride 2, CBR 3x3, beside CBR 2x2 stride 2; nothing after the sum."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.main = nn.Sequential(ConvBNReLU(c_in, c_out, 3, 2), ConvBNReLU(c_out, c_out, 3))
        self.shortcut = ConvBNReLU(c_in, c_out, 2, 2, padding=0)

    def forward(self, x: Tensor) -> Tensor:
        return self.main(x) + self.shortcut(x)


def reduction(kind: str, channels: int) -> nn.Module:
    if kind == "light":
        return LightReduction(ConvBNReLU(channels, 2 * channels, 1))
    return Residual(channels, 2 * channels)


def head(channels: int, classes: int) -> nn.Module:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


NETWORK = NetworkPart(stem=stem, cell=SearchCell, reduction=reduction, head=head, grouped=GroupedCells)
