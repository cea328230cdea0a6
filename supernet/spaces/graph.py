"""An architecture as a directed acyclic graph whose nodes are operations: what predictors learn from. Plain Python.

A space's `graph` gives every architecture the same slots in the same order; an operation that the output does not
depend on leaves its slot dead, without edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Node(NamedTuple):
    """operation: one of the space's, or what is fixed: 'input', 'output', 'reduction'. part: of the network, from 0:
    the stage, where stages differ. live: whether the output depends on it."""

    operation: str
    part: int = 0
    live: bool = True


SOURCE, SINK = Node("input"), Node("output")


class Graph(NamedTuple):
    """nodes: the slots, in topological order, input first and output last. edges: (source, target) with source <
    target, between live nodes."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[int, int], ...]


def pruned(nodes: Sequence[Node], edges: Iterable[tuple[int, int]]) -> Graph:
    """The graph whose live nodes are those on a path from the first node to the last, with the edges between them.

    Where there is no such path, input and output alone are live."""
    edges = sorted(edges)  # sources rise along every path, so that one sweep reaches everything
    reached, needed = {0}, {len(nodes) - 1}
    for source, target in edges:
        if source in reached:
            reached.add(target)
    for source, target in reversed(edges):
        if target in needed:
            needed.add(source)
    live = reached & needed
    slots = tuple(
        node._replace(live=number in live or number in (0, len(nodes) - 1))
        for number, node in enumerate(nodes)
    )
    return Graph(slots, tuple((a, b) for a, b in edges if a in live and b in live))


def chain(operations: Iterable[str], parts: Iterable[int]) -> Graph:
    """Layers one behind the other, each an operation in a part."""
    layers = [Node(operation, part) for operation, part in zip(operations, parts, strict=True)]
    nodes = [SOURCE, *layers, SINK]
    return pruned(nodes, [(number, number + 1) for number in range(len(nodes) - 1)])
