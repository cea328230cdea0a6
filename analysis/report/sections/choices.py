"""The sections on how much choices matter: of truth, coefficient and score; of BatchNorm statistics; of the mask that a
supernet is trained with."""

from __future__ import annotations

import pandas as pd

from analysis.figures.style import TITLES
from analysis.measures.collect import Collected
from analysis.measures.differences import verdict
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
from analysis.report.sections.comparisons import difference_interval
from analysis.report.sections.whole import evaluated_on
from analysis.report.tables.study import space_title
from analysis.tables.cells import DASH, ONE_SEED, Cell, Row, fixed, interval_of, number, with_std
from analysis.tables.html import Html, element, html_table
from analysis.tables.table import Column, Table

TITLE = {
    "tau_kendall_a": "tau-a",
    "tau_b_sparse": f"tau-b, truth in steps of {STEP}",
    ISOMORPHIC: "mean over isomorphic architectures",
}
SPACE = Column("space", "Space", words=True, format=lambda row, key: space_title(row))


def sensitivity_section(collected: Collected) -> list[Html]:
    """Heading, tables and what they mean; nothing where no variant has a value."""
    rows = sensitivity(collected)
    if not len(rows):
        return []
    pieces: list[Html] = []
    for space, group in rows.groupby("space", sort=False):
        truth = collected.study.truths[str(space)]
        table = _sensitivity_table(group, truth.column)
        weak = [len(table.rows) - 1] if len(table.rows) > 1 else []
        pieces += [element("h3", TITLES.get(str(space), space)), html_table(table, weak=weak)]
    return [element("h2", "How much the choices matter"), *pieces, element("p", SENSITIVITY, class_="small")]


SENSITIVITY = (
    "One choice is varied at a time: tau-b of the mean score over seeds, in brackets its change from the study's own"
    " choice on the same architectures. Seeds of the truth: the lowest and the highest with each single training as the"
    " truth. Other columns: validation and test accuracies of the same table after as many epochs, never training"
    " accuracy. tau-a is that of statistics: a tied pair counts one half. Steps: tau-b after the truth is rounded down"
    f" to multiples of {STEP} percentage points, so that negligible differences are ties. Isomorphic: the same"
    " graph is scored with different weights, once for each way to encode it; the mean is the score of all of them."
    " BatchNorm: the lowest and the highest of the other modes in which the same checkpoints were scored. Order: pairs"
    " of variants that the option swaps, and whether another variant comes first."
)


def _sensitivity_table(group: pd.DataFrame, truth: str) -> Table:
    """The table of a space; its last row, where there are several variants, is about their order."""
    order = orders(group).set_index(["choice", "option"])
    columns: list[tuple[str, list[tuple[str, str]]]] = []  # titles and the options that they are about
    titles = {SEED: f"seeds of {_words(truth)}", COLUMN: "", TIES: "", SCORE: "", BN_MODE: "BatchNorm"}
    for choice, title in titles.items():
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
        cells = [_changed(by_option[by_option.index.isin(options)]) for _, options in columns]
        lines.append([variant, usual, *cells, number(ties["n"], 0)])
    if len(lines) > 1:
        about = [_order(order[order.index.isin(options)]) for _, options in columns]
        lines.append(["order of the variants", Cell(DASH), *about, Cell(DASH)])
    return Table.of_cells(
        ["Ranking", f"tau-b of the mean score, {_words(truth)}", *(title for title, _ in columns), "n"], lines
    )


def _changed(rows: pd.DataFrame) -> Cell:
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


def bn_modes_section(collected: Collected) -> list[Html]:
    """One checkpoint, scored with several kinds of BatchNorm statistics, and with the average of its weights where the
    training kept one: a table of the variants that were scored in several."""
    trained = collected.variants[collected.variants["trained_as"].isna()]
    trained = trained[trained.groupby(["space", "mask", "variant"])["measure"].transform("nunique") > 1]
    if not len(trained):
        return []
    text = "The same checkpoints, scored with other BatchNorm statistics."
    if trained["measure"].str.startswith("ema-").any():
        text += " Measures named ema-: with the exponential moving average of the weights."
    table = html_table(Table(BN_MODES, trained.to_dict("records")))
    return [element("h2", "BatchNorm modes"), element("p", text), table]


def _mode(row: Row, key: str) -> str:
    return row[key] + (" (used above)" if row["primary"] else "")


BN_MODES = [
    SPACE,
    Column("variant", "Variant", words=True),
    Column("measure", "BatchNorm when scoring", words=True, format=_mode),
    Column("tau_b", "tau-b", format=with_std),
    Column("tau_b_low", "95 %", format=interval_of),
    Column("set", "evaluated on", words=True, format=evaluated_on),
    Column("tau_b_loss", "tau-b by loss", format=with_std),
    Column("spearman", "Spearman", format=with_std),
    Column("mean_score", "mean score", unit="%", format=lambda row, key: with_std(row, key, 2)),
]


def controls_section(collected: Collected) -> list[Html]:
    """Trained with a mask against only evaluated under it: heading, table and text, if the study has both."""
    if not len(collected.controls):
        return []
    return [
        element("h2", "Trained without, or only evaluated without"),
        html_table(Table(CONTROLS, collected.controls.to_dict("records"))),
        element("p", CONTROL, class_="small"),
    ]


CONTROLS = [
    SPACE,
    Column("leader", "Trained", words=True),
    Column("other", "Only evaluated", words=True),
    Column("difference", "difference of tau-b", format=fixed()),
    Column("low", "95 %", format=difference_interval),
    Column("n", format=fixed(0)),
    Column("is", "Trained so, it is", format=lambda row, key: verdict(row)),
]
CONTROL = (
    "A supernet trained without some operations and one trained with them, both evaluated on the same architectures,"
    " which contain none of them. The difference is the effect of training; what tau-b gains beyond it is the effect of"
    f" the narrower evaluation set. 95 %: over architectures and trainings; {ONE_SEED}: one seed, over architectures"
    " alone. Better or worse: over architectures and by Welch's test over seeds, both after Holm's correction for the"
    " rows of the space."
)
