"""Pickle files of strangers, read without running anything that they say.

A pickle is a program that may call any function. This reader knows built-in containers, numbers, text and NumPy
arrays of numbers or text; whatever else a file names is refused. Even NumPy's own constructors are not called: arrays
are put together here from their shape, type and bytes.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

MOST = 20_000_000  # values of one pickle, those that it refers to several times counted as often
_CONTAINERS = (dict, list, tuple, set, frozenset)
KINDS = "biufcSU"  # bool, integers, floats, complex, bytes, text
_NAMES_OF_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")


class _Type:
    """Stands for numpy.dtype while a pickle is read."""

    def __init__(self, code: Any, *_: Any) -> None:
        try:
            self.type = np.dtype(code if isinstance(code, str) else code.decode("ascii"))
        except (TypeError, ValueError, AttributeError):
            raise pickle.UnpicklingError(
                f"the array type {code!r:.40} is not one of numbers or text"
            ) from None
        if self.type.kind not in KINDS:
            raise pickle.UnpicklingError(f"the array type {code!r:.40} is not one of numbers or text")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = state[1].decode("ascii") if isinstance(state[1], bytes) else state[1]
        if order in ("<", ">"):
            self.type = np.dtype(order + self.type.str[1:])


class _Array:
    """Stands for numpy.ndarray while a pickle is read."""

    value: np.ndarray[Any, Any]

    def __init__(self, *_: Any) -> None: ...

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, fortran, raw = state
        if not isinstance(kind, _Type):
            raise pickle.UnpicklingError(f"an array of {kind!r:.40} is not one of numbers or text")
        raw = raw.encode("latin1") if isinstance(raw, str) else raw
        flat: np.ndarray[Any, Any] = np.frombuffer(raw, kind.type)
        self.value = flat.reshape(shape, order="F" if fortran else "C").copy()


def _scalar(kind: _Type, raw: bytes | str) -> Any:
    return np.frombuffer(raw.encode("latin1") if isinstance(raw, str) else raw, kind.type)[0].item()


def _encode(text: str, encoding: str) -> bytes:
    """Bytes as Python 3 writes them in protocol 2."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"the text encoding {encoding!r:.40} is not latin1")
    return text.encode("latin1")


class _Function:
    """A function that a pickle may call and not change."""

    __slots__ = ("function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("it changes a function")


ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "dtype"): _Type,
    ("numpy", "ndarray"): _Array,
    **{(module, "_reconstruct"): _Array for module in _NAMES_OF_MULTIARRAY},
    **{(module, "scalar"): _Function(_scalar) for module in _NAMES_OF_MULTIARRAY},
    ("_codecs", "encode"): _Function(_encode),
    **{(module, kind.__name__): kind for module in ("builtins", "__builtin__") for kind in (set, frozenset)},
    **{
        (module, "bytes"): _Function(lambda: b"") for module in ("builtins", "__builtin__")
    },  # of protocols before 3
    ("collections", "OrderedDict"): dict,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is neither data nor an array")
        return ALLOWED[module, name]

    def persistent_load(self, reference: Any) -> Any:
        raise pickle.UnpicklingError("it refers to data outside itself")


def load(file: BinaryIO, encoding: str = "ASCII") -> Any:
    """The value in a pickle file; NumPy scalars come as Python numbers.

    encoding: of text written by Python 2, as for pickle.load ('bytes' keeps it as it is). ValueError, to follow the
    name of the file, if it is damaged, holds anything but plain values and arrays, or is more than MOST values once
    written out.
    """
    try:
        return plain(bounded(_Reader(file, encoding=encoding).load()))
    except pickle.UnpicklingError as error:
        raise ValueError(f"not a pickle of plain values and arrays: {error}") from None
    except RecursionError:
        raise ValueError("not a pickle of plain values and arrays: it is nested too deeply") from None
    except (EOFError, OSError):
        raise ValueError("a damaged pickle: it ends too early") from None
    except Exception as error:
        # Damaged bytes make the reader fail in many ways.
        raise ValueError(f"a damaged pickle ({type(error).__name__}: {error})") from None


def bounded(value: Any) -> Any:
    """The value itself. UnpicklingError if it is more than MOST values once written out: a few bytes can say of sixty
    lists that each holds the last one twice, or of a list that it holds itself."""
    if type(value) in _CONTAINERS:
        _count(value, {})
    return value


def _count(value: Any, known: dict[int, int]) -> int:
    """known: the counts of containers, by identity; one that is being counted has the most."""
    if id(value) not in known:
        known[id(value)] = MOST
        inner = [*value.keys(), *value.values()] if isinstance(value, dict) else value
        count = 1 + len(inner) + sum(_count(item, known) for item in inner if type(item) in _CONTAINERS)
        if count > MOST:
            raise pickle.UnpicklingError(
                f"its parts refer to each other so often that it is over {MOST:,} values"
            )
        known[id(value)] = count
    return known[id(value)]


def plain(value: Any) -> Any:
    """`value` with arrays in place of what stands for them while a pickle is read."""
    if isinstance(value, _Array):
        return value.value
    if isinstance(value, _Type):
        return value.type
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(plain(item) for item in value)
    return value
