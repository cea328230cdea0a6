"""What a pickle may name: a few constructors of plain values and of NumPy arrays, none of which is called as it is.

Arrays are put together here from their shape, type and bytes; NumPy's own constructors never see them.
"""

from __future__ import annotations

from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

import numpy as np

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
