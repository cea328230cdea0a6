"""The graph of a NAS-Bench-201 cell: four nodes, six edges, which of them are live, and the official list of cells.

Node 0 is the cell's input, node 3 its output; a node is the sum of its incoming edges.
"""

from __future__ import annotations

import functools
import itertools
import random

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
