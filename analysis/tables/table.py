"""A table: columns that say what a number is and how it is shown, and rows of plain values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from analysis.tables.cells import Cell, Format, Row, general, missing

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Column:
    """One column.

    Args:
        key: of the rows; the column's name in CSV and JSON.
        title: for a reader, a text or Html (the key).
        unit: after the title, in brackets.
        format: what is shown of a row: a Cell, Html, or a text (which LaTeX sets as text, not as a number).
        words: whether it is text, set to the left; else numbers, set to the right.
        hidden: whether only CSV and JSON have it.
        latex: the title in LaTeX where it is not the escaped one.
        rank: as text, columns of the lowest are left out first where a line has no room for all (1: last).
        hint: what the column is, for a reader of HTML who rests on its title.
    """

    key: str
    title: object = None
    unit: str = ""
    format: Format = general
    words: bool = False
    hidden: bool = False
    latex: str = ""
    hint: str = ""
    rank: int = 0

    @property
    def heading(self) -> object:
        """Title and unit."""
        title = self.key if self.title is None else self.title
        return f"{title} ({self.unit})" if self.unit else title

    def cell(self, row: Row) -> Cell:
        """What is shown of a row."""
        shown = self.format(row, self.key)
        return shown if isinstance(shown, Cell) else Cell(shown)


@dataclass(frozen=True)
class Table:
    """Columns and rows.

    Args:
        columns: from left to right.
        rows: values by the columns' keys; None and NaN are missing.
        name: of the rows in JSON; of the table in LaTeX.
        title: above it in text, Markdown and HTML.
        caption: in LaTeX (the title).
        notes: sentences directly below it in text and Markdown.
        group: the title that a row stands under in LaTeX, where there are several.
    """

    columns: Sequence[Column]
    rows: Sequence[Row]
    name: str = "rows"
    title: str = ""
    caption: str = ""
    notes: Sequence[str] = ()
    group: Callable[[Row], str] | None = None

    @classmethod
    def of_frame(cls, frame: pd.DataFrame, **more: Any) -> Table:
        """A frame's columns by their names; what is not of numbers is set to the left. more: other fields."""
        words = {str(name): frame[name].dtype.kind not in "biufc" for name in frame.columns}
        return cls([Column(name, words=left) for name, left in words.items()], records(frame), **more)

    @classmethod
    def of_cells(
        cls, head: Sequence[object], rows: Iterable[Sequence[object]], words: int = 1, **more: Any
    ) -> Table:
        """Titles, or Columns, and rows of what is shown, in their order: for columns that depend on the data.

        Raises:
            ValueError: for a row of another length than the head."""
        columns = [
            replace(one, words=one.words or place < words, format=_as_it_is)
            if isinstance(one, Column)
            else Column(str(place), one, format=_as_it_is, words=place < words)
            for place, one in enumerate(head)
        ]
        keyed = []
        for row in rows:
            if len(row) != len(columns):
                raise ValueError(f"rows: {list(row)} has {len(row)} cells, the head {len(columns)}")
            keyed.append({column.key: cell for column, cell in zip(columns, row, strict=True)})
        return cls(columns, keyed, **more)

    def select(self, keys: Iterable[str]) -> Table:
        """The same rows with these columns alone, in this order."""
        by_key = {column.key: column for column in self.columns}
        return replace(self, columns=[by_key[key] for key in keys])

    def ranked(self, ranks: Mapping[str, int]) -> Table:
        """The same with these ranks of columns, by key."""
        return replace(self, columns=[replace(one, rank=ranks.get(one.key, 0)) for one in self.columns])

    @property
    def shown(self) -> list[Column]:
        """The columns for a reader."""
        return [column for column in self.columns if not column.hidden]

    def values(self) -> list[dict[str, Any]]:
        """Rows of every column's value, by keys; None for what is missing."""
        keys = [column.key for column in self.columns]
        return [{key: None if missing(row.get(key)) else row[key] for key in keys} for row in self.rows]


def _as_it_is(row: Row, key: str) -> object:
    return row[key]


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as plain dictionaries, None for what is missing; numbers with every digit."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [
        {str(key): value.item() if hasattr(value, "item") else value for key, value in row.items()}
        for row in rows
    ]
