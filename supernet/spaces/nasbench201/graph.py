"""The graph of a NAS-Bench-201 cell: four nodes, six edges, which are live, and which cells are one function.

Node 0 is the cell's input, node 3 its output; a node is the sum of its incoming edges. Cells are one function of shared
weights (`cell_function`) or as stand-alone networks with weights of their own.

As stand-alone networks two cells are one if their graphs are, once skips are identities, zeros are gone from sums, sums
are sorted and the convolutions are named anew: 5,260 classes among the 15,625 cells, one of which holds the 341
disconnected ones. The benchmark counts 6,466, as its code keeps zeros in sums (`function_code`).
"""

from __future__ import annotations

import functools
import itertools
import random
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from itertools import permutations

from supernet.spaces.expressions import INPUT, ZERO, Expression, Rules, applied, combined
from supernet.spaces.space import Cell

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
NONE, SKIP, CONV1, CONV3, POOL = range(5)
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))  # (source, target) of each int of a cell
EDGE_NAMES = tuple(f"{source}-{target}" for source, target in EDGES)
OUTPUT = 3


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
def positions() -> dict[Cell, int]:
    """The benchmark's index of each cell."""
    return {cell: i for i, cell in enumerate(official_order())}


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
def representatives() -> dict[str, Cell]:
    """First cell in official order of every function code."""
    first: dict[str, Cell] = {}
    for cell in official_order():
        first.setdefault(function_code(cell), cell)
    return first


@functools.cache
def cell_function(cell: Cell, rules: Rules) -> Expression:
    """What the cell computes where each edge owns its weights: equal for cells that are the same function.

    7,810 functions under the default rules, exact up to the rounding of sums taken in another order. Atoms are
    named by their module in the cell, or "relu" and "avg_pool_3x3", which have no weights and so no edge.
    """
    nodes = [INPUT]
    for node in range(1, OUTPUT + 1):
        incoming = [
            edge_function(edge, cell[edge], nodes[source], rules)
            for edge, (source, target) in enumerate(EDGES)
            if target == node
        ]
        nodes.append(combined(incoming, node if rules.mean else 1))  # node j has j incoming edges
    return nodes[OUTPUT]


def edge_function(edge: int, operation: int, value: Expression, rules: Rules) -> Expression:
    """What an edge brings from a node with that value."""
    if operation == NONE:
        return ZERO
    module = f"edges.{edge}.{OPERATIONS[operation]}"
    if operation in (CONV1, CONV3):
        return applied(module, applied("relu", value), rules.keeps_zero)
    if operation == SKIP:
        return value if rules.linear_transformers == "none" else applied(module, value)
    pooled = applied("avg_pool_3x3", value)
    return applied(f"{module}.1", pooled) if rules.linear_transformers == "skip+pool" else pooled


@functools.cache
def stand_alone_function(cell: Cell) -> Hashable:
    """Equal for cells that are the same function with weights of their own. Pooling is opaque.

    A convolution used twice, as when a skip passes its result on, is not the same as two: its uses keep one name,
    and of all namings of such convolutions the first in order counts."""
    whole = cell_function(cell, Rules())
    uses = Counter(_modules(whole))
    shared = [module for module, times in uses.items() if times > 1]
    namings = (dict(zip(shared, names, strict=True)) for names in permutations(range(len(shared))))
    return min((_renamed(whole, names) for names in namings), key=repr)


def _modules(expression: Expression) -> Iterator[str]:
    """The modules that an expression names, at any depth, each as often as it does."""
    for (name, argument), _ in expression:
        if name.startswith("edges."):
            yield name
        yield from _modules(argument)


def _renamed(expression: Expression, names: Mapping[str, int]) -> tuple[Hashable, ...]:
    """Modules by their operation, and by their new name where they have one."""
    terms = (
        (name.rpartition(".")[2], names.get(name), _renamed(argument, names), coefficient)
        for (name, argument), coefficient in expression
    )
    return tuple(sorted(terms, key=repr))


@functools.cache
def _first_of_class() -> dict[Hashable, Cell]:
    first: dict[Hashable, Cell] = {}
    for cell in official_order():
        first.setdefault(stand_alone_function(cell), cell)
    return first


def stand_alone_form(cell: Cell) -> Cell:
    """The one cell of its class that stands for all: the first in the benchmark's order, without its dead edges.

    Edges out of a node that is zero count as dead: all they can add is the bias of an affine BatchNorm."""
    return pruned(_first_of_class()[stand_alone_function(cell)], True)
