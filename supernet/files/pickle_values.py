"""What a pickle may name and refer back to, and how much it may become by that.

Names: a few constructors of plain values and of NumPy arrays, none of which is called as it is. Arrays are put together
here from their shape, type and bytes; NumPy's own constructors never see them.

References: of a pickle that is read piece by piece, texts are kept, each once, as later pieces refer back to them. A
reference to a container of a piece long gone is refused; those of `KEPT` pieces are held for it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

import numpy as np

MOST = 20_000_000  # values of one pickle, those that it refers to several times counted as often
KEPT = 4  # pieces whose dictionaries and lists can still be referred to
_CONTAINERS = (dict, list, tuple, set, frozenset)
_CONTAINER_TYPES = frozenset(_CONTAINERS)
KINDS = "biufcSU"  # bool, integers, floats, complex, bytes, text
_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_BUILTINS = ("builtins", "__builtin__")


class ArrayType:
    """Stands for numpy.dtype while a pickle is read."""

    def __init__(self, code: Any, *_: Any) -> None:
        try:
            self.type = np.dtype(code if isinstance(code, str) else code.decode("ascii"))
        except (TypeError, ValueError, AttributeError):
            raise UnpicklingError(f"the array type {code!r:.40} is not one of numbers or text") from None
        if self.type.kind not in KINDS:
            raise UnpicklingError(f"the array type {code!r:.40} is not one of numbers or text")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = state[1].decode("ascii") if isinstance(state[1], bytes) else state[1]
        if order in ("<", ">"):
            self.type = np.dtype(order + self.type.str[1:])


class Array:
    """Stands for numpy.ndarray while a pickle is read."""

    value: np.ndarray[Any, Any]

    def __init__(self, *_: Any) -> None: ...

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, fortran, raw = state
        if not isinstance(kind, ArrayType):
            raise UnpicklingError(f"an array of {kind!r:.40} is not one of numbers or text")
        raw = raw.encode("latin1") if isinstance(raw, str) else raw
        flat: np.ndarray[Any, Any] = np.frombuffer(raw, kind.type)
        self.value = flat.reshape(shape, order="F" if fortran else "C").copy()


def _scalar(kind: ArrayType, raw: bytes | str) -> Any:
    return np.frombuffer(raw.encode("latin1") if isinstance(raw, str) else raw, kind.type)[0].item()


def _encode(text: str, encoding: str) -> bytes:
    """Bytes as Python 3 writes them in protocol 2."""
    if encoding != "latin1":
        raise UnpicklingError(f"the text encoding {encoding!r:.40} is not latin1")
    return text.encode("latin1")


ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "dtype"): ArrayType,
    ("numpy", "ndarray"): Array,
    **{(module, "_reconstruct"): Array for module in _MULTIARRAY},
    **{(module, "scalar"): _scalar for module in _MULTIARRAY},
    ("_codecs", "encode"): _encode,
    **{(module, kind.__name__): kind for module in _BUILTINS for kind in (set, frozenset)},
    **{(module, "bytes"): lambda: b"" for module in _BUILTINS},  # of protocols before 3
    ("collections", "OrderedDict"): dict,
}


def named(module: str, name: str) -> Callable[..., Any]:
    """What a pickle asks for by name; UnpicklingError if it may not have it."""
    if (module, name) not in ALLOWED:
        raise UnpicklingError(f"it asks for {module}.{name}, which is neither data nor an array")
    return ALLOWED[module, name]


def with_arrays(value: Any) -> Any:
    """`value` with arrays in place of what stands for them while a pickle is read."""
    if isinstance(value, Array):
        return value.value
    if isinstance(value, ArrayType):
        return value.type
    if isinstance(value, dict):
        return {with_arrays(key): with_arrays(item) for key, item in value.items()}
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(with_arrays(item) for item in value)
    return value


class Memo:
    """What instructions refer back to, by number: texts for ever, each once; everything else for some pieces."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}
        self.by_number: list[str] = []
        self.slots = array("I")  # of each number: 1 + which text, or 0
        self.others: dict[int, Any] = {}
        self.shares = False  # whether the piece refers back to a container
        self.turns = [0] * KEPT  # how many slots there were when each of the last pieces began

    def append(self, value: Any) -> None:
        if type(value) is str:
            self.slots.append(self._text(value))
        else:
            self.others[len(self.slots)] = value
            self.slots.append(0)

    def put(self, number: int, value: Any) -> None:
        if number == len(self.slots):
            self.append(value)
        elif number < len(self.slots) and type(value) is str:
            self.slots[number] = self._text(value)
        else:
            self.others[number] = value

    def _text(self, value: str) -> int:
        number = self.texts.get(value)
        if number is None:
            self.by_number.append(value)
            number = self.texts[value] = len(self.by_number)
        return number

    def get(self, number: int) -> Any:
        text = self.slots[number] if number < len(self.slots) else 0
        if text:
            return self.by_number[text - 1]
        if number not in self.others:
            raise UnpicklingError("it refers to an object of another part of the file")
        self.shares = self.shares or isinstance(self.others[number], _CONTAINERS)
        return self.others[number]

    def turn(self) -> None:
        """A piece has ended. What it shares with the next, the next may refer to."""
        end = self.turns.pop(0)
        gone = [n for n, value in self.others.items() if n < end and not _lasting(value)]
        for number in gone:
            del self.others[number]
        self.turns.append(len(self.slots))

    def forget_numbers(self, rows: list[Any]) -> None:
        """Rows have been read: they and their lists of floats go, which are most of a file. What else rows have in
        common, as parts of the networks that they are about, later ones may refer to."""
        gone = set(map(id, rows))
        for number in range(self.turns[-1], len(self.slots)):
            value = self.others.get(number)
            if type(value) is list and (id(value) in gone or (value and type(value[0]) is float)):
                del self.others[number]
        self.turns[-1] = len(self.slots)


def _lasting(value: Any) -> bool:
    """Functions and array types, which all pieces share."""
    return not isinstance(value, (*_CONTAINERS, float, int, bytes))


def bounded(value: Any) -> Any:
    """The value itself. UnpicklingError if it is more than MOST values once written out: a few bytes can say of sixty
    lists that each holds the last one twice, or of a list that it holds itself."""
    if type(value) in _CONTAINERS:
        bounded_count(value)
    return value


def bounded_count(value: Any, known: dict[int, int] | None = None) -> int:
    """The values in a container once written out. known: the counts of containers, by identity; one that is being
    counted has the most."""
    known = {} if known is None else known
    if id(value) not in known:
        known[id(value)] = MOST
        inner = [*value.keys(), *value.values()] if isinstance(value, dict) else value
        count = 1 + len(inner)
        if not _CONTAINER_TYPES.isdisjoint(map(type, inner)):  # few hold any
            count += sum(bounded_count(item, known) for item in inner if type(item) in _CONTAINERS)
        if count > MOST:
            raise UnpicklingError(f"its parts refer to each other so often that it is over {MOST:,} values")
        known[id(value)] = count
    return known[id(value)]
