"""Markup. Every text is escaped here and nowhere else: `Html` is markup that is ready, a plain str is not."""

from __future__ import annotations

import html
from collections.abc import Container

from analysis.tables.cells import Cell
from analysis.tables.table import Column, Table


class Html(str):
    """Markup that is safe to put in the page as it is."""


def safe(text: object) -> Html:
    """The text with what HTML would read as markup escaped; Html stays as it is."""
    return text if isinstance(text, Html) else Html(html.escape(str(text)))


def element(tag: str, *content: object, **attributes: str) -> Html:
    """<tag name="value">content</tag>; an attribute's trailing underscore is dropped (class_), other underscores become
    hyphens (aria_label)."""
    words = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(value)}"' for name, value in attributes.items()
    )
    return Html(f"<{tag}{words}>{''.join(safe(part) for part in content)}</{tag}>")


def html_table(table: Table, weak: Container[int] = (), main: bool = False, named: bool = False) -> Html:
    """A table that scrolls sideways by itself; nothing without rows.

    Any column can be sorted by in a page (analysis/report/page). weak: numbers of rows that are set in grey (baselines
    and ceilings). main: whether rows can be filtered and columns put away. named: whether titles have the columns'
    keys, by which their numbers are found in the CSV."""
    if not table.rows:
        return Html("")
    head = element("tr", *(_heading(column, named) for column in table.shown))
    body = [
        element(
            "tr",
            *(_cell(column.cell(row), column) for column in table.shown),
            **({"class": "weak"} if place in weak else {}),
        )
        for place, row in enumerate(table.rows)
    ]
    inner = element(
        "table", element("thead", head), element("tbody", *body), **({"class": "main"} if main else {})
    )
    return element("div", inner, class_="scroll", tabindex="0", role="group")


def _kind(column: Column) -> str:
    return "word" if column.words else "number"


def _heading(column: Column, named: bool) -> Html:
    more = {"data_column": column.key} if named else {}
    more |= {"title": column.hint} if column.hint else {}
    return element("th", column.heading, class_=_kind(column), scope="col", **more)


def _cell(cell: Cell, column: Column) -> Html:
    """data-value: the number with every digit that it has."""
    value = {} if cell.value is None else {"data_value": repr(cell.value)}
    return element("td", cell.content, class_=_kind(column), **value)
