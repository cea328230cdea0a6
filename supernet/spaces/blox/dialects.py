"""How files of others spell a model of Blox."""

from __future__ import annotations

from supernet.spaces.blox.space import BLOCKS, Blox
from supernet.spaces.dialect import INDEX, INTS, STRING, Dialect, index_reader, integers, literal
from supernet.spaces.space import Architecture

_SPACE = Blox()


def _vector(text: str) -> Architecture:
    """[[[O0], [O1, previous, input, skip]], ...], lists or tuples; the outer brackets may be left out."""
    return _SPACE.from_nested(literal(f"[{text}]"), text)


def _ints(text: str) -> Architecture:
    return _SPACE.checked(integers(text, _SPACE.parts * _SPACE.cell_length, 3))


DIALECTS = (
    Dialect(STRING, "the benchmark's arch_vec, [[[O0], [O1, previous, input, skip]], ...]", _vector),
    Dialect(
        INDEX, "the official number, 0 to 91124", index_reader(_SPACE.enumerate, len(BLOCKS) ** _SPACE.parts)
    ),
    Dialect(INTS, "15 ints, O0 O1 previous input skip of each stage", _ints),
)
