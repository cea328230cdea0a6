"""The section with every ranking in one table: quality over all and at the top, by several truths, cost and labels."""

from __future__ import annotations

from pathlib import Path

from analysis.figures import style
from analysis.figures.estimators.leaderboard import leaderboard_figure
from analysis.figures.estimators.rankings import note_of_group, rows_of
from analysis.measures.collect import Collected
from analysis.measures.leaderboard import leaderboard
from analysis.report.page import picture
from analysis.report.tables.leaderboard import MEANING, printed
from analysis.store.study import mask_text
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
    for group in found.side_by_side:
        rows = rows_of(found.rankings[found.rankings["main"].astype(bool)], group)
        if not (rows["core_hours"].notna() & rows["tau_b"].notna()).any():
            continue
        ceilings = rows_of(found.ceilings[found.ceilings["truth"] == group.known.column], group)
        figure = leaderboard_figure(rows, ceilings, note_of_group(found.study, group))
        parts = [group.space.name, *group.space.mask] if len(found.side_by_side) > 1 else []
        path = style.save(figure, rows, folder, "-".join(["leaderboard", *parts]))[0]
        title = style.panel_title(group.space.name, mask_text(group.space))
        pieces.append(
            picture(path, f"{title}: quality against total cost.", "Figure: quality against total cost.")
        )
    return pieces
