"""How a model of Blox is spelled: by the benchmark, in files of others, and here."""

from __future__ import annotations

import itertools
import json
from typing import Any

from supernet.spaces.blox.blocks import BLOCKS, OPERATIONS, official_order
from supernet.spaces.dialect import INDEX, INTS, STRING, Dialect, index_reader, integers, literal
from supernet.spaces.space import Architecture, parse_ints

SHAPE = "3 x [[O0], [O1, previous, input, skip]] or 15 integers"
STAGES, FIELDS = 3, 5  # blocks of a model, ints of a block


def parse(text: str) -> Architecture:
    """From '[[[O0], [O1, previous, input, skip]], ...]' or 15 ints. Every encoding is kept as it is,
    canonical or not, valid or not."""
    numbers = parse_ints(text)
    if numbers is not None:
        if len(numbers) != STAGES * FIELDS:
            raise ValueError(f"architecture: {text!r} is not {SHAPE}")
        return _checked(numbers)
    try:
        nested = json.loads(f"[{text}]")  # the outer brackets may be left out
    except (ValueError, RecursionError):
        raise ValueError(f"architecture: {text!r} is not {SHAPE}") from None
    return _nested(nested, text)


def _nested(nested: Any, text: str) -> Architecture:
    """From the nested form in one more pair of brackets; text: what it was read from, for the message."""
    try:
        nested = nested[0] if len(nested) == 1 else nested
        stages = [(o0, *rest) for (o0,), rest in nested]
    except (ValueError, TypeError):
        raise ValueError(f"architecture: {text!r} is not {SHAPE}") from None
    if len(stages) != STAGES or any(len(stage) != FIELDS for stage in stages):
        raise ValueError(f"architecture: {text!r} is not {SHAPE}")
    return _checked(tuple(itertools.chain.from_iterable(stages)))


def _checked(numbers: tuple[int, ...]) -> Architecture:
    """The numbers, if each is one of its field's."""
    for position, value in enumerate(numbers):
        stage, field = divmod(position, FIELDS)
        name = ("O0", "O1", "previous", "input", "skip")[field]
        allowed = range(3) if field < 2 else range(2)
        if type(value) is not int or value not in allowed:
            names = f" ({', '.join(OPERATIONS)})" if field < 2 else ""
            raise ValueError(
                f"architecture: {name} of stage {stage} is {value!r}, not one of "
                f"{', '.join(map(str, allowed))}{names}"
            )
    return numbers


def _vector(text: str) -> Architecture:
    """[[[O0], [O1, previous, input, skip]], ...], lists or tuples; the outer brackets may be left out."""
    return _nested(literal(f"[{text}]"), text)


def _ints(text: str) -> Architecture:
    return _checked(integers(text, STAGES * FIELDS, 3))


DIALECTS = (
    Dialect(STRING, "the benchmark's arch_vec, [[[O0], [O1, previous, input, skip]], ...]", _vector),
    Dialect(INDEX, "the official number, 0 to 91124", index_reader(official_order, len(BLOCKS) ** STAGES)),
    Dialect(INTS, "15 ints, O0 O1 previous input skip of each stage", _ints),
)
