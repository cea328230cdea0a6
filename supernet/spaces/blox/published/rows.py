"""Blox's text and pickle formats: the same columns as of the binary one, row by row.

.csv: no line of names; lists in quotes, as "[1.5, 2.0]"; arch_vec nested as [[[O0], [O1, previous, input, skip]], ...].
.pickle: a list of rows of plain values.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from supernet.files.pickles import Reader
from supernet.spaces.blox.published.columns import HASH, MODELS, Columns, empty, is_series, kind_of
from supernet.spaces.blox.published.header import Header, open_payload


def read_rows(header: Header) -> Columns:
    """The columns of a .csv or .pickle file. Raises ValueError naming row (from 1), column and value."""
    names, epochs = header.columns, header.epochs
    columns = {name: empty(name, MODELS, epochs) for name in names}
    count = 0
    for row in _csv_rows(header) if header.format == "csv" else _pickle_rows(header):
        if count == MODELS:
            raise ValueError(f"the file has more than the {MODELS:,} rows of Blox")
        if not isinstance(row, list) or len(row) != len(names):
            raise ValueError(f"row {count + 1} is not one value for each of {', '.join(names)}: {row!r:.80}")
        for name, value in zip(names, row, strict=True):
            try:
                columns[name][count] = _checked(name, value, epochs)
            except (TypeError, ValueError, OverflowError):
                raise ValueError(
                    f"{name}: {value!r:.80} in row {count + 1} is not {_wanted(name, epochs)}"
                ) from None
        count += 1
    if not count:
        raise ValueError("the file has no rows")
    return {name: values[:count] for name, values in columns.items()}


def _csv_rows(header: Header) -> Iterator[list[Any]]:
    """Rows of Python values, as a pickle has them."""
    parsers = {"hash": str, "text": str, "int": int, "arch": json.loads}
    parse = [json.loads if is_series(n) else parsers.get(kind_of(n), float) for n in header.columns]
    with open_payload(header) as file:
        file.seek(-1, io.SEEK_END)
        if file.tell() < header.size or file.read(1) != b"\n":
            raise ValueError("the file is cut off: its last line has no end")
        file.seek(header.size)
        reader = csv.reader(io.TextIOWrapper(file, encoding="ascii", newline=""), strict=True)
        try:
            for number, fields in enumerate(reader, start=1):
                if len(fields) != len(parse):
                    yield fields  # refused by the caller
                    continue
                row: list[Any] = fields
                for i, (name, function) in enumerate(zip(header.columns, parse, strict=True)):
                    try:
                        row[i] = function(fields[i])  # type: ignore[operator]
                    except (ValueError, RecursionError):
                        wanted = _wanted(name, header.epochs)
                        raise ValueError(
                            f"{name}: {fields[i]!r:.80} in row {number} is not {wanted}"
                        ) from None
                yield row
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"the file is damaged: {error}") from None


def _pickle_rows(header: Header) -> Iterator[Any]:
    with open_payload(header) as file:
        yield from Reader(file).rows()


def _checked(name: str, value: Any, epochs: int | None) -> Any:
    """The value, of the right type and length; a TypeError or ValueError if it is not."""
    kind = kind_of(name)
    if kind == "arch":
        stages = [[o0, *rest] for (o0,), rest in value]
        if any(type(number) is not int for stage in stages for number in stage):
            raise TypeError
        return stages
    if is_series(name):
        numbers = np.asarray(value)
        if numbers.dtype.kind not in "if" or numbers.shape != (epochs,):
            raise TypeError
        return numbers
    allowed = {"hash": (str,), "text": (str,), "int": (int,)}.get(kind, (int, float))
    if type(value) not in allowed or (name == HASH and len(value) != 32):
        raise TypeError
    return value


def _wanted(name: str, epochs: int | None) -> str:
    """What a value of the column is, for messages."""
    if is_series(name):
        return f"a list of {epochs} numbers, one an epoch"
    return {
        "hash": "32 hexadecimal digits",
        "text": "text",
        "int": "a whole number",
        "arch": "[[[O0], [O1, previous, input, skip]], ...] of three stages",
    }.get(kind_of(name), "a number")
