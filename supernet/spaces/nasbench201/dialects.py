"""How files of others spell a cell of NAS-Bench-201.

`string` and `index` are the benchmark's own. `nested` is what its authors' code prints of a genotype: for each node
its (operation, source) pairs. `naslib` is NASLib's: six ints, but of another order of edges and operations than `ints`,
this project's; a row of six ints does not tell which of the two it is.
"""

from __future__ import annotations

import re
from typing import Any

from supernet.spaces.dialect import INDEX, INTS, STRING, Dialect, index_reader, integers, literal
from supernet.spaces.nasbench201.graph import EDGES, OPERATIONS, OUTPUT, official_order
from supernet.spaces.space import Cell, parse_ints

FORM = "|op~0|+|op~0|op~1|+|op~0|op~1|op~2|"
_TEXT = re.compile(r"\|(\w+)~0\|\+\|(\w+)~0\|(\w+)~1\|\+\|(\w+)~0\|(\w+)~1\|(\w+)~2\|")
NASLIB_OPERATIONS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
NASLIB_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
_TWO_NODES = re.compile(r"\D{0,8}(\d)\D{1,8}(\d)\D{0,2}")


def read_string(text: str) -> Cell:
    """The cell that the benchmark's string names; ValueError with what is wrong."""
    match = _TEXT.fullmatch(text.strip())
    if not match:
        raise ValueError(f"architecture: {text!r:.120} is not of the form {FORM}")
    for name in match.groups():
        if name not in OPERATIONS:
            raise ValueError(f"architecture: operation {name!r} is not one of {', '.join(OPERATIONS)}")
    return tuple(OPERATIONS.index(name) for name in match.groups())


def parse(text: str) -> Cell:
    """The cell of '|op~0|+|op~0|op~1|+|op~0|op~1|op~2|' or of six ints such as '3 1 0 3 1 3'; else ValueError."""
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


def _cell(operations: dict[tuple[int, int], Any], text: str) -> Cell:
    """The cell with these operations, by name, on its edges."""
    if set(operations) != set(EDGES):
        lacking = [f"{source}-{target}" for source, target in EDGES if (source, target) not in operations]
        raise ValueError(
            f"{text[:60]!r} has not one operation for each edge (lacking {', '.join(lacking) or 'none'})"
        )
    for name in operations.values():
        if not isinstance(name, str) or name not in OPERATIONS:
            raise ValueError(f"operation {str(name)[:40]!r} is not one of {', '.join(OPERATIONS)}")
    return tuple(OPERATIONS.index(operations[edge]) for edge in EDGES)


def _nested(text: str) -> Cell:
    """[(('op', 0),), (('op', 0), ('op', 1)), (('op', 0), ('op', 1), ('op', 2))], tuples or lists."""
    nodes, found = literal(text), {}
    try:
        if len(nodes) != OUTPUT:
            raise ValueError
        for target, node in enumerate(nodes, 1):
            for name, source in node:
                if type(source) is not int or (source, target) in found:
                    raise ValueError
                found[source, target] = name
    except (TypeError, ValueError):
        raise ValueError(f"{text[:60]!r} is not {OUTPUT} nodes of (operation, source) pairs") from None
    return _cell(found, text)


def _edges(text: str) -> Cell:
    """{'0-1': 'op', ...}, {(0, 1): 'op', ...} or {'1<-0': 'op', ...}: an edge leads to the higher node."""
    edges, found = literal(text), {}
    if not isinstance(edges, dict):
        raise ValueError(f"{text[:60]!r} is no dictionary of edges")
    for key, name in edges.items():
        match = _TWO_NODES.fullmatch(str(key)[:40])
        edge = tuple(sorted(map(int, match.groups()))) if match else ()
        if edge not in EDGES or edge in found:
            raise ValueError(f"{str(key)[:40]!r} is not an edge such as '0-1', (0, 1) or '1<-0', each once")
        found[edge] = name
    return _cell(found, text)


def _naslib(text: str) -> Cell:
    """Six ints in NASLib's order of edges and operations."""
    numbers = integers(text, len(EDGES), len(OPERATIONS))
    return _cell({edge: NASLIB_OPERATIONS[n] for edge, n in zip(NASLIB_EDGES, numbers, strict=True)}, text)


DIALECTS = (
    Dialect(STRING, "the benchmark's string, |op~0|+|op~0|op~1|+|op~0|op~1|op~2|", read_string),
    Dialect(
        INDEX,
        "the benchmark's index, 0 to 15624",
        index_reader(official_order, len(OPERATIONS) ** len(EDGES)),
    ),
    Dialect(
        INTS,
        f"six ints on the edges 0-1 0-2 1-2 0-3 1-3 2-3 ({', '.join(OPERATIONS)})",
        lambda text: integers(text, len(EDGES), len(OPERATIONS)),
    ),
    Dialect(
        "naslib", f"six ints on the edges 0-1 0-2 0-3 1-2 1-3 2-3 ({', '.join(NASLIB_OPERATIONS)})", _naslib
    ),
    Dialect("nested", "tuples or lists of (operation, source) for each node", _nested),
    Dialect("edges", "a dictionary from edge to operation, {'0-1': 'op', ...}", _edges),
)
