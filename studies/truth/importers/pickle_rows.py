"""A pickled list of rows, row by row, without running anything and without holding all of it.

plain_pickle.load builds every value of a file as an object: several gigabytes for some published files. This reader
is a small machine of its own for lists, tuples, text, numbers, booleans and None, and for nothing else: any other
instruction of the pickle format is refused. Runs of floats, most of such a file, are decoded by NumPy.
Source: the format as described by Python's module pickletools.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pickle import UnpicklingError
from typing import Any, BinaryIO

import numpy as np

from supernet.files.plain_pickle import bounded

CHUNK = 1 << 22  # bytes of the file at a time
ROOM = 1 << 16  # bytes that one instruction may take
RUN = 512  # floats decoded at a time
_FLOATS = np.dtype([("code", "u1"), ("value", ">f8")])
_MARK, _TAKEN = object(), object()
# Bytes of the fixed argument of PROTO, FRAME, BINPUT, LONG_BINPUT, BINGET, LONG_BINGET, BININT1, BININT2, BININT,
# LONG1, SHORT_BINUNICODE and BINUNICODE.
_LENGTHS = dict(zip(b"\x80\x95qrhjKMJ\x8a\x8cX", (1, 8, 1, 4, 1, 4, 1, 2, 4, 1, 1, 4), strict=True))
_CONSTANTS = {b"N"[0]: None, b"\x88"[0]: True, b"\x89"[0]: False}


class _Machine:
    """Reads one instruction after the other. The list of rows is at the bottom of the stack and is never filled."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.data, self.place = file, b"", 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.shares = False  # whether lists are referred to

    def rows(self) -> Iterator[Any]:
        while True:
            if len(self.data) - self.place < ROOM:
                self.data = self.data[self.place :] + self.file.read(CHUNK)
                self.place = 0
            code = self._take(1)[0]
            if code == b"G"[0]:
                self._floats()
            elif code == b"."[0]:
                if len(self.stack) != 1 or not isinstance(self.stack[0], list):
                    raise ValueError("not a pickled list of rows: it ends as something else")
                return
            elif code in b"ea":
                values = self._since_mark() if code == b"e"[0] else [self._last()]
                target = self.stack[-1] if self.stack else None
                if not isinstance(target, list):
                    raise ValueError("a damaged pickle: values are added to what is no list")
                if len(self.stack) == 1:
                    if self.shares:
                        _check_count(values)
                    yield from _singles(values)
                    for row in values:
                        if isinstance(row, list):
                            row[:] = [_TAKEN]
                else:
                    target += values
            else:
                self._step(code)

    def _step(self, code: int) -> None:
        """One instruction that is neither a float nor about the list of rows."""
        argument = self._take(_LENGTHS[code]) if code in _LENGTHS else b""
        number = int.from_bytes(argument, "little")
        if code in b"\x80\x95":  # protocol and frame say nothing about values
            return
        if code in _CONSTANTS:
            self.stack.append(_CONSTANTS[code])
        elif code in b"KM":
            self.stack.append(number)
        elif code == b"J"[0]:
            self.stack.append(struct.unpack("<i", argument)[0])
        elif code == b"\x8a"[0]:
            self.stack.append(int.from_bytes(self._take(number), "little", signed=True))
        elif code in b"\x8cX":
            self.stack.append(self._take(number).decode())
        elif code in b"]":
            self.stack.append([])
        elif code in b"(":
            self.stack.append(_MARK)
        elif code in b")t\x85\x86\x87":
            count = b")\x85\x86\x87".find(code)
            values = self._since_mark() if count < 0 else [self._pop() for _ in range(count)][::-1]
            self.stack.append(tuple(_singles(values)))
        elif code in b"\x94qr":
            value, key = self._pop(), len(self.memo) if code == b"\x94"[0] else number
            self.memo[key] = value
            self.stack.append(value)
        elif code in b"hj" and isinstance(self.memo.get(number), (str, list)):
            self.stack.append(self.memo[number])
            self.shares = self.shares or isinstance(self.memo[number], list)
        else:
            raise ValueError(
                f"not a pickle of rows: instruction {bytes([code])!r} is not about lists, text and numbers"
            )

    def _floats(self) -> None:
        """The floats that follow one another from here, as one array on the stack."""
        begin = self.place - 1
        known = np.frombuffer(self.data, _FLOATS, (len(self.data) - begin) // _FLOATS.itemsize, begin)
        other = np.flatnonzero(known["code"][:RUN] != b"G"[0])
        run = known[: int(other[0]) if len(other) else RUN]
        if not len(run):
            raise ValueError("a damaged pickle: it ends too early")
        self.place = begin + run.nbytes
        self.stack.append(run["value"].astype(float))

    def _take(self, count: int) -> bytes:
        taken = self.data[self.place : self.place + count]
        if len(taken) < count:
            raise ValueError(
                "a damaged pickle: it ends too early" if count < ROOM else "a damaged pickle: text too long"
            )
        self.place += count
        return taken

    def _pop(self) -> Any:
        if not self.stack or self.stack[-1] is _MARK:
            raise ValueError("a damaged pickle: a value is missing")
        value = self.stack[-1]
        if isinstance(value, np.ndarray) and len(value) > 1:  # the last of a run
            self.stack[-1] = value[:-1]
            return float(value[-1])
        self.stack.pop()
        return float(value[0]) if isinstance(value, np.ndarray) else value

    def _last(self) -> Any:
        """The last value; a float as an array (1,), as in longer lists."""
        value = self._pop()
        return np.array([value]) if type(value) is float else value

    def _since_mark(self) -> list[Any]:
        for place in range(len(self.stack) - 1, -1, -1):
            if self.stack[place] is _MARK:
                values = self.stack[place + 1 :]
                del self.stack[place:]
                return values
        raise ValueError("a damaged pickle: a mark is missing")


def _check_count(values: list[Any]) -> None:
    """ValueError for rows that a few bytes made endless: lists that hold the last list twice, or themselves."""
    try:
        bounded(values)
    except UnpicklingError as error:
        raise ValueError(f"not a pickle of rows: {error}") from None


def _singles(values: list[Any]) -> Iterator[Any]:
    """The values of a list or tuple; runs of floats one by one, inner lists as by `_whole`."""
    for value in values:
        if isinstance(value, np.ndarray):
            yield from value.tolist()
        elif value is _TAKEN:
            raise ValueError("not a pickle of rows: two rows share a list of numbers")
        else:
            yield _whole(value) if isinstance(value, list) else value


def _whole(values: list[Any]) -> Any:
    """A list of floats alone as an array (n,), any other as a list.

    A pickle may refer back to a list, so that lists are kept while it is read; but not the floats."""
    if values and all(isinstance(value, np.ndarray) for value in values):
        result = np.concatenate(values)
        values[:] = [_TAKEN]
        return result
    return list(_singles(values))


def pickled_rows(file: BinaryIO) -> Iterator[Any]:
    """The items of the list that `file` holds, from its current position; lists of floats as arrays (n,).

    Raises ValueError, to follow the name of the file, for anything but plain values, and for a damaged file."""
    try:
        yield from _Machine(file).rows()
    except UnicodeDecodeError as error:
        raise ValueError(f"a damaged pickle: {error}") from None
    except RecursionError:
        raise ValueError("not a pickle of rows: it is nested too deeply") from None
