"""NAS-Bench-201: 5^6 = 15,625 cells of four nodes and six edges, one operation an edge; one cell everywhere.

Node 0 is the cell's input, node 3 its output; a node is the sum of its incoming edges.
Source: Dong & Yang, NAS-Bench-201 (ICLR 2020); numbers not in that paper were computed here and are tested.
"""

from __future__ import annotations

import functools
import itertools
import random
import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from supernet.spaces import edge_masks
from supernet.spaces.dialect import Dialect
from supernet.spaces.space import (
    Architecture,
    Cell,
    Cost,
    Edge,
    Size,
    Space,
    add_costs,
    image_sides,
    parse_ints,
)

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
NONE, SKIP, CONV1, CONV3, POOL = range(5)
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))  # (source, target) of each int of a cell
EDGE_NAMES = tuple(f"{source}-{target}" for source, target in EDGES)
OUTPUT = 3

FORM = "|op~0|+|op~0|op~1|+|op~0|op~1|op~2|"
_TEXT = re.compile(r"\|(\w+)~0\|\+\|(\w+)~0\|(\w+)~1\|\+\|(\w+)~0\|(\w+)~1\|(\w+)~2\|")


def read_string(text: str) -> Cell:
    """The cell that the benchmark's string names; ValueError with what is wrong."""
    match = _TEXT.fullmatch(text.strip())
    if not match:
        raise ValueError(f"architecture: {text!r:.120} is not of the form {FORM}")
    for name in match.groups():
        if name not in OPERATIONS:
            raise ValueError(f"architecture: operation {name!r} is not one of {', '.join(OPERATIONS)}")
    return tuple(OPERATIONS.index(name) for name in match.groups())


@functools.cache
def official_order() -> tuple[Cell, ...]:
    """All 15,625 cells in the order of the benchmark's own index.

    The benchmark's generator lists the cells with the first edge slowest and shuffles the list with Python's
    `random` seeded by 88; so its order is computed here and no file of the benchmark is needed.
    """
    cells = list(itertools.product(range(len(OPERATIONS)), repeat=len(EDGES)))
    random.Random(88).shuffle(cells)
    # The first entry of the benchmark's file: fails if a future Python should shuffle differently.
    assert cells[0] == (POOL, CONV1, SKIP, CONV1, SKIP, SKIP)
    return tuple(cells)


@functools.cache
def _positions() -> dict[Cell, int]:
    return {cell: i for i, cell in enumerate(official_order())}


# Equal functions


@functools.cache
def function_code(cell: Cell) -> str:
    """Dong & Yang's string code: equal for cells that the benchmark counts as one function (6,466 codes).

    Skip is the identity, an edge out of a zero node is zero, the terms of a sum are sorted. It is not the
    full equivalence: zeros ('#') stay in sums, a sum of zeros does not count as zero, and a sum that a skip
    passes on is sorted as one text (so that even the spelling of the operations matters). With these quirks
    its classes are exactly the benchmark's.
    """
    code = {0: "0"}
    for node in range(1, OUTPUT + 1):
        terms = []
        for (source, target), operation in zip(EDGES, cell, strict=True):
            if target != node:
                continue
            if operation == NONE or code[source] == "#":
                terms.append("#")
            elif operation == SKIP:
                terms.append(code[source])
            else:
                terms.append(f"({code[source]})@{OPERATIONS[operation]}")
        code[node] = "+".join(sorted(terms))
    return code[OUTPUT]


@functools.cache
def _representatives() -> dict[str, Cell]:
    """First cell in official order of every function code."""
    first: dict[str, Cell] = {}
    for cell in official_order():
        first.setdefault(function_code(cell), cell)
    return first


@functools.cache
def live_edges(cell: Cell, zero_in_zero_out: bool) -> tuple[int, ...]:
    """Edges (indices into EDGES) that a network must compute.

    Left out are edges whose operation is none and edges whose target does not reach the output. With
    `zero_in_zero_out` also edges out of a node that is identically zero: exact only if every operation maps
    zero to zero, as convolutions without bias do under BatchNorm with batch statistics and no affine bias.
    """
    useful = {OUTPUT}
    for (source, target), operation in zip(reversed(EDGES), reversed(cell), strict=True):
        if operation != NONE and target in useful:
            useful.add(source)
    nonzero = {0}
    for (source, target), operation in zip(EDGES, cell, strict=True):
        if operation != NONE and source in nonzero:
            nonzero.add(target)
    return tuple(
        edge
        for edge, (source, target) in enumerate(EDGES)
        if cell[edge] != NONE and target in useful and (source in nonzero or not zero_in_zero_out)
    )


def pruned(cell: Cell, zero_in_zero_out: bool) -> Cell:
    """The cell with every edge that is not live set to none.

    Cells with equal pruned forms are the same network even where each edge owns its weights: 12,205 forms,
    with `zero_in_zero_out` 9,445."""
    live = live_edges(cell, zero_in_zero_out)
    return tuple(operation if edge in live else NONE for edge, operation in enumerate(cell))


# Cost


def _convolution(inputs: int, outputs: int, kernel: int, side: int, norm: bool = True) -> Cost:
    """Convolution without bias giving a (outputs, side, side) image, and an affine BatchNorm."""
    weights = inputs * outputs * kernel * kernel
    macs = weights * side * side
    return Cost(weights + 2 * outputs * norm, macs, macs)


def _reduction(channels: int, side: int, kind: str) -> list[Cost]:
    """From (channels, side, side) to twice the channels on half the side."""
    wide = 2 * channels
    shortcut = _convolution(channels, wide, 1, side // 2, norm=False)  # after average pooling 2x2
    if kind == "light":
        return [shortcut]
    strided = (side + 1) // 2
    return [_convolution(channels, wide, 3, strided), _convolution(wide, wide, 3, strided), shortcut]


@functools.cache
def _costs(size: Size) -> tuple[Cost, Cost, Cost]:
    """Cost of all that is fixed, of choosing nor_conv_1x1 on one edge, and nor_conv_3x3 (in every cell)."""
    sides = image_sides(size, size.stages - 1)
    widths = [size.channels << stage for stage in range(size.stages)]
    last = widths[-1]
    fixed = [_convolution(size.image_channels, size.channels, 3, size.image_size)]
    for width, side in zip(widths[:-1], sides[:-1], strict=True):
        fixed += _reduction(width, side, size.reduction)
    linear = last * size.classes
    fixed.append(Cost(2 * last + linear + size.classes, linear, linear))
    one, three = (
        add_costs(
            _convolution(width, width, kernel, side)
            for width, side in zip(widths, sides, strict=True)
            for _ in range(size.cells_per_stage)
        )
        for kernel in (1, 3)
    )
    return add_costs(fixed), one, three


@dataclass(frozen=True)
class NasBench201(Space):
    """The cells of NAS-Bench-201 under a mask; it may also hold operations on one edge, as 'none@0-3'."""

    name: ClassVar[str] = "nasbench201"
    title: ClassVar[str] = "NAS-Bench-201"
    drawn_as: ClassVar[str] = "cell"
    operations: ClassVar[tuple[str, ...]] = OPERATIONS
    parts: ClassVar[int] = 1
    cell_length: ClassVar[int] = len(EDGES)
    choice_points: ClassVar[tuple[str, ...]] = EDGE_NAMES
    published: ClassVar[Size] = Size(channels=16, stages=3, cells_per_stage=5)
    linear_transformers: ClassVar[tuple[str, ...]] = ("none", "skip", "skip+pool")
    layer_names: ClassVar[dict[str, str]] = {"live_convolutions": "live convolutions"}

    def __post_init__(self) -> None:
        super().__post_init__()
        for edge, left in zip(EDGE_NAMES, self.allowed_by_edge, strict=True):
            if not left:
                raise ValueError(f"mask: {', '.join(self.mask)} leaves no operation on edge {edge}")

    def official_mask(self) -> tuple[str, ...]:
        return edge_masks.shortest(self.allowed_by_edge, OPERATIONS, EDGE_NAMES)

    def within(self, other: Space) -> bool:
        if not isinstance(other, NasBench201):
            return False
        return all(map(lambda a, b: set(a) <= set(b), self.allowed_by_edge, other.allowed_by_edge))

    @functools.cached_property
    def allowed_by_edge(self) -> tuple[tuple[int, ...], ...]:
        """Indices of the operations that the mask leaves on each edge."""
        return edge_masks.allowed_by_edge(self.mask, OPERATIONS, EDGE_NAMES)

    def counts(self) -> dict[str, int]:
        """raw: cells of allowed operations. valid: those with a path from input to output. unique: distinct
        functions among the valid, as the benchmark counts (6,461 unmasked). The others are of all raw cells,
        disconnected ones too: benchmark_functions (6,466, the published number); live and
        live_zero_in_zero_out: distinct `pruned` forms; supernet_functions and stand_alone_functions: distinct
        functions of shared weights and of weights of their own (`nasbench201_functions`)."""
        from supernet.spaces.expressions import Rules
        from supernet.spaces.nasbench201 import functions

        cells = list(self.enumerate())
        distinct: dict[str, Callable[[Cell], Hashable]] = {
            "benchmark_functions": function_code,
            "live": lambda cell: pruned(cell, False),
            "live_zero_in_zero_out": lambda cell: pruned(cell, True),
            "supernet_functions": lambda cell: functions.cell_function(cell, Rules()),
            "stand_alone_functions": functions.stand_alone_function,
        }
        return {
            "raw": len(cells),
            "valid": sum(self.is_valid(cell) for cell in cells),
            "unique": sum(1 for _ in self.unique()),
            **{key: len({code(cell) for cell in cells}) for key, code in distinct.items()},
        }

    def is_valid(self, architecture: Architecture) -> bool:
        """Whether a path without none leads from input to output (15,284 of 15,625 cells)."""
        return bool(live_edges(architecture, True))

    def in_mask(self, architecture: Architecture) -> bool:
        """Whether no edge, dead or live, has a masked operation."""
        return all(op in left for op, left in zip(architecture, self.allowed_by_edge, strict=True))

    def canonical(self, architecture: Architecture) -> Architecture:
        """First cell, in the benchmark's order, of those that the benchmark counts as the same function.

        The same under every mask, so that it identifies a function; it may itself use a masked operation."""
        return _representatives()[function_code(architecture)]

    def stand_alone_form(self, architecture: Architecture) -> Architecture:
        """One cell for each of 5,260 classes; see `nasbench201_functions`."""
        from supernet.spaces.nasbench201.functions import stand_alone_form  # it builds on this module

        return stand_alone_form(architecture)

    def index(self, architecture: Architecture) -> int:
        """The benchmark's own index, 0..15,624."""
        return _positions()[architecture]

    def enumerate(self) -> Iterator[Architecture]:
        """The allowed cells, valid or not, in the order of the benchmark's index."""
        return filter(self.in_mask, official_order())

    def unique(self) -> Iterator[Architecture]:
        """The valid allowed cells, the first of each function in the order of the benchmark's index."""
        seen: set[str] = set()
        for cell in self.enumerate():
            code = function_code(cell)
            if code not in seen and self.is_valid(cell):
                seen.add(code)
                yield cell

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        from supernet.spaces.nasbench201.dialects import DIALECTS  # they build on this module

        return DIALECTS

    def parse(self, text: str) -> Architecture:
        """From '|op~0|+|op~0|op~1|+|op~0|op~1|op~2|' or six ints such as '3 1 0 3 1 3'."""
        cell = parse_ints(text)
        if cell is None:
            if not _TEXT.fullmatch(text.strip()):
                raise ValueError(
                    f"architecture: {text!r} is neither of the form {FORM} nor {len(EDGES)} integers"
                )
            return read_string(text)
        if len(cell) != len(EDGES) or max(cell) >= len(OPERATIONS):
            raise ValueError(
                f"architecture: {text!r} is not {len(EDGES)} integers between 0 and {len(OPERATIONS) - 1} "
                f"({', '.join(OPERATIONS)})"
            )
        return cell

    def text(self, architecture: Architecture) -> str:
        """|op~0|+|op~0|op~1|+|op~0|op~1|op~2|: incoming edges of nodes 1, 2 and 3, each with its source."""
        names = [OPERATIONS[operation] for operation in architecture]
        return "|{}~0|+|{}~0|{}~1|+|{}~0|{}~1|{}~2|".format(*names)

    def formula(self, architecture: Architecture) -> str:
        """For example 'n1 = nor_conv_3x3(n0); n2 = 0; n3 = n0 + avg_pool_3x3(n1)'."""
        nodes = []
        for node in range(1, OUTPUT + 1):
            terms = [
                f"n{source}" if operation == SKIP else f"{OPERATIONS[operation]}(n{source})"
                for (source, target), operation in zip(EDGES, architecture, strict=True)
                if target == node and operation != NONE
            ]
            nodes.append(f"n{node} = {' + '.join(terms) or '0'}")
        return "; ".join(nodes)

    def cost(self, architecture: Architecture, size: Size | None = None) -> Cost:
        """Dead edges count, as in the benchmark; flops = macs, which the benchmark publishes as FLOPs.

        At the published size params = 73,306 + 28,000 * nor_conv_1x1 + 243,040 * nor_conv_3x3."""
        fixed, one, three = _costs(size or self.published)
        ones, threes = architecture.count(CONV1), architecture.count(CONV3)
        return Cost(*(f + ones * a + threes * b for f, a, b in zip(fixed, one, three, strict=True)))

    def edges(self, architecture: Architecture) -> tuple[Edge, ...]:
        """The six edges; live: as far as zero in is zero out."""
        live = live_edges(architecture, zero_in_zero_out=True)
        return tuple(
            Edge(source, target, OPERATIONS[operation], number in live)
            for number, ((source, target), operation) in enumerate(zip(EDGES, architecture, strict=True))
        )

    def layer_counts(self, architecture: Architecture) -> dict[str, int]:
        """live_convolutions: of a cell, on edges that lead from its input to its output."""
        live = live_edges(architecture, zero_in_zero_out=True)
        return {"live_convolutions": sum(architecture[edge] in (CONV1, CONV3) for edge in live)}

    def draw_cell(self, rng: random.Random) -> Cell:
        """Every edge independently and uniformly over its allowed operations."""
        return tuple(rng.choices(left)[0] for left in self.allowed_by_edge)

    @property
    def fair_group_size(self) -> int:
        """Allowed operations of an edge that has a choice: all such edges need equally many.

        An edge that is left with one operation is no choice point: like the stem, each path uses it."""
        by_size: dict[int, list[str]] = {}
        for edge, left in zip(EDGE_NAMES, self.allowed_by_edge, strict=True):
            by_size.setdefault(len(left), []).append(edge)
        sizes = set(by_size) - {1}
        if len(sizes) > 1:
            found = "; ".join(f"{size} on {', '.join(edges)}" for size, edges in sorted(by_size.items()))
            raise ValueError(
                "kind: 'fair' needs equally many operations on all edges that have a choice; the mask "
                f"{', '.join(self.mask)} leaves {found}"
            )
        return max(sizes, default=1)

    def draw_fair_cells(self, rng: random.Random) -> list[Cell]:
        """Over the cells every edge runs through its own permutation; an edge without a choice repeats."""
        size = self.fair_group_size
        columns = (
            rng.sample(left, size) if len(left) == size else left * size for left in self.allowed_by_edge
        )
        return list(zip(*columns, strict=True))

    def listed_cells(self, kind: str) -> tuple[Cell, ...]:
        """'no-trash': the cells with a path from input to output, 15,284 unmasked. 'de-isomorphism': the first cell,
        in the benchmark's order, of each function as the benchmark counts, 6,466 unmasked; the few functions without a
        path are among them, once each."""
        if kind == "no-trash":
            cells = tuple(filter(self.is_valid, self.enumerate()))
        elif kind == "de-isomorphism":
            first: dict[str, Cell] = {}
            for cell in self.enumerate():
                first.setdefault(function_code(cell), cell)
            cells = tuple(first.values())
        else:
            return ()
        if not cells:
            raise ValueError(
                f"kind: {kind!r} needs a connected cell; the mask {', '.join(self.mask)} leaves none"
            )
        return cells

    def cells_by_nonlinear_operations(self) -> dict[int, list[Cell]]:
        """The valid allowed cells by their number of convolutions (dead ones too), 0..6."""
        groups: dict[int, list[Cell]] = {}
        for cell in filter(self.is_valid, self.enumerate()):
            groups.setdefault(cell.count(CONV1) + cell.count(CONV3), []).append(cell)
        return dict(sorted(groups.items()))
