"""Text tables: CSV with commas, semicolons or tabs, in UTF-8 or UTF-16; every cell stays the text that it is."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from analysis.user_tables.cells import UNNAMED, Cells, listed

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def of_text(data: bytes, path: Path) -> Cells:
    """The table in a text. Raises ValueError with the line of what is wrong."""
    text = _decoded(data, path)
    if not text.strip():
        raise ValueError(f"{path}: not readable as csv: it is empty")
    first = next(line for line in text.splitlines() if line.strip())
    possible = [one for one in SEPARATORS if one in first] or [","]  # of one column: no row may hold a comma
    found = {one: list(_records(text, one, path)) for one in possible}
    fits = {
        separator: records
        for separator, records in found.items()
        if len(records[0][1]) > 1 and all(len(cells) == len(records[0][1]) for _, cells in records)
    }
    if len(fits) > 1:
        names = " and ".join(SEPARATORS[separator] for separator in fits)
        raise ValueError(
            f"{path}: its separator may be {names}; write the cells that hold one of them in quotes"
        )
    if not fits:
        fits = {"": _unfit(found, path)}
    (records,) = fits.values()
    head, rows = records[0][1], records[1:]
    columns: dict[str, Sequence[str]] = {
        name: [cells[i] for _, cells in rows] for i, name in _headed(head, rows, path)
    }
    return Cells(path=path, columns=columns, places=[line for line, _ in rows], unit="line")


def _decoded(data: bytes, path: Path) -> str:
    encoding = next((name for bom, name in _BOMS.items() if data.startswith(bom)), None)
    if encoding is None:
        start = data[:4096]
        # Latin letters in UTF-16: every other byte is zero.
        zeros = [start[i::2].count(0) * 2 > len(start) / 2 for i in (0, 1)]
        encoding = (
            "utf-16-be" if zeros == [True, False] else "utf-16-le" if zeros == [False, True] else "utf-8"
        )
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}: line {line} is not text in UTF-8 or UTF-16 ({error.reason})") from None
    if "\0" in text:
        raise ValueError(f"{path}: not a text table: it holds zero bytes")
    return text


def _records(text: str, separator: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each row that is not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    line = 1
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{path}: line {line} is not readable as csv: {error}") from None


def _unfit(found: dict[str, list[tuple[int, list[str]]]], path: Path) -> list[tuple[int, list[str]]]:
    """The rows of a table of one column; ValueError for one whose rows differ in length."""
    heads = {separator: len(records[0][1]) for separator, records in found.items()}
    separator = max(heads, key=lambda one: heads[one])
    for line, cells in found[separator]:
        if len(cells) != heads[separator]:
            raise ValueError(
                f"{path}: line {line} has {len(cells)} cells and the head {heads[separator]} (separator:"
                f" {SEPARATORS[separator]}); a cell that holds the separator goes in quotes"
            )
    return found[separator]


def _headed(head: list[str], rows: list[tuple[int, list[str]]], path: Path) -> Iterator[tuple[int, str]]:
    """(position, name) of each column. The first may have no name; others without name must be empty."""
    names = [UNNAMED if i == 0 and not name else name for i, name in enumerate(head)]
    for i, name in enumerate(names):
        if not name:
            if any(cells[i] for _, cells in rows):
                raise ValueError(f"{path}: column {i + 1} has no name; it has the columns {listed(names)}")
            continue
        if name in names[:i]:
            raise ValueError(f"{path}: has two columns {name!r}")
        yield i, name
