"""The section with every ranking in one table: quality over all and at the top, by several truths, cost and labels."""

from __future__ import annotations

from pathlib import Path

from analysis.figures import style
from analysis.figures.estimators.leaderboard import figures_of
from analysis.measures.collect import Collected
from analysis.measures.leaderboard import leaderboard
from analysis.report.page import picture
from analysis.report.tables.leaderboard import MEANING, printed
from analysis.tables.html import Html, element, html_table


def leaderboard_section(collected: Collected, folder: Path) -> list[Html]:
    """Heading, the tables, and for each space and mask a figure, saved to `folder`; nothing where all rankings are of
    one kind."""
    if len({run.kind for run in collected.study.runs}) < 2:
        return []
    found = leaderboard(collected.study)
    pieces: list[Html] = [element("h2", "Leaderboard"), element("p", MEANING, class_="small")]
    for table in printed(found):
        pieces += [element("h3", table.title), html_table(table)]
        pieces += [element("p", note, class_="small") for note in table.notes]
    for name, figure, rows in figures_of(found):
        path = style.save(figure, rows, folder, name)[0]
        pieces.append(picture(path, "Quality against total cost.", "Figure: quality against total cost."))
    return pieces
