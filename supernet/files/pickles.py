"""Untrusted pickle files, read without executing anything in them, whole or piece by piece.

A pickle is a program that may call any function. This machine carries out its instructions for built-in containers,
numbers, text and NumPy arrays of numbers or text (pickle_values.py); whatever else a file says or names is refused. A
file larger than memory is read in pieces: each is handed over as soon as it is complete, then forgotten. What remains
are texts, each kept once.
Source: the format as described by Python's module pickletools.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Generator, Iterator
from itertools import chain
from pickle import UnpicklingError
from struct import error as StructError
from struct import unpack_from
from typing import IO, Any

import numpy as np

from supernet.files.pickle_values import (
    ALLOWED,
    MOST,
    Array,
    ArrayType,
    Memo,
    bounded,
    bounded_count,
    named,
    with_arrays,
)

CHUNK = 1 << 20  # bytes of the file at a time
LONGEST = 1 << 30  # bytes of one text or number
LINE = 1 << 20  # bytes of one line of the oldest protocol
RUN = 4096  # numbers decoded at a time
_CALLABLE = {id(value) for value in ALLOWED.values()}
_FLOATS = np.dtype([("code", "u1"), ("value", ">f8")])
_PAIRS = np.dtype([("key", "u1"), ("number", "u1"), ("code", "u1"), ("value", ">f8")])  # small int, float

Wanted = Callable[[dict[Any, Any]], bool]


def load(file: IO[bytes], encoding: str = "ASCII") -> Any:
    """The value in a pickle file; NumPy scalars come as Python numbers.

    Args:
        file: at the first byte of the pickle.
        encoding: of text written by Python 2, as for pickle.load ('bytes' keeps it as it is).

    Raises:
        ValueError: to follow the name of the file, if it is damaged, holds anything but plain values and arrays, or is
            more than MOST values once written out.
    """
    reader = Reader(file, encoding)
    for _ in reader.pieces(None):
        pass
    return reader.value


class Reader:
    """Reads the pickles of `file`, one after the other (a file may hold several)."""

    def __init__(self, file: IO[bytes], encoding: str = "ASCII") -> None:
        self.file, self.encoding = file, encoding
        self.data, self.position = b"", 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo = Memo()
        self.hashed = 0  # values in keys that are tuples, which are hashed anew each time
        self.arrays = self.types = False  # whether something stands for an array, for a type of arrays
        self.value: Any = None

    def pieces(self, wanted: Wanted | None) -> Iterator[dict[Any, Any]]:
        """Yields the dictionaries of the next value that `wanted` is true for, each once it has been filled; after
        that it is empty. What remains of the value is then in `value`.

        wanted(d) is called with every dictionary that has just been filled; None: nothing is yielded. ValueError, to
        follow the name of the file, if it is damaged or holds anything but plain values and arrays.
        """
        yield from self._refusing(self._run(wanted, False))

    def rows(self) -> Iterator[Any]:
        """Yields the items of the next value, a list; ValueError as above, and for any other value."""
        yield from self._refusing(self._run(None, True))
        if type(self.value) is not list:
            raise ValueError(f"not a pickled list of rows: it is {type(self.value).__name__}")

    def _refusing(self, run: Generator[Any, None, Any]) -> Iterator[Any]:
        try:
            self.value = yield from run
        except UnpicklingError as error:
            raise ValueError(f"not a pickle of plain values and arrays: {error}") from None
        except EOFError:
            raise ValueError("a damaged pickle: it ends too early") from None
        except RecursionError:
            raise ValueError("not a pickle of plain values and arrays: it is nested too deeply") from None
        except (
            LookupError,
            TypeError,
            AttributeError,
            ValueError,
            OverflowError,
            StructError,
            SyntaxError,
        ) as error:
            # Damaged bytes make the reader fail in many ways.
            raise ValueError(f"a damaged pickle ({type(error).__name__}: {error})") from None

    def _run(self, wanted: Wanted | None, rows: bool) -> Generator[Any, None, Any]:
        """The instructions up to the end of a value, in the order of their frequency in tables of numbers."""
        memo = self.memo = Memo()
        stack: list[Any] = []
        marks: list[int] = []
        self.stack, self.marks = stack, marks
        push, position = stack.append, self.position
        while True:
            if position + 16 > len(self.data):
                position = self._more(position, CHUNK)
                if position >= len(self.data):
                    raise EOFError
                if len(stack) + len(marks) > MOST:
                    raise UnpicklingError(f"it has over {MOST:,} values at once")
            data = self.data
            code = data[position]
            position += 1
            if code == 0x47:  # BINFLOAT
                # A run is likely if the next one and the eighth are floats.
                if data[position + 8] == 0x47 and data[position + 71 : position + 72] == b"G":
                    position += self._run_of(_FLOATS, position - 1)
                else:
                    push(unpack_from(">d", data, position)[0])
                    position += 8
            elif code == 0x4B:  # BININT1
                if data[position + 1] == 0x47 and data[position + 87 : position + 88] == b"K":
                    position += self._run_of(_PAIRS, position - 1)
                else:
                    push(data[position])
                    position += 1
            elif code == 0x6A:  # LONG_BINGET
                push(memo.get(unpack_from("<I", data, position)[0]))
                position += 4
            elif code == 0x94:  # MEMOIZE
                memo.append(stack[-1])
            elif code == 0x8C:  # SHORT_BINUNICODE
                end = position + 1 + data[position]
                if end > len(data):
                    position = self._more(position, 257)
                    data, end = self.data, position + 1 + self.data[position]
                    if end > len(data):
                        raise EOFError
                push(data[position + 1 : end].decode("utf-8", "surrogatepass"))
                position = end
            elif code == 0x72:  # LONG_BINPUT
                memo.put(unpack_from("<I", data, position)[0], stack[-1])
                position += 4
            elif code == 0x68:  # BINGET
                push(memo.get(data[position]))
                position += 1
            elif code == 0x28:  # MARK
                marks.append(len(stack))
            elif code == 0x71:  # BINPUT
                memo.put(data[position], stack[-1])
                position += 1
            elif code in _FILL:
                start = marks.pop() if code in b"ue\x90" else len(stack) - _FILL[code]
                items = stack[start:]
                del stack[start:]
                filled = stack[-1]
                if code in b"us":
                    self._set_items(filled, items)
                    if wanted is not None and wanted(filled):
                        yield self._whole(filled, memo.shares)
                        filled.clear()
                        memo.turn()
                elif code == 0x90:  # ADDITEMS
                    if type(filled) is not set:
                        raise UnpicklingError("it adds items to what is not a set")
                    filled.update(self._keys(items))
                elif type(filled) is not list:
                    raise UnpicklingError("it adds items to what is not a list")
                elif rows and len(stack) == 1:
                    for row in self._whole(items, True):
                        yield list(row) if type(row) is list else row
                    memo.forget_numbers(items)
                else:
                    filled.extend(items)
            elif code == 0x2E:  # STOP
                self.position = position
                self.arrays = self.arrays or self.types
                return self._whole(stack.pop(), wanted is None or memo.shares)
            else:
                self.position = position
                self._step(code)
                position = self.position

    def _step(self, code: int) -> None:
        """Any other instruction, whose argument begins at `position`."""
        stack, data = self.stack, self.data
        if code in _FIXED:
            form, width = _FIXED[code]
            stack.append(unpack_from(form, data, self.position)[0])
            self.position += width
        elif code in _SKIPPED:
            self.position += _SKIPPED[code]
        elif code in _CONSTANTS:
            stack.append(_CONSTANTS[code])
        elif code in _EMPTY:
            stack.append(_EMPTY[code]())
        elif code in _SIZED:
            form, convert = _SIZED[code]
            (length,) = unpack_from(form, data, self.position)
            raw = self._take({"B": 1, "I": 4, "i": 4, "Q": 8}[form[1]], length)
            stack.append(convert(raw) if convert else self._text(raw))
        elif code in _LINES:
            stack.append(_LINES[code](self._line()))
        elif code in b"S":  # text of Python 2, quoted
            stack.append(self._text(ast.literal_eval(f"b{self._line().decode('latin1')}")))
        elif code in b"gp":  # GET, PUT
            number = int(self._line())
            if code == 0x67:
                stack.append(self.memo.get(number))
            else:
                self.memo.put(number, stack[-1])
        elif code in b"ld\x91t\x85\x86\x87":  # LIST, DICT, FROZENSET, TUPLE, TUPLE1, TUPLE2, TUPLE3
            start = len(stack) - (code - 0x84) if code in b"\x85\x86\x87" else self.marks.pop()
            items = stack[start:]
            del stack[start:]
            if code == 0x6C:
                stack.append(items)
            elif code == 0x64:
                stack.append({})
                self._set_items(stack[-1], items)
            else:
                stack.append(frozenset(self._keys(items)) if code == 0x91 else tuple(items))
        elif code == 0x63:  # GLOBAL
            stack.append(named(self._line().decode(), self._line().decode()))
        elif code == 0x93:  # STACK_GLOBAL
            name, module = stack.pop(), stack.pop()
            stack.append(named(module, name))
        elif code == 0x52:  # REDUCE
            arguments, function = bounded(stack.pop()), stack.pop()
            if id(function) not in _CALLABLE:
                raise UnpicklingError("it calls what is not a function")
            stack.append(function(*arguments))
            self.arrays = self.arrays or function is Array
            self.types = self.types or function is ArrayType
        elif code == 0x62:  # BUILD
            state = stack.pop()
            if not isinstance(stack[-1], (Array, ArrayType)) or not isinstance(state, tuple):
                raise UnpicklingError("it sets attributes")
            stack[-1].__setstate__(state)
        elif code == 0x30:  # POP
            stack.pop()
        elif code == 0x31:  # POP_MARK
            del stack[self.marks.pop() :]
        elif code == 0x32:  # DUP
            stack.append(stack[-1])
            self.memo.shares = True
        else:
            raise UnpicklingError(f"its instruction {bytes([code])!r} is not of data")

    def _run_of(self, form: np.dtype[Any], begin: int) -> int:
        """Push the numbers that follow one another from `begin` in that form; how many bytes follow the first."""
        run = np.frombuffer(self.data, form, min(RUN, (len(self.data) - begin) // form.itemsize), begin)
        same = run["code"] == 0x47
        if "key" in form.names:  # type: ignore[operator]
            same &= run["key"] == 0x4B
        count = len(run) if same.all() else int(same.argmin())
        if not count:
            raise EOFError
        values = run["value"][:count].tolist()
        if "key" in form.names:  # type: ignore[operator]
            values = chain.from_iterable(zip(run["number"][:count].tolist(), values, strict=True))
        self.stack.extend(values)
        return count * form.itemsize - 1

    def _whole(self, value: Any, check: bool) -> Any:
        """The value, for whoever goes through all of it."""
        if check:
            bounded(value)
        return with_arrays(value) if self.arrays else value

    def _set_items(self, filled: Any, items: list[Any]) -> None:
        if type(filled) is not dict:
            raise UnpicklingError("it sets items of what is not a dictionary")
        filled.update(zip(self._keys(items[::2]), items[1::2], strict=True))

    def _keys(self, keys: list[Any]) -> list[Any]:
        """The keys. UnpicklingError if hashing them takes too long: the hash of a tuple is computed anew each time,
        and a few bytes can say of sixty tuples that each holds the last one twice."""
        for key in keys:
            if type(key) is tuple:
                self.hashed += bounded_count(key)
                if self.hashed > MOST:
                    raise UnpicklingError(f"its keys are over {MOST:,} values")
        return keys

    # Bytes

    def _more(self, position: int, least: int) -> int:
        """At least `least` bytes from `position` on, where the file has them; the new position."""
        parts = [self.data[position:]]
        have = len(parts[0])
        while have < least:
            part = self.file.read(max(CHUNK, min(least - have, 1 << 26)))
            if not part:
                break
            parts.append(part)
            have += len(part)
        self.data = b"".join(parts)
        return 0

    def _take(self, width: int, length: int) -> bytes:
        """So many bytes after the `width` bytes of their number."""
        if length > LONGEST:
            raise UnpicklingError(f"it has a text or number of {length:,} bytes")
        begin = self.position + width
        if length < 0 or begin + length > len(self.data):
            begin = self._more(begin, length)
            if not 0 <= length <= len(self.data) - begin:
                raise EOFError
        self.position = begin + length
        return self.data[begin : self.position]

    def _line(self) -> bytes:
        end = self.data.find(b"\n", self.position)
        if end < 0:
            self.position = self._more(self.position, LINE)
            end = self.data.find(b"\n", self.position, self.position + LINE)
            if end < 0:
                raise EOFError
        line = self.data[self.position : end]
        self.position = end + 1
        return line

    def _text(self, raw: bytes) -> str | bytes:
        """Text of Python 2."""
        return raw if self.encoding == "bytes" else raw.decode(self.encoding)


def _integer(raw: bytes) -> int:
    return int.from_bytes(raw, "little", signed=True)


def _utf8(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")


# Instructions by their codes. _FILL: SETITEMS, SETITEM, APPENDS, APPEND, ADDITEMS with the items of those without mark.
_FILL = {0x75: 0, 0x73: 2, 0x65: 0, 0x61: 1, 0x90: 0}
_FIXED = {0x4D: ("<H", 2), 0x4A: ("<i", 4)}  # BININT2, BININT
_SKIPPED = {0x95: 8, 0x80: 1}  # FRAME, PROTO
_CONSTANTS = {0x4E: None, 0x88: True, 0x89: False}
_EMPTY: dict[int, Callable[[], Any]] = {0x7D: dict, 0x5D: list, 0x29: tuple, 0x8F: set}
_SIZED: dict[int, tuple[str, Callable[[bytes], Any] | None]] = {  # a length, then as many bytes
    0x58: ("<I", _utf8),  # BINUNICODE
    0x8D: ("<Q", _utf8),  # BINUNICODE8
    0x43: ("<B", bytes),  # SHORT_BINBYTES
    0x42: ("<I", bytes),  # BINBYTES
    0x8E: ("<Q", bytes),  # BINBYTES8
    0x96: ("<Q", bytearray),  # BYTEARRAY8
    0x8A: ("<B", _integer),  # LONG1
    0x8B: ("<i", _integer),  # LONG4
    0x55: ("<B", None),  # SHORT_BINSTRING
    0x54: ("<i", None),  # BINSTRING
}
_LINES: dict[int, Callable[[bytes], Any]] = {
    0x49: lambda line: {b"00": False, b"01": True}[line] if line in (b"00", b"01") else int(line),  # INT
    0x4C: lambda line: int(line.removesuffix(b"L")),  # LONG
    0x46: float,
    0x56: lambda line: line.decode("raw-unicode-escape"),  # UNICODE
}
