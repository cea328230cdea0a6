"""Writers: tables as text, Markdown, CSV, JSON, LaTeX or HTML; no cell can pass for a formula or for markup."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analysis.tables.cells import DASH, MINUS
from analysis.tables.html import element, html_table
from analysis.tables.latex import latex
from analysis.tables.table import Column, Table

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("text", "markdown", "csv", "latex", "json", "html")
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
        form: one of FORMATS.
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
    columns = table.shown
    cells = [[str(column.heading) for column in columns]]
    cells += [[_ascii(column.cell(row).content, column) for column in columns] for row in table.rows]
    if form == "markdown":
        lines = ["| " + " | ".join(map(_markdown, line)) + " |" for line in cells]
        return "\n".join([lines[0], "|" + "---|" * len(columns), *lines[1:]])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column.words else cell.rjust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        ).rstrip()
        for line in cells
    )


def _ascii(content: object, column: Column) -> str:
    """Signs that every terminal has and every program reads as a number."""
    text = str(content)
    if column.words and text != DASH:
        return text
    return text.replace(MINUS, "-").replace(DASH, "-")


def _markdown(cell: str) -> str:
    """A cell in which HTML is text and which ends neither its column nor its line."""
    return html.escape(" ".join(cell.splitlines()), quote=False).replace("|", "\\|")
