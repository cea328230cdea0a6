"""The sections on why rankings are wrong, of a study and of one pair of columns: tables, heatmaps with their data, and
what the numbers mean."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.figures import diagnostics, style
from analysis.measures.baselines import CONTROLS, LAYERS, controls_of
from analysis.measures.collect import Collected
from analysis.measures.diagnostics import (
    NAMES,
    Diagnostics,
    confusion,
    diagnose,
    features,
    rank_residuals,
    residuals_by,
)
from analysis.report.page import picture
from analysis.statistics.correlation import undefined
from analysis.statistics.partial import partial_spearman, tau_within
from analysis.statistics.uncertainty import SMALLEST
from analysis.store.study import FULL
from analysis.store.tables import Joined
from analysis.tables.cells import DASH, Cell, Row, fixed, interval, number
from analysis.tables.html import Html, element, html_table
from analysis.tables.table import Column, Table

HEADING = "Where the ranking goes wrong"
NAMED = 2  # operations named in a cell at the most
WHOLE_ONLY = (
    "operation",
    "connectivity",
    "convolutions",
)  # groups of a pair's table; places are in the figure

PARTIAL = (
    "Partial rho: Spearman's correlation of truth and score given the parameters, MACs or layers of the stand-alone"
    " network (about 0 for a score that is the cost plus noise)"
)
EQUAL_TRUTH = (
    "what remains after a regression on the true rank within each tenth of the true ranking, so that noise alone, which"
    " pulls good architectures down and bad ones up, is not taken for a preference of operations"
)
MATRIX = "Where the architectures of each part of the true ranking are in the predicted one."


def diagnostics_section(collected: Collected, folder: Path) -> list[Html]:
    """Heading, table, text and figures, saved to `folder`; nothing where every variant has too few architectures."""
    result = diagnose(collected)
    if not len(result.variants):
        return []
    return [
        element("h2", HEADING),
        *_tables(result),
        element("p", TEXT, class_="small"),
        *_pictures(collected, result, folder),
    ]


TEXT = (
    f"Of the mean score over seeds. {PARTIAL}, with its 95 % interval over architectures. At equal layers: tau-b over"
    " the pairs of architectures with equally many. Partial tau: the same of Kendall's tau-b, which need not be near 0"
    " where score and truth have only the cost in common; where the two"
    " disagree, trust the partial rho. Overrated, underrated: operations whose use puts an architecture higher or lower"
    " than others of equal truth, mean over all uses in percent of the ranking with its 95 % interval, not corrected"
    f" for the number of operations; only those whose interval excludes 0, at most {NAMED}."
)
CAPTIONS = {
    "residuals": "Rank by score minus rank by truth, in percent of the ranking, at equal truth: "
    + EQUAL_TRUTH
    + ".",
    "confusion": f"{MATRIX} Ties of the truth by file order, of the score at random by the seed.",
}


def _tables(result: Diagnostics) -> list[Html]:
    """Two tables for each space: what is over- and underrated, and what is left given the cost."""
    pieces: list[Html] = []
    for space, group in result.variants.groupby("space", sort=False):
        rows = group.to_dict("records")
        rated = []
        for row in rows:
            same = (result.residuals[NAMES] == [row[name] for name in NAMES]).all(axis=1)
            operations = result.residuals[same & (result.residuals["group"] == "operation")]
            rated.append([row["variant"], *_rated(operations)])
        pieces += [
            element("h3", style.TITLES.get(str(space), space)),
            html_table(Table.of_cells(["Ranking", "overrated", "underrated"], rated)),
            html_table(Table(GIVEN, rows)),
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
            percent = {"x": row["at_equal_truth"], "x_low": row["low"], "x_high": row["high"]}
            shown = _with_interval({key: 100 * value for key, value in percent.items()}, "x", 1, "+")
            lines.append(element("div", f"{row['name']} {shown.content}"))
        cells.append(Html("".join(lines) or DASH))
    return cells[0], cells[1]


def _with_interval(row: Row, key: str, digits: int = 3, sign: str = "") -> Cell:
    """A format: '0.61 [0.55, 0.67]'."""
    value, ends = (
        number(row[key], digits, sign),
        interval(row[f"{key}_low"], row[f"{key}_high"], digits, sign),
    )
    return value if ends.value is None else Cell(f"{value.content} {ends.content}", value.value)


GIVEN = [
    Column("variant", "Ranking", words=True),
    Column("tau_b", "tau-b of the mean score", format=fixed()),
    Column("partial_params", "partial rho given params", format=_with_interval),
    Column("partial_macs", "given MACs", format=_with_interval),
    Column("partial_layers", "given layers", format=_with_interval),
    Column("within_layers", "tau-b at equal layers", format=_with_interval),
    Column("partial_tau_params", "partial tau given params", format=_with_interval),
    Column("partial_tau_macs", "given MACs", format=_with_interval),
    Column("partial_tau_layers", "given layers", format=_with_interval),
    Column("n", format=fixed(0)),
]


def _pictures(collected: Collected, result: Diagnostics, folder: Path) -> list[Html]:
    study = collected.study
    shown = diagnostics.choose(result.variants)
    note = style.data_note(study.note)
    some = ""
    if len(shown) < len(result.variants):
        some = f" {len(shown)} of {len(result.variants)} variants, those of the highest tau-b; all are in the CSV."
    columns = ", ".join(f"{truth.column} of {truth.path.name}" for truth in study.truths.values())
    more = f"{some} Mean score over the finished seeds, sampled architectures. Truth: {columns}. {study.note}"
    pieces = []
    for name, text in CAPTIONS.items():
        drawn = diagnostics.heatmaps(name, result, note=note)
        paths = style.save(drawn.figure, drawn.frame, folder, name)
        pieces.append(picture(paths[0], text + more, f"Figure: {text}"))
    return pieces


def pair_diagnostics_section(joined: Joined, name: str, folder: Path, seed: int, note: str) -> list[Html]:
    """The section of one pair of columns: heading, tables, figures saved to `folder`; nothing for too few architectures
    or a constant column.

    What architectures are made of is told where a known space reads them. name: of the scores. seed: of ties and of
    intervals. note: on the truth and ties, for captions."""
    truth, score = joined.truth, joined.score
    if len(truth) < SMALLEST or undefined(truth, score):
        return []
    space = "unknown space" if joined.space is None else joined.space.name
    group = {"space": space, "mask": FULL, "variant": name}
    variants = pd.DataFrame([{**group, "n": len(truth)}])

    def of_group(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(**group)[[*group, *(column for column in rows if column not in group)]]

    pieces = [element("h2", HEADING)]
    drawn = {}
    if joined.space is not None:
        made_of = features(joined.space, joined.architectures)
        rows = of_group(residuals_by(made_of, rank_residuals(truth, score), seed))
        whole = rows[rows["group"].isin(WHOLE_ONLY)].to_dict("records")
        pieces += [_partial(joined), html_table(Table(USES, whole)), element("p", PAIR_TEXT, class_="small")]
        drawn["residuals"] = (diagnostics.residuals(rows, variants), rows, RESIDUALS)
    rows = of_group(confusion(truth, score, seed=seed))
    drawn["confusion"] = (diagnostics.confusion(rows, variants), rows, MATRIX)
    for stem, (figure, data, text) in drawn.items():
        paths = style.save(figure, data, folder, stem)
        pieces.append(picture(paths[0], f"{text} n = {len(truth):,}. {note}", f"Figure: {text}"))
    return pieces


PAIR_TEXT = (
    f"{PARTIAL}. Residual: rank by score minus rank by truth, in percent of the ranking, mean over all uses; above 0"
    f" the architectures that use it are overrated. At equal truth: {EQUAL_TRUTH}; 95 % over architectures, not"
    " corrected for the number of rows."
)
RESIDUALS = "Residuals at equal truth by operation and place, in percent of the ranking."


def _partial(joined: Joined) -> Html:
    assert joined.space is not None
    costs, rows = controls_of(joined.space, joined.architectures), []
    for name in CONTROLS:
        partial = partial_spearman(joined.truth, joined.score, costs[name].to_numpy(dtype=float))
        rows.append([name, number(partial.value), interval(partial.low, partial.high)])
    within = tau_within(joined.truth, joined.score, costs[LAYERS].to_numpy(dtype=float))
    rows.append(["equal layers: tau-b", number(within.value), interval(within.low, within.high)])
    return html_table(Table.of_cells(["Given", "partial rho", "95 %"], rows))


def _use(row: Row, key: str) -> str:
    return f"{row[key]} convolutions" if row["group"] == "convolutions" else row[key]


def _verdict(row: Row, key: str) -> str:
    return "over" if row["low"] > 0 else "under" if row["high"] < 0 else ""


def _percent(row: Row, key: str) -> Cell:
    return number(100 * row[key], 1, "+")


USES = [
    Column("name", "Use of", words=True, format=_use),
    Column("rated", words=True, format=_verdict),
    Column("at_equal_truth", "at equal truth", unit="%", format=_percent),
    Column("low", "95 %", format=lambda row, key: interval(100 * row["low"], 100 * row["high"], 1)),
    Column("residual", unit="%", format=_percent),
    Column("n", "architectures", format=fixed(0, ",")),
]
