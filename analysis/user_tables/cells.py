"""The cells of a table as its file holds them, before anything is said about what they mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

SHOWN = 10  # names in a message
UNNAMED = "unnamed"  # what a first column without a name is called here
NAME_COLUMNS = ("arch", "arch_str", "architecture", "index")
OURS = ("arch", "score", "status", "seconds")  # columns of a run's own scores
MISSING = frozenset(("", "nan", "-nan", "na", "n/a", "#n/a", "<na>", "none", "null", "-"))
COMMA = re.compile(r"[+-]?(\d+),(\d+)(?:[eE][+-]?\d+)?")  # 93,45
WHOLE = re.compile(r"[+-]?\d+")
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:[.,]\d{3})+")  # 1,234 or 1.234: 1234 may be meant
CELL = 200  # values that the spelling of an architecture may be made of


@dataclass(frozen=True, kw_only=True)
class Cells:
    """columns: by name, (n,) each: texts, Python values, or NumPy arrays of numbers. places: (n,) the line, row or
    entry of each row (`unit`), for messages. names: (n,) the spelling of each row where the format has it beside the
    columns (the keys of an object, the positions in an array). by_position: whether that is a position. anonymous:
    whether the one column has no name, so that any name means it."""

    path: Path
    columns: dict[str, Sequence[Any]]
    places: list[int]
    unit: str
    names: list[str] | None = None
    by_position: bool = False
    anonymous: bool = False

    def __len__(self) -> int:
        return len(self.places)

    def place(self, row: int) -> str:
        """'line 14'."""
        return f"{self.unit} {self.places[row]}"

    def take(self, rows: Sequence[int]) -> Cells:
        """These rows alone."""
        return replace(
            self,
            columns={
                name: column[np.asarray(rows, dtype=int)]
                if isinstance(column, np.ndarray)
                else [column[row] for row in rows]
                for name, column in self.columns.items()
            },
            places=[self.places[row] for row in rows],
            names=None if self.names is None else [self.names[row] for row in rows],
        )

    @property
    def ours(self) -> bool:
        """Whether these are the scores of a run of this project, whose column status says which count."""
        return all(name in self.columns for name in OURS) and not {"measure", "bn_mode"}.isdisjoint(
            self.columns
        )

    @cached_property
    def decimal_commas(self) -> bool:
        """Whether a column has a decimal comma without doubt: commas in numbers alone, and not all of them before
        groups of three digits. It then is that of the whole file."""
        for name, column in self.columns.items():
            if isinstance(column, np.ndarray) or not any(type(one) is str and "," in one for one in column):
                continue
            texts = [text for text in self.texts(name) if text.lower() not in MISSING]
            if all(COMMA.fullmatch(text) or WHOLE.fullmatch(text) for text in texts) and any(
                COMMA.fullmatch(text) and not THOUSANDS.fullmatch(text) for text in texts
            ):
                return True
        return False

    def texts(self, name: str) -> list[str]:
        """A column as texts, '' for what is missing."""
        return [spelling(value) for value in self.columns[name]]


def spelling(value: Any) -> str:
    """A cell as text: a text as it is without space around it, a tuple or list as Python writes it, '' for None."""
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, np.generic):
        return spelling(value.item())
    if isinstance(value, float):
        return "" if value != value else repr(value)
    return _written(value, [CELL])


def _written(value: Any, left: list[int]) -> str:
    """As repr, of at most left[0] values: a container that holds itself, or one part many times, has no end."""
    left[0] -= 1
    if left[0] < 0:
        raise ValueError(f"a cell of more than {CELL} values is no name of an architecture and no number")
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        inner = ", ".join(_written(item, left) for item in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' * (len(value) == 1)})"
    if isinstance(value, dict):
        pairs = (f"{_written(key, left)}: {_written(item, left)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    try:
        return repr(value)
    except ValueError:  # an integer that Python does not write
        return "a number of more than 4,300 digits"


def listed(names: Sequence[str]) -> str:
    """Names for a message, the first SHOWN."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(map(str, names[:SHOWN]))}{more}" or "none"
