"""Blox's own binary format (.blox): a zlib stream of rows, decoded column by column with NumPy.

After inflating: uint64, the number of bits that follow; uint32, the number of rows; the rows. All numbers are
little-endian, and each column of a row begins on a byte:

    hash            16 bytes, an integer: the hex digits backwards
    str             uint8 length, ASCII
    int             uint32
    float           uint24, millionths
    arch            3 bytes, a stage each: (O0 * 3 + O1) << 3 | previous << 2 | input << 1 | skip
    b_MIN_MAX_BITS  an accuracy as a count of right answers less MIN in BITS bits, lowest first
    list[T]         uint8 length, the elements without gaps, filled up to a whole byte

Rows without text are equally long. Source: the format as described by Blox's public repository.
"""

from __future__ import annotations

import re
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from supernet.spaces.blox.published.columns import (
    HASH,
    MODELS,
    Columns,
    images_of,
    is_series,
    kind_of,
)
from supernet.spaces.blox.published.header import Header, open_payload

LONGEST_TEXT = 256  # bytes: length and text
READ = 1 << 20  # bytes of the file at a time
ROWS = 4096  # decoded at a time, which bounds what unpacking takes beside its result
START = 12  # bytes before the rows
_ACCURACY = r"b_(\d+)_(\d+)_(\d+)"
_TYPES = {
    "hash": "hash",
    "arch": "arch",
    "int": "int",
    "text": "str",
    "accuracy": _ACCURACY,
    "number": "float",
}


def read_binary(header: Header) -> Columns:
    """The columns of a .blox file. Raises ValueError if it is damaged or says other than its header."""
    types = {name: _type(header, name) for name in header.columns}
    if header.part == "env":
        return _texts(_inflate(header, None), header.columns)
    widths = {name: _width(kind, header.epochs or 0) for name, kind in types.items()}
    stride = sum(widths.values())
    raw = np.frombuffer(_inflate(header, stride), np.uint8, offset=START).reshape(-1, stride)
    columns, begin = {}, 0
    for name, width in widths.items():
        columns[name] = _decode(raw[:, begin : begin + width], name, types[name], header.epochs or 0)
        begin += width
    return columns


def _type(header: Header, name: str) -> str:
    """The type of a column; ValueError if it is none that such a column can have."""
    kind, allowed = header.types[name], _TYPES[kind_of(name)]
    allowed = rf"list\[{allowed}\]" if is_series(name) else allowed
    match = re.fullmatch(allowed, kind)
    if not match:
        plain = allowed.replace(_ACCURACY, "b_MIN_MAX_BITS").replace("\\", "")
        raise ValueError(f"column_types: {kind!r} of {name} is not {plain}")
    if match.groups():
        low, high, bits = map(int, match.groups())
        if not (low <= high <= images_of(name) and bits <= 24 and high - low < 1 << bits):
            raise ValueError(f"column_types: {kind!r} of {name} cannot hold its accuracies")
    return kind


def _width(kind: str, epochs: int) -> int:
    """Bytes of a column in a row."""
    if kind.startswith("list"):
        bits = int(match[3]) if (match := re.search(_ACCURACY, kind)) else 24
        return 1 + -(-epochs * bits // 8)
    if match := re.fullmatch(_ACCURACY, kind):
        return -(-int(match[3]) // 8)
    return {"hash": 16, "int": 4, "float": 3, "arch": 3}[kind]


def _inflate(header: Header, stride: int | None) -> bytes:
    """What the zlib stream holds: never more than it says, so that a damaged file cannot fill the memory.

    stride: bytes of a row; None if rows are not equally long."""
    inflater, parts, have, expected = zlib.decompressobj(), [b""], 0, START
    with open_payload(header) as file:
        while not inflater.eof:
            piece = inflater.unconsumed_tail or file.read(READ)
            if not piece:
                raise ValueError("the file is cut off: its zlib stream has no end")
            try:
                parts.append(inflater.decompress(piece, expected + 1 - have))
            except zlib.error as error:
                raise ValueError(f"the file is damaged: {error}") from None
            have += len(parts[-1])
            if expected == START and have >= START:
                parts = [b"".join(parts)]
                expected = _expected(parts[0], stride)
            if have > expected:
                raise ValueError(
                    f"the file is damaged: it holds more than the {expected:,} bytes that it says"
                )
        if inflater.unused_data or file.read(1):
            raise ValueError("the file is damaged: something follows its end")
    if have != expected or have < START:
        raise ValueError(f"the file is damaged: it holds {have:,} bytes of {expected:,}")
    return b"".join(parts)


def _expected(start: bytes, stride: int | None) -> int:
    """Bytes after inflating, by the two numbers at the start; more than START.

    The number of bits serves for texts only: the published writer miscounts lists that it fills up to a byte."""
    bits, rows = int.from_bytes(start[:8], "little"), int.from_bytes(start[8:START], "little")
    if not 1 <= rows <= MODELS:
        raise ValueError(f"the file says that it has {rows:,} rows, not 1 to {MODELS:,}")
    if stride:
        return START + stride * rows
    size = 8 + bits // 8
    if bits % 8 or not START + 16 * rows <= size <= START + (16 + 12 * LONGEST_TEXT) * rows:
        raise ValueError(f"the file says that it has {rows:,} rows in {bits:,} bits, which does not fit")
    return size


def _decode(raw: NDArray[np.uint8], name: str, kind: str, epochs: int) -> NDArray[Any]:
    """A column from its bytes (n, width)."""
    if kind == "hash":
        text = np.ascontiguousarray(raw[:, ::-1]).tobytes().hex()
        return np.array([text[i : i + 32] for i in range(0, len(text), 32)], dtype="U32")
    if kind == "int":
        return np.ascontiguousarray(raw).view("<u4")[:, 0].astype(np.int64)
    if kind == "arch":
        o0, o1 = np.divmod(raw >> 3, 3)
        return np.stack([o0, o1, raw >> 2 & 1, raw >> 1 & 1, raw & 1], axis=-1).astype(np.int64)
    count = 1
    if is_series(name):
        count, lengths, raw = epochs, raw[:, 0], raw[:, 1:]
        if (lengths != epochs).any():
            row = int(np.argmax(lengths != epochs))
            raise ValueError(
                f"{name}: row {row + 1} has {lengths[row]} values, not one for each of {epochs} epochs"
            )
    values = np.empty((len(raw), count))
    for begin in range(0, len(raw), ROWS):
        part = raw[begin : begin + ROWS]
        if match := re.search(_ACCURACY, kind):
            low, high, bits = map(int, match.groups())
            counts = low + _unpack(part, count, bits)
            if counts.max() > high:
                raise ValueError(f"{name}: {counts.max()} right answers are more than the {high} of its type")
            values[begin : begin + ROWS] = _percent(counts, images_of(name))
        else:
            values[begin : begin + ROWS] = _unpack(part, count, 24) / 1e6
    return values if is_series(name) else values[:, 0]


def _unpack(raw: NDArray[np.uint8], count: int, bits: int) -> NDArray[np.int64]:
    """`count` unsigned integers of `bits` <= 24 bits a row, lowest bit first, from bytes (n, width): (n, count).

    An integer lies in at most four neighbouring bytes: these are put together and shifted."""
    first, shift = np.divmod(np.arange(count) * bits, 8)
    padded = np.pad(raw, ((0, 0), (0, 4))).astype(np.uint32)
    joined = padded[:, first]
    for byte in (1, 2, 3):
        joined |= padded[:, first + byte] << np.uint32(8 * byte)
    return ((joined >> shift.astype(np.uint32)) & np.uint32((1 << bits) - 1)).astype(np.int64)


def _percent(counts: NDArray[np.int64], images: int) -> NDArray[np.float64]:
    """Percent to three decimals, rounded in integers: what the same number as text is read as."""
    return (counts * 200_000 + images) // (2 * images) / 1000


def _texts(raw: bytes, columns: tuple[str, ...]) -> Columns:
    """Rows of a hash and texts, which are not equally long."""
    found: dict[str, list[str]] = {name: [] for name in columns}
    place, rows = START, int.from_bytes(raw[8:START], "little")
    for _ in range(rows):
        for name in columns:
            length = 16 if name == HASH else 1 + int.from_bytes(raw[place : place + 1], "little")
            value = raw[place : place + length]
            place += length
            try:
                found[name].append(value[::-1].hex() if name == HASH else value[1:].decode("ascii"))
            except UnicodeDecodeError:
                raise ValueError(f"{name}: {value!r:.80} is not ASCII") from None
    if place != len(raw):
        raise ValueError(f"the file is damaged: {rows:,} rows do not take the bytes that it holds")
    return {name: np.array(values, dtype="U32" if name == HASH else object) for name, values in found.items()}
