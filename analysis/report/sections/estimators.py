"""The section on other ways to rank beside supernets: one yardstick, quality beside what it cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from analysis.figures import style
from analysis.figures.estimators.quality_and_cost import amortised_figure, grid
from analysis.figures.estimators.rankings import NAMES, note_of_group, rows_of
from analysis.measures.amortised import SIZES, amortised
from analysis.measures.collect import Collected
from analysis.measures.estimator_scores import COST, SideBySide
from analysis.measures.front import DEFAULT, against_front
from analysis.measures.yardstick import Yardstick, yardstick
from analysis.report.page import picture
from analysis.report.tables.study import ranking_interval
from analysis.statistics.bins import REPORTED
from analysis.statistics.uncertainty import SMALLEST
from analysis.store.study import GROUP, mask_text
from analysis.tables.cells import DASH, ONE_SEED, Cell, Row, missing, number, significant
from analysis.tables.html import Html, element, html_table
from analysis.tables.table import Table

SHOWN = (10, 30, 50)  # percent: bins in the table beside the whole
PANELS = (10, 50, 100)
COUNT = SIZES[-1]  # architectures whose total cost is in the table


def estimators_section(collected: Collected, folder: Path) -> list[Html]:
    """Heading, and for each space and mask a table, what it is of, and two figures, saved to `folder`; nothing where
    all rankings are of one kind."""
    if len({run.kind for run in collected.study.runs}) < 2:
        return []
    measured = yardstick(collected.study, percents=REPORTED)
    totals = amortised(measured)
    pieces: list[Html] = []
    for group in measured.side_by_side:
        pieces += [
            element("h3", style.panel_title(group.space.name, mask_text(group.space))),
            element("p", *_compared(rows_of(measured.rankings, group)), class_="small"),
            _table(measured, totals, group),
            *_against(rows_of(measured.bins, group)),
            *_pictures(measured, totals, group, folder),
        ]
    return [element("h2", "Quality at equal cost"), *pieces, element("p", TEXT, class_="small")]


TEXT = (
    "Top x %: of the truth. In brackets, what range restriction leaves there of the Spearman over all if the error of"
    " the score is homoscedastic. Common ratio: share of the true top x % that is in the predicted top x %; in brackets"
    " (ratio - x) / (1 - x), which is 0 by chance. Intervals: 95 % over architectures and trainings;"
    f" {ONE_SEED}: one seed, over architectures alone. Seconds each: of the measure alone, mean and standard error over"
    " the architectures compared, on the machines of the runs. Once: before any score, for example the training of a"
    " supernet. In total: both, with the mean over all architectures asked for, also those without a score."
    " `analysis yardstick` prints all bins, steps and MACs, and the distance to the Pareto front."
)


def _compared(rankings: pd.DataFrame) -> list[str]:
    """On which architectures, and who is not compared."""
    compared = rankings[rankings["compared"] > 0]
    if not len(compared):
        return ["No ranking can be compared yet."]
    first = compared.iloc[0]
    texts = [
        f"All rankings on the {first['compared']:,} of {first['n']:,} architectures that each of them has a score for."
    ]
    apart = [
        f"{row['variant']} ({row['note']})" for row in rankings[rankings["compared"] == 0].to_dict("records")
    ]
    if apart:
        texts.append(f" Not compared: {'; '.join(apart)}.")
    return texts


def _table(measured: Yardstick, totals: pd.DataFrame, group: SideBySide) -> Html:
    bins = rows_of(measured.bins, group)
    by_bin = {(*_key(row), row["percent"]): row for row in bins.to_dict("records")}
    costs = rows_of(totals, group)
    dearest = {_key(row): row["seconds"] for row in costs[costs["architectures"] <= COUNT].to_dict("records")}
    lines: list[list[object]] = []
    weak = []
    for row in rows_of(measured.rankings, group).to_dict("records"):
        whole = by_bin.get((*_key(row), 100))
        if whole is None:
            continue
        inside = [by_bin.get((*_key(row), percent)) for percent in SHOWN]
        if row["kind"] == COST:
            weak.append(len(lines))
        lines.append([
            row["variant"], NAMES.get(row["kind"], row["kind"]),
            number(whole["spearman"]), ranking_interval(whole, "spearman_low", 2),
            *(_bracketed(one, "spearman", "spearman_reference") for one in inside),
            *(_bracketed(one, "common", "corrected") for one in inside),
            _seconds(whole["seconds"], whole["seconds_se"]), _seconds(row["prepare_seconds"]),
            _seconds(dearest.get(_key(row))), row["statuses"] or DASH,
        ])  # fmt: skip
    head = ["Ranking", "Kind", "Spearman, all", "95 %"]
    head += [f"Spearman, top {x} %" for x in SHOWN] + [f"common ratio, top {x} %" for x in SHOWN]
    head += ["seconds each", "once", f"in total for {COUNT:,}", "no score"]
    return html_table(Table.of_cells(head, lines, words=2), weak=weak)


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in GROUP)


def _bracketed(row: Row | None, name: str, other: str) -> Cell:
    """'0.61 (0.55)'."""
    if row is None or (cell := number(row[name])).value is None:
        return Cell(DASH)
    return Cell(f"{cell.content} ({number(row[other], 2).content})", cell.value)


def _seconds(mean: Any, error: Any = None) -> Cell:
    """Three significant digits: seconds go from thousandths to days."""
    shown = number(mean, 0, ",") if not missing(mean) and mean >= 1000 else significant(mean)
    if missing(error) or not error or shown.value is None:
        return shown
    return Cell(f"{shown.content} ± {error:.2g}", shown.value)


def _against(bins: pd.DataFrame) -> list[Html]:
    """A sentence for each FEAR: against short training at equal cost, in bins that are not too small for a number."""
    if not {DEFAULT, "fear"} <= set(bins["kind"]):
        return []
    rows = against_front(bins[bins["kind"].isin([DEFAULT, "fear"])])
    rows = rows[(rows["metric"] == "spearman") & rows["difference"].notna() & (rows["k"] >= SMALLEST)]
    texts = []
    for variant, group in rows.groupby("variant", sort=False):
        parts = [
            f"{number(row['difference'], 2, sign='+').content} in the top {row['percent']} %"
            if row["percent"] < 100 else f"{number(row['difference'], 2, sign='+').content} over all"
            for row in group.sort_values("percent").to_dict("records")
        ]  # fmt: skip
        texts.append(element("p", f"{variant} against the Pareto front of short training, Spearman at equal seconds: "
                             f"{', '.join(parts)}."))  # fmt: skip
    return texts


def _pictures(measured: Yardstick, totals: pd.DataFrame, group: SideBySide, folder: Path) -> list[Html]:
    bins, costs = rows_of(measured.bins, group), rows_of(totals, group)
    if not bins["seconds"].notna().any():
        return []
    note = note_of_group(measured.study, group)
    end = "-".join([group.space.name, *group.space.mask]) if len(measured.side_by_side) > 1 else ""
    drawn = {
        "yardstick": (
            grid(bins, PANELS, note),
            bins,
            "Seconds an architecture against Spearman and common ratio.",
        ),
        "amortised": (
            amortised_figure(costs, note),
            costs,
            "Quality against total cost, preparation included.",
        ),
    }
    pieces = []
    for name, (figure, data, caption) in drawn.items():
        path = style.save(figure, data, folder, f"{name}-{end}" if end else name)[0]
        full = f"{caption} A point is a ranking. {measured.study.note}"
        pieces.append(picture(path, full, f"Figure: {caption}"))
    return pieces
