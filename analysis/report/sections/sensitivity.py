"""The section on how much the choices matter: one table a space, a row a variant, a column an option."""

from __future__ import annotations

import pandas as pd

from analysis.figures.style import TITLES
from analysis.measures.collect import Collected
from analysis.measures.sensitivity import (
    BN_MODE,
    COLUMN,
    ISOMORPHIC,
    SCORE,
    SEED,
    STEP,
    TIES,
    orders,
    sensitivity,
)
from analysis.report.page import DASH, Cell, Html, element, number, table

TITLE = {
    "tau_kendall_a": "tau-a",
    "tau_b_sparse": f"tau-b, truth in steps of {STEP}",
    ISOMORPHIC: "mean over isomorphic architectures",
}


def sensitivity_section(found: Collected) -> list[Html]:
    """Heading, tables and what they mean; nothing where no variant has a value."""
    rows = sensitivity(found)
    if not len(rows):
        return []
    pieces: list[Html] = []
    for space, group in rows.groupby("space", sort=False):
        truth = found.study.truths[str(space)]
        head, lines = _table(group, truth.column)
        pieces += [
            element("h3", TITLES.get(str(space), space)),
            table(head, lines, weak=[len(lines) - 1] if len(lines) > 1 else []),
        ]
    return [element("h2", "How much the choices matter"), *pieces, element("p", TEXT, class_="small")]


TEXT = (
    "Each choice is varied alone: tau-b of the mean score over seeds, in brackets its change from the study's own"
    " choice on the same architectures. Seeds of the truth: the lowest and the highest, each single training as the"
    " truth. Other columns: validation and test accuracies of the same table after as many epochs, never training"
    f" accuracy. Tau-a is that of statistics: a tied pair is half right. Steps: tau-b after the truth is floored to"
    f" multiples of {STEP} percentage points, so that differences too small to matter are ties. Isomorphic: the same"
    " graph is scored by different weights, once for each way to write it down; their mean is the score of all of them."
    " BatchNorm: the lowest and the highest of the other modes that the same checkpoints were scored in. Order: pairs"
    " of variants that the option puts in another order, and whether another variant comes first."
)


def _table(group: pd.DataFrame, column: str) -> tuple[list[object], list[list[object]]]:
    """Head and rows of a space; the last row, where there are several variants, is about their order."""
    order = orders(group).set_index(["choice", "option"])
    columns: list[
        tuple[str, list[tuple[str, str]]]
    ] = []  # the title of each and the options that it is about
    for choice, title in (
        (SEED, f"seeds of {_words(column)}"),
        (COLUMN, ""),
        (TIES, ""),
        (SCORE, ""),
        (BN_MODE, "BatchNorm"),
    ):
        options = list(dict.fromkeys(group.loc[group["choice"] == choice, "option"]))
        if title and options:
            columns.append((title, [(choice, option) for option in options]))
        elif options:
            columns += [(TITLE.get(option, _words(option)), [(choice, option)]) for option in options]
    lines: list[list[object]] = []
    for variant, rows in group.groupby("variant", sort=False):
        ties = rows[rows["choice"] == TIES].iloc[0]
        usual = number(ties["tau"] - ties["change"])
        by_option = rows.set_index(["choice", "option"])
        cells = [_cell(by_option[by_option.index.isin(options)]) for _, options in columns]
        lines.append([variant, usual, *cells, number(ties["n"], 0)])
    if len(lines) > 1:
        about = [_order(order[order.index.isin(options)]) for _, options in columns]
        lines.append(["order of the variants", Cell(DASH), *about, Cell(DASH)])
    return ["Ranking", f"tau-b, {_words(column)}", *(title for title, _ in columns), "n"], lines


def _cell(rows: pd.DataFrame) -> Cell:
    """'0.612 (−0.013)'; of several options the lowest and, on a line of its own, the highest."""
    known = rows.dropna(subset=["tau", "change"]).sort_values("tau", kind="stable")
    if not len(known):
        return Cell(DASH)
    several = len(known) > 1
    lines: list[str] = []
    for row in known.iloc[[0, -1] if several else [0]].to_dict("records"):
        tau, change = number(row["tau"]).content, f"({number(row['change'], sign='+').content})"
        lines += [f"{tau} {change}"] if several else [str(tau), change]
    return Cell(Html("".join(element("div", text) for text in lines)), float(known["tau"].iloc[0]))


def _order(rows: pd.DataFrame) -> object:
    """'2 of 10 swapped', 'another first': of several options the one that swaps most."""
    if not len(rows):
        return DASH
    worst = rows.loc[rows["swapped"] == rows["swapped"].max()].iloc[0]
    first = rows["best"] != rows["best_usual"]
    lines = [f"{worst['swapped']} of {worst['pairs']} swapped", *(["another first"] if first.any() else [])]
    return Html("".join(element("div", line) for line in lines))


def _words(column: str) -> str:
    return column.replace("_", " ")
