"""NAS-Bench-201: 5^6 = 15,625 cells of four nodes and six edges, one operation an edge; one cell everywhere.

Node 0 is the cell's input, node 3 its output; a node is the sum of its incoming edges.
Source: Dong & Yang, NAS-Bench-201 (ICLR 2020); numbers not in that paper were computed here and are tested.
"""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from supernet.spaces.dialect import Dialect
from supernet.spaces.expressions import INPUT, Expression, Rules
from supernet.spaces.graph import SINK, SOURCE, Graph, Node
from supernet.spaces.graph import pruned as pruned_graph
from supernet.spaces.nasbench201.dialects import DIALECTS, parse
from supernet.spaces.nasbench201.graph import (
    CONV1,
    CONV3,
    EDGE_NAMES,
    EDGES,
    NONE,
    OPERATIONS,
    OUTPUT,
    SKIP,
    cell_function,
    edge_function,
    function_code,
    live_edges,
    official_order,
    positions,
    pruned,
    representatives,
    stand_alone_form,
    stand_alone_function,
)
from supernet.spaces.place_masks import PlaceMasked
from supernet.spaces.space import (
    Architecture,
    Cell,
    Cost,
    Edge,
    Importer,
    Size,
    add_costs,
    image_sides,
)

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
class NasBench201(PlaceMasked):
    """The cells of NAS-Bench-201 under a mask; it may also hold operations on one edge, as 'none@0-3'."""

    name: ClassVar[str] = "nasbench201"
    title: ClassVar[str] = "NAS-Bench-201"
    drawn_as: ClassVar[str] = "cell"
    operations: ClassVar[tuple[str, ...]] = OPERATIONS
    parts: ClassVar[int] = 1
    cell_length: ClassVar[int] = len(EDGES)
    choice_points: ClassVar[tuple[str, ...]] = EDGE_NAMES
    places: ClassVar[tuple[str, ...]] = EDGE_NAMES
    place_is: ClassVar[tuple[str, str, str]] = ("an", "edge", "on")
    published: ClassVar[Size] = Size(channels=16, stages=3, cells_per_stage=5)
    linear_transformers: ClassVar[tuple[str, ...]] = ("none", "skip", "skip+pool")
    layer_names: ClassVar[dict[str, str]] = {"live_convolutions": "live convolutions"}
    layers: ClassVar[str] = "live_convolutions"
    masks_also: ClassVar[str] = "also on one edge, as none@0-3"
    # Means over seeds at 200 epochs. Source: Dong & Yang (ICLR 2020), table 5, the best architectures.
    published_best: ClassVar[dict[str, tuple[float, int]]] = {
        "cifar10_test": (94.3733, 6111),
        "cifar100_test": (73.5133, 9930),
        "imagenet16_test": (47.3111, 857),
    }
    importer: ClassVar[Importer] = Importer(
        module="supernet.spaces.nasbench201.importer",
        help="NAS-Bench-201: the NATS-Bench topology release (folder or single file) or the older .pth",
        source="NATS-tss-v1_0-3ffb9-simple, NATS-tss-v1_0-3ffb9.pickle.pbz2 or NAS-Bench-201-v1_1-096897.pth",
        data=("cifar10", "cifar100", "imagenet16"),
        options={
            "--curves": {
                "choices": ("mean", "seeds", "none"),
                "default": "mean",
                "help": "values of every epoch: means over seeds (the default), single seeds too, or none",
            }
        },
    )

    @property
    def allowed_by_point(self) -> tuple[tuple[int, ...], ...]:
        """Indices of the operations that the mask leaves on each edge."""
        return self.allowed_by_place

    def counts(self) -> dict[str, int]:
        """raw: cells of allowed operations. valid: those with a path from input to output. unique: distinct
        functions among the valid, as the benchmark counts (6,461 unmasked). The others are of all raw cells,
        disconnected ones too: benchmark_functions (6,466, the published number); live and
        live_zero_in_zero_out: distinct `pruned` forms; supernet_functions and stand_alone_functions: distinct
        functions of shared weights and of weights of their own (graph.py)."""
        cells = list(self.enumerate())
        distinct: dict[str, Callable[[Cell], Hashable]] = {
            "benchmark_functions": function_code,
            "live": lambda cell: pruned(cell, False),
            "live_zero_in_zero_out": lambda cell: pruned(cell, True),
            "supernet_functions": lambda cell: cell_function(cell, Rules()),
            "stand_alone_functions": stand_alone_function,
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

    def canonical(self, architecture: Architecture) -> Architecture:
        """First cell, in the benchmark's order, of those that the benchmark counts as the same function.

        The same under every mask, so that it identifies a function; it may itself use a masked operation."""
        return representatives()[function_code(architecture)]

    def stand_alone_form(self, architecture: Architecture) -> Architecture:
        """One cell for each of 5,260 classes; see graph.py."""
        return stand_alone_form(architecture)

    def live_form(self, architecture: Architecture) -> Architecture:
        """With none on edges that do not lead to the output. Edges out of a node that is zero are computed."""
        return pruned(architecture, False)

    def index(self, architecture: Architecture) -> int:
        """The benchmark's own index, 0..15,624."""
        return positions()[architecture]

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
        return DIALECTS

    def parse(self, text: str) -> Architecture:
        return parse(text)

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

    def function(self, cell: Cell, rules: Rules) -> Expression:
        return cell_function(cell, rules)

    def evaluation_order(self, cell: Cell, rules: Rules) -> Cell:
        """Its edges in order without those that do nothing."""
        return pruned(cell, rules.keeps_zero)

    def plain_expressions(self, cell: Cell, rules: Rules) -> list[Expression]:
        """Of every edge, dead or not."""
        return [edge_function(edge, operation, INPUT, rules) for edge, operation in enumerate(cell)]

    def edges(self, architecture: Architecture) -> tuple[Edge, ...]:
        """The six edges; live: as far as zero in is zero out."""
        live = live_edges(architecture, zero_in_zero_out=True)
        return tuple(
            Edge(source, target, OPERATIONS[operation], number in live)
            for number, ((source, target), operation) in enumerate(zip(EDGES, architecture, strict=True))
        )

    @property
    def graph_labels(self) -> tuple[tuple[str, int], ...]:
        return tuple((name, 0) for name in OPERATIONS if name != OPERATIONS[NONE])

    def graph(self, architecture: Architecture) -> Graph:
        """Input, the operation of each edge, output: of two edges that meet in a node, one follows the other."""
        nodes = [SOURCE, *(Node(OPERATIONS[operation]) for operation in architecture), SINK]
        ends = [(0, 0), *EDGES, (OUTPUT, OUTPUT)]  # the cell's nodes that each lies between
        lives = [True, *(operation != NONE for operation in architecture), True]
        follows = [
            (a, b)
            for (a, (_, met)), (b, (left, _)) in itertools.combinations(enumerate(ends), 2)
            if met == left and lives[a] and lives[b]
        ]
        return pruned_graph(nodes, follows)

    def layer_counts(self, architecture: Architecture) -> dict[str, int]:
        """live_convolutions: of a cell, on edges that lead from its input to its output."""
        live = live_edges(architecture, zero_in_zero_out=True)
        return {"live_convolutions": sum(architecture[edge] in (CONV1, CONV3) for edge in live)}

    def draw_cell(self, rng: random.Random) -> Cell:
        """Every edge independently and uniformly over its allowed operations."""
        return tuple(rng.choices(left)[0] for left in self.allowed_by_point)

    def draw_fair_cells(self, rng: random.Random) -> list[Cell]:
        """Over the cells every edge runs through its own permutation; an edge without a choice repeats."""
        size = self.fair_group_size
        columns = (
            rng.sample(left, size) if len(left) == size else left * size for left in self.allowed_by_point
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
