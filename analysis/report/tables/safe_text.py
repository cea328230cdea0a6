"""Frames and cells as CSV and Markdown that no reader takes for formulas or markup."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with which a spreadsheet begins a formula


def csv_text(frame: pd.DataFrame, float_format: str | None = None) -> str:
    """A frame as CSV, without its index. A text that a spreadsheet would run as a formula begins with an apostrophe, by
    which spreadsheets mark text; numbers stay as they are."""
    texts = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    guarded = frame.assign(**{name: frame[name].map(_guarded) for name in texts}) if texts else frame
    return guarded.rename(columns=_guarded).to_csv(index=False, float_format=float_format)


def _guarded(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equal length as a table, the first being the head."""
    lines = ["| " + " | ".join(map(_markdown, row)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def _markdown(cell: str) -> str:
    """A cell in which HTML is text and which ends neither its column nor its line."""
    return html.escape(" ".join(cell.splitlines()), quote=False).replace("|", "\\|")
