"""Which NAS-Bench-201 cells are one function: of shared weights, or as stand-alone networks with weights of their own.

As stand-alone networks two cells are one if their graphs are, once skips are identities, zeros are gone from sums, sums
are sorted and the convolutions are named anew: 5,260 classes among the 15,625 cells, one of which holds the 341
disconnected ones. The benchmark counts 6,466, as its code keeps zeros in sums (`function_code`).
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from itertools import permutations

from supernet.spaces.expressions import INPUT, ZERO, Expression, Rules, applied, combined
from supernet.spaces.nasbench201.graph import (
    CONV1,
    CONV3,
    EDGES,
    NONE,
    OPERATIONS,
    OUTPUT,
    SKIP,
    official_order,
    pruned,
)
from supernet.spaces.space import Cell


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
