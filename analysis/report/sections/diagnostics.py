"""The report's section on why rankings are wrong: a table, two heatmaps with their data, and what the numbers mean."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.figures import diagnostics, style
from analysis.measures.baselines import COSTS
from analysis.measures.collect import Collected
from analysis.measures.diagnostics import NAMES, Diagnostics, diagnose
from analysis.report.page import DASH, Cell, Html, element, number, picture, table

GIVEN = ("partial rho given params", "given MACs", "partial tau given params", "given MACs")
NAMED = 2  # operations named in a cell at the most


def diagnostics_section(found: Collected, folder: Path) -> list[Html]:
    """Heading, table, text and figures, saved to `folder`; nothing where every variant has too few architectures."""
    result = diagnose(found)
    if not len(result.variants):
        return []
    return [
        element("h2", "Where the ranking goes wrong"),
        *_tables(result),
        element("p", TEXT, class_="small"),
        *_pictures(found, result, folder),
    ]


TEXT = (
    "Of the mean score over seeds. Partial rho: Spearman's correlation of truth and score given the stand-alone"
    " network's parameters or MACs (a score that is the cost plus noise has about 0), with its 95 % interval over"
    " architectures. Partial tau: the same of Kendall's tau-b, which need not be near 0 where score and truth have"
    " only the cost in common: where the two differ, believe the partial rho."
    " Overrated, underrated: operations whose use puts an architecture further up or down than others of equal truth,"
    " the mean over all uses in percent of the ranking with its own 95 % interval, not corrected for the number of"
    f" operations; only those whose interval leaves out 0, at most {NAMED}."
)

CAPTIONS = {
    "residuals": "Place in the ranking by score less place by truth, in percent of the ranking, at equal truth: what is"
    " left of it after a regression on the place by truth in each tenth of the true ranking, so that mere noise,"
    " which pulls good architectures down and bad ones up, is not taken for a preference of operations.",
    "confusion": "Where the architectures of each part of the true ranking are in the predicted one. Truth's ties by"
    " file order, the score's at random by the seed.",
}


def _tables(result: Diagnostics) -> list[Html]:
    """Two tables for each space: what is over- and underrated, and what is left given the cost."""
    pieces: list[Html] = []
    for space, group in result.variants.groupby("space", sort=False):
        rated, given = [], []
        for row in group.to_dict("records"):
            same = (result.residuals[NAMES] == [row[name] for name in NAMES]).all(axis=1)
            operations = result.residuals[same & (result.residuals["group"] == "operation")]
            rated.append([row["variant"], *_rated(operations)])
            names = [f"{key}_{name}" for key in ("partial", "partial_tau") for name in COSTS]
            partial = [_with_interval(row, name, 3) for name in names]
            given.append([row["variant"], number(row["tau_b"]), *partial, number(row["n"], 0)])
        pieces += [
            element("h3", style.TITLES.get(str(space), space)),
            table(["Ranking", "overrated", "underrated"], rated),
            table(["Ranking", "tau-b", *GIVEN, "n"], given),
        ]
    return pieces


def _rated(operations: pd.DataFrame) -> tuple[Html, Html]:
    """The over- and the underrated operations whose interval leaves out 0, the furthest first, each on its line."""
    ordered = operations.sort_values("at_equal_truth", kind="stable")
    over, under = ordered[ordered["low"] > 0][::-1], ordered[ordered["high"] < 0]
    cells = []
    for rows in (over, under):
        lines = []
        for row in rows[:NAMED].to_dict("records"):
            percent = {
                "x": row["at_equal_truth"] * 100,
                "x_low": row["low"] * 100,
                "x_high": row["high"] * 100,
            }
            lines.append(element("div", f"{row['name']} {_with_interval(percent, 'x', 1, '+').content}"))
        cells.append(Html("".join(lines) or DASH))
    return cells[0], cells[1]


def _with_interval(row: Mapping[Any, Any], name: str, digits: int, sign: str = "") -> Cell:
    shown, *ends = (number(row[key], digits, sign) for key in (name, f"{name}_low", f"{name}_high"))
    if any(end.value is None for end in ends):
        return shown
    return Cell(f"{shown.content} [{ends[0].content}, {ends[1].content}]", shown.value)


def _pictures(found: Collected, result: Diagnostics, folder: Path) -> list[Html]:
    shown = diagnostics.choose(result.variants)
    note = style.data_note(found.study.note)
    seeds = "Mean score over the finished seeds, sampled architectures"
    some = ""
    if len(shown) < len(result.variants):
        some = f" {len(shown)} of {len(result.variants)} variants, those of the highest tau-b; all are in the CSV."
    columns = ", ".join(f"{truth.column} of {truth.path.name}" for truth in found.study.truths.values())
    pieces = []
    for name, text in CAPTIONS.items():
        drawn = diagnostics.heatmaps(name, result, note=note)
        paths = style.save(drawn.figure, drawn.frame, folder, name)
        caption = f"{text}{some} {seeds}. Truth: {columns}. {found.study.note}"
        pieces.append(picture(paths[0], caption, f"Figure: {text}"))
    return pieces
