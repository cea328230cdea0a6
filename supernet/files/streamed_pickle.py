"""A pickle that is larger than memory, read piece by piece; like `plain_pickle`, nothing in it is ever run.

Python's own reader returns when it has built the whole value. This one is a small machine for the same instructions:
it yields each dictionary of a chosen kind as soon as that is complete and forgets it. What remains are texts,
each kept once: a pickle refers back to those of any earlier piece. A reference to a dictionary or list of a piece long
gone is refused; `KEPT` pieces are held for it.
"""

from __future__ import annotations

import pickle
from array import array
from collections.abc import Callable, Generator, Iterator
from struct import error as StructError
from struct import unpack_from
from typing import IO, Any

from supernet.files.plain_pickle import ALLOWED, MOST, bounded, plain

CHUNK = 1 << 20
LONGEST = 1 << 28  # bytes of one text or number
KEPT = 4  # pieces whose dictionaries and lists can still be referred to
_CALLABLE = {id(value) for value in ALLOWED.values()}


class _Memo:
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
            raise pickle.UnpicklingError("it refers to an object of another part of the file")
        self.shares = self.shares or isinstance(self.others[number], _CONTAINERS)
        return self.others[number]

    def check(self, value: Any) -> Any:
        """The value, for whoever goes through all of it."""
        return bounded(value) if self.shares else value

    def turn(self) -> None:
        """A piece has ended. What it shares with the next, the next may refer to."""
        end = self.turns.pop(0)
        for number in [n for n in self.others if n < end and not _lasting(self.others[n])]:
            del self.others[number]
        self.turns.append(len(self.slots))


_CONTAINERS = (dict, list, tuple, set, frozenset)


def _check_keys(keys: list[Any]) -> list[Any]:
    """The keys. UnpicklingError for a tuple in a tuple, whose hash is computed anew for each time that it is held."""
    for key in keys:
        if type(key) is tuple and any(type(part) is tuple for part in key):
            raise pickle.UnpicklingError("it has a key of tuples in tuples")
    return keys


def _lasting(value: Any) -> bool:
    """Functions and array types, which all pieces share."""
    return not isinstance(value, (dict, list, tuple, set, frozenset, float, int, bytes))


class Reader:
    """Reads the pickles of `file`, one after the other (a file may hold several)."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.data = b""
        self.position = 0
        self.value: Any = None

    def pieces(self, wanted: Callable[[dict[Any, Any]], bool]) -> Iterator[dict[Any, Any]]:
        """Yields the dictionaries of the next value that `wanted` is true for, each once it has been filled; after
        that it is empty. What remains of the value is then in `value`.

        wanted(d) is called with every dictionary that has just been filled. ValueError, to follow the name of the
        file, if it is damaged or holds anything but plain values and arrays.
        """
        try:
            self.value = plain((yield from self._run(wanted)))
        except pickle.UnpicklingError as error:
            raise ValueError(f"not a pickle of plain values and arrays: {error}") from None
        except EOFError:
            raise ValueError("a damaged pickle: it ends too early") from None
        except RecursionError:
            raise ValueError("not a pickle of plain values and arrays: it is nested too deeply") from None
        except (LookupError, TypeError, AttributeError, ValueError, OverflowError, StructError) as error:
            # Damaged bytes make the reader fail in many ways.
            raise ValueError(f"a damaged pickle ({type(error).__name__}: {error})") from None

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

    def _run(self, wanted: Callable[[dict[Any, Any]], bool]) -> Generator[dict[Any, Any], None, Any]:
        memo = _Memo()
        stack: list[Any] = []
        marks: list[int] = []
        push = stack.append
        position = self.position
        while True:
            if position + 16 > len(self.data):
                position = self._more(position, CHUNK)
                if position >= len(self.data):
                    raise EOFError
                if len(stack) + len(marks) > MOST:
                    raise pickle.UnpicklingError(f"it has over {MOST:,} values at once")
            data = self.data
            code = data[position]
            position += 1
            # The instructions in the order of their frequency in tables of numbers.
            if code == 0x47:  # BINFLOAT
                push(unpack_from(">d", data, position)[0])
                position += 8
            elif code == 0x4B:  # BININT1
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
            elif code == 0x4D:  # BININT2
                push(data[position] + 256 * data[position + 1])
                position += 2
            elif code == 0x72:  # LONG_BINPUT
                memo.put(unpack_from("<I", data, position)[0], stack[-1])
                position += 4
            elif code == 0x68:  # BINGET
                push(memo.get(data[position]))
                position += 1
            elif code == 0x28:  # MARK
                marks.append(len(stack))
            elif code == 0x75:  # SETITEMS
                start = marks.pop()
                found = stack[start - 1]
                if type(found) is not dict:
                    raise pickle.UnpicklingError("it sets items of what is not a dictionary")
                found.update(zip(_check_keys(stack[start::2]), stack[start + 1 :: 2], strict=True))
                del stack[start:]
                if wanted(found):
                    yield memo.check(found)
                    found.clear()
                    memo.turn()
            elif code == 0x2E:  # STOP
                self.position = position
                return memo.check(stack.pop())
            elif code == 0x95:  # FRAME
                position += 8
            elif code == 0x80:  # PROTO
                position += 1
            elif code == 0x71:  # BINPUT
                memo.put(data[position], stack[-1])
                position += 1
            elif code == 0x7D:  # EMPTY_DICT
                push({})
            elif code == 0x5D:  # EMPTY_LIST
                push([])
            elif code == 0x29:  # EMPTY_TUPLE
                push(())
            elif code == 0x8F:  # EMPTY_SET
                push(set())
            elif code == 0x4E:  # NONE
                push(None)
            elif code in (0x88, 0x89):  # NEWTRUE, NEWFALSE
                push(code == 0x88)
            elif code == 0x4A:  # BININT
                push(unpack_from("<i", data, position)[0])
                position += 4
            elif code == 0x73:  # SETITEM
                value, key = stack.pop(), stack.pop()
                if type(stack[-1]) is not dict:
                    raise pickle.UnpicklingError("it sets items of what is not a dictionary")
                stack[-1][_check_keys([key])[0]] = value
                if wanted(stack[-1]):
                    yield memo.check(stack[-1])
                    stack[-1].clear()
                    memo.turn()
            elif code in (0x61, 0x65, 0x90, 0x91, 0x74):  # APPEND, APPENDS, ADDITEMS, FROZENSET, TUPLE
                start = len(stack) - 1 if code == 0x61 else marks.pop()
                items = stack[start:]
                del stack[start:]
                if code == 0x74:
                    push(tuple(items))
                elif code == 0x91:
                    push(frozenset(_check_keys(items)))
                elif type(stack[-1]) is set and code == 0x90:
                    stack[-1].update(_check_keys(items))
                elif type(stack[-1]) is list and code != 0x90:
                    stack[-1].extend(items)
                else:
                    raise pickle.UnpicklingError("it adds items to what is not a list or set")
            elif code in (0x85, 0x86, 0x87):  # TUPLE1, TUPLE2, TUPLE3
                start = len(stack) - (code - 0x84)
                items = stack[start:]
                del stack[start:]
                push(tuple(items))
            elif code in _SIZED:  # a length, then as many bytes
                form, width, convert = _SIZED[code]
                (length,) = unpack_from(form, data, position)
                position += width
                if length > LONGEST:
                    raise pickle.UnpicklingError(f"it has a text or number of {length:,} bytes")
                if length < 0 or position + length > len(data):
                    position = self._more(position, length)
                    if not 0 <= length <= len(self.data) - position:
                        raise EOFError
                push(convert(self.data[position : position + length]))
                position += length
            elif code in (0x63, 0x93):  # GLOBAL, STACK_GLOBAL
                if code == 0x93:
                    name, module = stack.pop(), stack.pop()
                else:
                    position = self._more(position, 1024)
                    one = self.data.index(b"\n", position, position + 1024)
                    two = self.data.index(b"\n", one + 1, position + 1024)
                    module, name = self.data[position:one].decode(), self.data[one + 1 : two].decode()
                    position = two + 1
                if (module, name) not in ALLOWED:
                    raise pickle.UnpicklingError(
                        f"it asks for {module}.{name}, which is neither data nor an array"
                    )
                push(ALLOWED[module, name])
            elif code == 0x52:  # REDUCE
                arguments, function = bounded(stack.pop()), stack.pop()
                if id(function) not in _CALLABLE:
                    raise pickle.UnpicklingError("it calls what is not a function")
                push(function(*arguments))
            elif code == 0x62:  # BUILD
                state = stack.pop()
                if not hasattr(stack[-1], "__setstate__") or not isinstance(state, tuple):
                    raise pickle.UnpicklingError("it sets attributes")
                stack[-1].__setstate__(state)
            else:
                raise pickle.UnpicklingError(f"its instruction {bytes([code])!r} is not of data")


def _integer(raw: bytes) -> int:
    return int.from_bytes(raw, "little", signed=True)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")


_SIZED: dict[int, tuple[str, int, Callable[[bytes], Any]]] = {
    0x58: ("<I", 4, _text),  # BINUNICODE
    0x8D: ("<Q", 8, _text),  # BINUNICODE8
    0x43: ("<B", 1, bytes),  # SHORT_BINBYTES
    0x42: ("<I", 4, bytes),  # BINBYTES
    0x8E: ("<Q", 8, bytes),  # BINBYTES8
    0x8A: ("<B", 1, _integer),  # LONG1
    0x8B: ("<i", 4, _integer),  # LONG4
}
