"""Which cells of NAS-Bench-201 are one function as stand-alone networks, whose weights belong to nobody else.

Two cells are if their graphs are, once skips are identities, zeros are gone from sums, sums are sorted and the
convolutions are named anew: 5,260 classes among the 15,625 cells, one of which holds the 341 disconnected ones. The
benchmark counts 6,466, as its code keeps zeros in sums (`function_code`).
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from itertools import permutations
from typing import Any, cast

from supernet.spaces.nasbench201 import official_order, pruned, supernet_function
from supernet.spaces.space import Cell

Terms = tuple[Any, ...]  # as `supernet_function` gives them: 'x' or (operation, edge that owns it, terms)


@functools.cache
def stand_alone_function(cell: Cell) -> Hashable:
    """Equal for cells that are the same function with weights of their own. Pooling is opaque.

    A convolution used twice, as when a skip passes its result on, is not the same as two: its uses keep one name,
    and of all namings of such convolutions the first in order counts."""
    terms = cast(Terms, supernet_function(cell))
    uses = Counter(_owners(terms))
    shared = [owner for owner, times in uses.items() if times > 1]
    namings = (dict(zip(shared, names, strict=True)) for names in permutations(range(len(shared))))
    return min((_renamed(terms, names) for names in namings), key=repr)


def _owners(terms: Terms) -> Iterator[int]:
    for term in terms:
        if term != "x":
            _, owner, inner = term
            if owner is not None:
                yield owner
            yield from _owners(inner)


def _renamed(terms: Terms, names: Mapping[int, int]) -> Terms:
    new = (t if t == "x" else (t[0], names.get(t[1]), _renamed(t[2], names)) for t in terms)
    return tuple(sorted(new, key=repr))


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
