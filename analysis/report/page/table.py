"""Tables of a page."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.report.page.cells import Cell, Head
from analysis.report.page.markup import Html, element


def table(
    head: Sequence[object],
    rows: Sequence[Sequence[object]],
    words: int = 1,
    weak: Sequence[int] = (),
    main: bool = False,
) -> Html:
    """A table that scrolls sideways by itself. head: texts or Heads. rows: texts, Html or Cells. The first `words`
    columns are text, the others numbers; the rows numbered in `weak` (baselines and ceilings) are set in grey.
    Any column can be sorted by; with `main` rows can be filtered and columns hidden."""
    if not rows:
        return Html("")
    titles = element("tr", *(_title(cell, _kind(i, words)) for i, cell in enumerate(head)))
    body = [
        element(
            "tr",
            *(_cell(cell, _kind(i, words)) for i, cell in enumerate(row)),
            **({"class": "weak"} if number in weak else {}),
        )
        for number, row in enumerate(rows)
    ]
    inner = element(
        "table", element("thead", titles), element("tbody", *body), **({"class": "main"} if main else {})
    )
    return element("div", inner, class_="scroll", tabindex="0", role="group")


def _kind(column: int, words: int) -> str:
    return "word" if column < words else "number"


def _title(cell: object, kind: str) -> Html:
    head = cell if isinstance(cell, Head) else Head(cell)
    more = {"data_column": head.column} if head.column else {}
    more |= {"title": head.title} if head.title else {}
    return element("th", head.label, class_=kind, scope="col", **more)


def _cell(cell: object, kind: str) -> Html:
    """data-value: the number with every digit that it has."""
    if not isinstance(cell, Cell):
        return element("td", cell, class_=kind)
    value = {} if cell.value is None else {"data_value": repr(cell.value)}
    return element("td", cell.content, class_=kind, **value)
