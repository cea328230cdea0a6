"""One file of a user as a table: its cells, which rows are meant, what its columns hold, who is in it twice."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.statistics.pairs import Floats
from analysis.user_tables.arrays import of_npy, of_npz, of_parquet
from analysis.user_tables.cells import NAME_COLUMNS, Cells, listed
from analysis.user_tables.content import read_content
from analysis.user_tables.delimited import of_text
from analysis.user_tables.names import Names, Read
from analysis.user_tables.numbers import numbers, try_numbers
from analysis.user_tables.structures import of_json, of_value
from supernet.files import pickles

STATUS = "status"
FEW = 50  # values of a column that may distinguish repeated rows


def _of_pickle(data: bytes, path: Path) -> Cells:
    return of_value(pickles.load(io.BytesIO(data)), path)


READERS: dict[str, Callable[[bytes, Path], Cells]] = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), of_text),
    ".json": of_json,
    **dict.fromkeys((".parquet", ".pq"), of_parquet),
    ".npy": of_npy,
    ".npz": of_npz,
    **dict.fromkeys((".pkl", ".pickle"), _of_pickle),
}
FORMATS = f"{', '.join(READERS)}; each also as .gz, .bz2, .xz or .zip"


def read_cells(path: Path) -> Cells:
    """The cells of a file of any of READERS. OSError if it cannot be opened, ValueError with its name for what cannot
    be used."""
    name, data = read_content(path)
    read = READERS.get(Path(name).suffix.lower())
    if read is None:
        raise ValueError(f"{path}: the name does not end in one of {FORMATS}")
    try:
        cells = read(data, path)
    except ValueError as error:
        raise ValueError(str(error) if str(path) in str(error) else f"{path}: {error}") from None
    if not len(cells):
        raise ValueError(f"{path}: no rows")
    return cells


def chosen_rows(cells: Cells, conditions: Sequence[str]) -> Cells:
    """The rows that meet every COLUMN=VALUE, as text or as numbers ('10' is 10.0)."""
    for condition in conditions:
        key, equals, value = condition.partition("=")
        key, value = key.strip(), value.strip()
        if not equals or key not in cells.columns:
            raise ValueError(
                f"where: {condition!r} is not COLUMN=VALUE with a column of {cells.path}: {listed(list(cells.columns))}"
            )
        texts = cells.texts(key)
        rows = [row for row, text in enumerate(texts) if text == value or _equal(text, value)]
        if not rows:
            there = sorted({text or "(empty)" for text in texts})
            raise ValueError(f"where: no row of {cells.path} has {key} {value!r}; it has {listed(there)}")
        cells = cells.take(rows)
    return cells


def _equal(text: str, value: str) -> bool:
    try:
        return float(text) == float(value)
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class UserTable:
    """names: of the rows. read: their architectures, None where no space is known. source: FILE:COLUMN, for a
    reader."""

    names: Names
    read: Read | None
    source: str

    @property
    def cells(self) -> Cells:
        return self.names.cells

    @cached_property
    def keys(self) -> list[Hashable]:
        """What distinguishes two architectures (n,): the official number, else the architecture, else the text."""
        if self.read is None:
            return list(self.names.texts)
        numbered = [self.read.space.index(one) for one in self.read.architectures]
        return [
            one if number is None else number
            for one, number in zip(self.read.architectures, numbered, strict=True)
        ]

    def shown(self, row: int) -> str:
        """ "line 14 ('|avg_pool_3x3~0|+...')"."""
        text = self.names.texts[row]
        return (
            f"{self.cells.place(row)} ({text!r})"
            if len(text) <= 80
            else f"{self.cells.place(row)} ({text[:80]!r}...)"
        )

    def values(self, column: str) -> Floats:
        """A column that must be numbers (n,). A column of values without name goes by any."""
        if column not in self.cells.columns:
            if not self.cells.anonymous:
                raise ValueError(f"{self.source}: no column {column!r}; {self._numeric()}")
            (column,) = self.cells.columns
        return numbers(self.cells, column)

    def _numeric(self) -> str:
        found = [name for name in self._others if try_numbers(self.cells, name) is not None]
        return f"numeric columns: {listed(found)}" if found else "it has no numeric columns"

    @property
    def _others(self) -> list[str]:
        """The columns that do not name the rows."""
        return [name for name in self.cells.columns if name != self.names.column and name not in NAME_COLUMNS]

    def frame(self, column: str | None = None, average: bool | None = None) -> tuple[pd.DataFrame, list[str]]:
        """One row an architecture: 'arch' in the space's own text, every other column as numbers where it holds nothing
        else, as text otherwise; and notes. column: must be numbers.

        average: repeated rows become one, of the mean of what each has; else they are refused, with their lines. None:
        refused, by a caller without such an option."""
        columns: dict[str, Any] = {"arch": self.names.texts}
        if self.read is not None:
            columns["arch"] = [self.read.space.text(one) for one in self.read.architectures]
        notes = []
        for name in self._others:
            if name == STATUS and not self.cells.ours:
                notes.append(
                    f"{self.cells.path.name}: its column {STATUS!r} is not looked at; choose rows with --where if it"
                    " says which count"
                )
                continue
            found = try_numbers(self.cells, name) if name else None
            if name:
                columns[name] = self.cells.texts(name) if found is None else found
        if column is not None:
            columns[column] = self.values(column)
        if self.cells.ours and column is not None:
            columns[column] = np.where(np.array(columns[STATUS]) == "ok", columns[column], np.nan)
        frame = pd.DataFrame(columns)
        if len(set(self.keys)) == len(self.keys):
            return frame, notes
        if not average:
            raise ValueError(self._repeated(options=average is not None))
        merged = _averaged(frame, self.keys)
        over = f", over {telling[0]}" if (telling := self._telling()) else ""
        notes.append(
            f"{self.cells.path.name}: {len(frame)} rows averaged to {len(merged)} architectures{over}"
        )
        return merged, notes

    def _repeated(self, options: bool) -> str:
        """options: whether the caller has --where and --average."""
        first: dict[Hashable, int] = {}
        for row, key in enumerate(self.keys):
            other = first.setdefault(key, row)
            if other != row:
                break
        one, two = self.names.texts[other], self.names.texts[row]
        also = "" if one == two else f" (also written {one!r})"
        hint = ""
        if telling := self._telling():
            name, value = telling
            hint = f"; it has several rows an architecture, one for each {name}"
            hint += f": choose one (--where {name}={value})" if options else ""
        hint += "; --average takes the mean of repeated rows" if options else ""
        return (
            f"{self.source}: arch {two!r}{also} is in more than one row ({self.cells.place(other)} and"
            f" {self.cells.place(row)}){hint}"
        )

    def _telling(self) -> tuple[str, str] | None:
        """The column that says which of several rows is meant, and its first value; None if no column does."""
        for name in self._others:
            column = self.cells.columns[name]
            if not name or (isinstance(column, np.ndarray) and column.dtype.kind == "f"):
                continue
            texts = self.cells.texts(name)
            values = list(dict.fromkeys(texts))
            if 1 < len(values) <= FEW and len(set(zip(self.keys, texts, strict=True))) == len(self.keys):
                return name, values[0]
        return None


def _averaged(frame: pd.DataFrame, keys: Sequence[Hashable]) -> pd.DataFrame:
    """One row a key, in the order of their first: means of the numbers, texts where all rows of each say the same."""
    numeric = [
        name for name in frame.columns if name != "arch" and pd.api.types.is_numeric_dtype(frame[name])
    ]
    first, means = means_by_key(keys, {name: frame[name].to_numpy(dtype=float) for name in numeric})
    order = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    groups = np.array([order[key] for key in keys])
    columns: dict[str, Any] = {}
    for name in frame.columns:
        if name in means:
            columns[name] = means[name]
            continue
        texts = frame[name].to_numpy(dtype=object)
        if name == "arch" or (texts == texts[first][groups]).all():
            columns[name] = texts[first]
    return pd.DataFrame(columns)


def means_by_key(
    keys: Sequence[Hashable], columns: Mapping[str, Floats]
) -> tuple[list[int], dict[str, Floats]]:
    """The first row of each key, and the mean of each column (n,) over the key's rows that have a finite number; NaN
    where none has."""
    order = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    groups = np.array([order[key] for key in keys])
    means = {}
    for name, values in columns.items():
        known = np.isfinite(values)
        count = np.bincount(groups[known], minlength=len(order))
        total = np.bincount(groups[known], weights=values[known], minlength=len(order))
        means[name] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return [int(row) for row in np.unique(groups, return_index=True)[1]], means


LOWER_IS_BETTER = ("loss", "error", "err", "rank", "latency", "nll", "perplexity")


def lower_may_be_better(column: str) -> str:
    """The word in a column's name that says that lower may be better; '' if none does."""
    words = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", column).lower())
    return next(
        (word for word in words if word.removesuffix("s") in LOWER_IS_BETTER or word in LOWER_IS_BETTER), ""
    )


def turned(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The frame with the sign of the column, and of its single seeds, changed: higher is then better."""
    own = re.compile(rf"{re.escape(column)}(_seed\d+)?")
    return frame.assign(**{name: -frame[name] for name in frame.columns if own.fullmatch(name)})
