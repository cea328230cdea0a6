"""Writers: tables as text, Markdown, CSV, JSON, LaTeX or HTML; no cell can pass for a formula or for markup."""

from __future__ import annotations

import csv
import html
import io
import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analysis.tables.cells import DASH, MINUS
from analysis.tables.html import element, html_table
from analysis.tables.latex import latex
from analysis.tables.table import Column, Table

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("text", "wide", "markdown", "csv", "latex", "json", "html")
FOR_READERS = ("text", "wide", "markdown")  # with paragraphs around the tables
WIDTH = 100  # characters of a line of a table as text
SHORT, SHORTEST = 36, 16  # letters left of words before columns are left out, and where nothing else helps
KEPT = 8  # the rank from which a column is left out only if shorter words do not help
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with which a spreadsheet begins a formula


def write(
    tables: Table | Sequence[Table],
    form: str,
    *,
    facts: Mapping[str, Any] | None = None,
    before: str = "",
    after: str = "",
) -> str:
    """Tables in one of FORMATS, without a line's end at the last.

    Args:
        tables: those to write. CSV has the first alone, since a file of two tables is none.
        form: one of FORMATS. text: fits WIDTH characters, says what it leaves out for that, and has what is the same in
            all rows below the table; wide: every column.
        facts: what JSON has beside the rows, which stand under the tables' names; None: the rows of one table alone.
        before, after: paragraphs around the tables in text and Markdown.
    """
    tables = [tables] if isinstance(tables, Table) else list(tables)
    if form == "csv":
        return _csv(tables[0])
    if form == "json":
        if facts is None and len(tables) == 1:
            return as_json(tables[0].values())
        return as_json(dict(facts or {}) | {table.name: table.values() for table in tables})
    if form == "latex":
        return "\n\n".join(latex(table) for table in tables if table.rows)
    if form == "html":
        parts = [
            (element("p", table.title) if table.title else "", html_table(table, named=True))
            for table in tables
        ]
        return "\n".join(str(part) for pair in parts for part in pair if part)
    blocks = [before]
    for table in tables:
        body = "nothing to show" if table.title and not table.rows else _plain(table, form)
        blocks += [table.title, "\n".join([body, *table.notes])]
    return "\n\n".join(block for block in [*blocks, after] if block)


def as_json(content: object) -> str:
    """JSON without NaN: allow_nan makes a slip an error."""
    return json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)


def csv_text(frame: pd.DataFrame, float_format: str | None = None) -> str:
    """A frame as CSV, without its index; texts as in a table's CSV."""
    texts = [name for name in frame.columns if frame[name].dtype.kind not in "biufc"]
    guarded = frame.assign(**{name: frame[name].map(_guarded) for name in texts}) if texts else frame
    return guarded.rename(columns=_guarded).to_csv(index=False, float_format=float_format)


def _csv(table: Table) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([_guarded(column.key) for column in table.columns])
    for row in table.values():
        writer.writerow(["" if value is None else _guarded(value) for value in row.values()])
    return file.getvalue().rstrip("\n")


def _guarded(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula begins with an apostrophe, by which spreadsheets mark text;
    numbers stay as they are."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _plain(table: Table, form: str) -> str:
    """Text or Markdown: the head and a line a row."""
    if form == "text":
        return _fitted(table)
    columns = table.shown
    cells = _cells(columns, table)
    if form == "markdown":
        lines = ["| " + " | ".join(map(_markdown, line)) + " |" for line in cells]
        return "\n".join([lines[0], "|" + "---|" * len(columns), *lines[1:]])
    return _aligned(columns, cells)


def _cells(columns: Sequence[Column], table: Table) -> list[list[str]]:
    head = [str(column.heading) for column in columns]
    return [head, *([_ascii(column.cell(row).content, column) for column in columns] for row in table.rows)]


def _widths(cells: list[list[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*cells, strict=True)]


def _aligned(columns: Sequence[Column], cells: list[list[str]]) -> str:
    widths = _widths(cells)
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column.words else cell.rjust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        ).rstrip()
        for line in cells
    )


def _fitted(table: Table) -> str:
    """Text of at most WIDTH characters a line. Where that takes it: what is the same in all rows goes below the table;
    columns of the lowest rank are left out, the last first; long words are shortened in their middle, where columns
    have no ranks before any is left out, else before one of rank KEPT is."""
    columns = table.shown
    cells = _cells(columns, table)

    def too_wide() -> bool:
        return sum(_widths(cells)) + 2 * (len(columns) - 1) > WIDTH

    same: list[str] = []
    left_out: list[str] = []
    if too_wide() and len(table.rows) > 1:
        for place in reversed(range(1, len(columns))):
            values = {line[place] for line in cells[1:]}
            if len(values) == 1 and too_wide():
                value = values.pop()
                same.insert(0, f"{cells[0][place]} {value}" if value not in ("", "-") else "")
                columns, cells = _without(place, columns, cells)
    ranked = len({column.rank for column in columns}) > 1
    if too_wide() and not ranked:
        cells = _with_short_words(columns, cells, SHORT)
    while too_wide() and len(columns) > 2:
        if ranked and min(column.rank for column in columns[1:]) >= KEPT:
            cells = _with_short_words(columns, cells, SHORTEST)
            if not too_wide():
                break
        place = min(range(1, len(columns)), key=lambda at: (columns[at].rank, -at))
        left_out.insert(0, cells[0][place])
        columns, cells = _without(place, columns, cells)
    if too_wide():
        cells = _with_short_words(columns, cells, SHORTEST)
    text = [_aligned(columns, cells)]
    if any(same):
        text.append(f"in all rows: {'; '.join(filter(None, same))}")
    if left_out:
        text.append(f"not shown: {', '.join(left_out)} (--wide has all)")
    return "\n".join(line for part in text for line in _wrapped(part))


def _without(
    place: int, columns: Sequence[Column], cells: list[list[str]]
) -> tuple[list[Column], list[list[str]]]:
    """Both without the column at the place."""
    return [*columns[:place], *columns[place + 1 :]], [[*line[:place], *line[place + 1 :]] for line in cells]


def _with_short_words(columns: Sequence[Column], cells: list[list[str]], least: int) -> list[list[str]]:
    """The widest columns of words shortened until all fit or have `least` letters."""
    cells = [list(line) for line in cells]
    words = [place for place, column in enumerate(columns) if column.words]
    while words:
        widths = _widths(cells)
        over = sum(widths) + 2 * (len(columns) - 1) - WIDTH
        place = max(words, key=lambda at: widths[at])
        if over <= 0 or widths[place] <= least:
            break
        others = [widths[at] for at in words if at != place]
        room = max(least, widths[place] - over, min(max(others, default=0), widths[place] - 1))
        for line in cells[1:]:
            line[place] = _shortened(line[place], room)
        if _widths(cells)[place] == widths[place]:  # its title is as long
            words.remove(place)
    return cells


def _shortened(text: str, room: int) -> str:
    """At most `room` letters: names tend to differ at either end."""
    if len(text) <= room:
        return text
    tail = (room - 3) // 2
    return f"{text[: room - 3 - tail]}...{text[len(text) - tail :]}"


def _wrapped(part: str) -> list[str]:
    """The lines of a table as they are, others in lines of WIDTH."""
    if "\n" in part:
        return part.split("\n")
    return textwrap.wrap(part, WIDTH, subsequent_indent="  ", break_on_hyphens=False) or [part]


def _ascii(content: object, column: Column) -> str:
    """Signs that every terminal has and every program reads as a number."""
    text = str(content)
    if column.words and text != DASH:
        return text
    return text.replace(MINUS, "-").replace(DASH, "-")


def _markdown(cell: str) -> str:
    """A cell in which HTML is text and which ends neither its column nor its line."""
    return html.escape(" ".join(cell.splitlines()), quote=False).replace("|", "\\|")
