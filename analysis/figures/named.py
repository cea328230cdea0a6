"""All figures that have a name, and what each is drawn from: the runs of a study, or a table of ground truth."""

from __future__ import annotations

import re

from analysis.figures.estimators.definitions import FIGURES as FROM_RANKINGS
from analysis.figures.of_report import TITLES as OF_REPORT
from analysis.figures.paper.definitions import FIGURES as FROM_STUDY
from analysis.figures.style import TITLES
from analysis.figures.truth.definitions import FIGURES as FROM_TABLE

__all__ = ["FROM_RANKINGS", "FROM_STUDY", "FROM_TABLE", "OF_REPORT", "names", "overview"]


def names() -> list[str]:
    """Every name: those of the report, then in the papers' order."""
    return [*OF_REPORT, *sorted([*FROM_STUDY, *FROM_TABLE, *FROM_RANKINGS], key=_place)]


def _place(name: str) -> tuple[int, str, int, str]:
    """The ranking study first, then Blox; numbers as numbers, words behind them."""
    series, _, rest = name.partition("-")
    number = int(rest) if re.fullmatch(r"\d+", rest) else 1000
    return int(series != "paper"), series, number, rest


def overview() -> str:
    """A line for each figure: its name, what it is drawn from, what it shows."""
    rows = [(one.name, f"study {one.study}", one.title) for one in FROM_STUDY.values()]
    rows += [(one.name, f"a table of {TITLES[one.space]}", one.title) for one in FROM_TABLE.values()]
    rows += [(one.name, "any study with such rankings", one.title) for one in FROM_RANKINGS.values()]
    rows.sort(key=lambda row: _place(row[0]))
    rows = [(name, "any study", title) for name, title in OF_REPORT.items()] + rows
    widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
    return "\n".join(f"{name:<{widths[0]}}  {source:<{widths[1]}}  {title}" for name, source, title in rows)
