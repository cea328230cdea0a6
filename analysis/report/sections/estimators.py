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
from analysis.report.page import (
    DASH,
    ONE_SEED,
    Cell,
    Html,
    element,
    interval,
    interval_of,
    number,
    picture,
    table,
)
from analysis.statistics.bins import REPORTED
from analysis.statistics.uncertainty import SMALLEST
from analysis.store.study import GROUP, mask_text

SHOWN = (10, 30, 50)  # percent: bins in the table beside the whole
PANELS = (10, 50, 100)
COUNT = SIZES[-1]  # architectures whose total cost is in the table


def estimators_section(found: Collected, folder: Path) -> list[Html]:
    """Heading, and for each space and mask a table, what it is of, and two figures, saved to `folder`; nothing where
    all rankings are of one kind."""
    if len({run.kind for run in found.study.runs}) < 2:
        return []
    own = yardstick(found.study, percents=REPORTED)
    totals = amortised(own)
    pieces: list[Html] = []
    for group in own.side_by_side:
        pieces += [
            element("h3", style.panel_title(group.space.name, mask_text(group.space))),
            element("p", *_compared(rows_of(own.rankings, group)), class_="small"),
            _table(own, totals, group),
            *_against(rows_of(own.bins, group)),
            *_pictures(own, totals, group, folder),
        ]
    return [element("h2", "What the same compute buys"), *pieces, element("p", TEXT, class_="small")]


TEXT = (
    "Top x %: of the truth. In brackets, what the narrow range of truths leaves there of the Spearman over all, if"
    " the score's error is the same everywhere. Common ratio: share of the true top x % that is in the predicted top"
    " x %; in brackets (ratio - x) / (1 - x), which is 0 by chance. Intervals: 95 % over architectures and"
    f" trainings; {ONE_SEED}: of one seed, over architectures alone. Seconds: of the"
    " measure alone, mean and standard error over the architectures compared, on the machines that the runs were on;"
    " once: before any score, the training of a supernet for one; in total: that and the mean over all architectures"
    " asked for, with those that came to no score. `analysis yardstick` prints all bins, steps and MACs, and the"
    " distance to the Pareto front."
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


def _table(own: Yardstick, totals: pd.DataFrame, group: SideBySide) -> Html:
    bins = rows_of(own.bins, group)
    by_bin = {(*_key(row), row["percent"]): row for row in bins.to_dict("records")}
    costs = rows_of(totals, group)
    dearest = {_key(row): row["seconds"] for row in costs[costs["architectures"] <= COUNT].to_dict("records")}
    lines: list[list[object]] = []
    weak = []
    for row in rows_of(own.rankings, group).to_dict("records"):
        whole = by_bin.get((*_key(row), 100))
        if whole is None:
            continue
        inside = [by_bin.get((*_key(row), percent)) for percent in SHOWN]
        if row["kind"] == COST:
            weak.append(len(lines))
        lines.append([
            row["variant"], NAMES.get(row["kind"], row["kind"]),
            number(whole["spearman"]), _interval(whole),
            *(_bracketed(one, "spearman", "spearman_reference") for one in inside),
            *(_bracketed(one, "common", "corrected") for one in inside),
            _seconds(whole["seconds"], whole["seconds_se"]), _seconds(row["prepare_seconds"]),
            _seconds(dearest.get(_key(row))), row["statuses"] or DASH,
        ])  # fmt: skip
    head = ["Ranking", "Kind", "Spearman, all", "95 %"]
    head += [f"Spearman, top {x} %" for x in SHOWN] + [f"common ratio, top {x} %" for x in SHOWN]
    return table(
        [*head, "seconds each", "once", f"in total for {COUNT:,}", "no score"], lines, words=2, weak=weak
    )


def _interval(row: dict[Any, Any]) -> Cell:
    """A baseline has no trainings: its interval lacks nothing."""
    if row["kind"] == COST:
        return interval(row["spearman_low"], row["spearman_high"], 2)
    return interval_of(row, "spearman", 2)


def _key(row: dict[Any, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in GROUP)


def _bracketed(row: dict[Any, Any] | None, name: str, other: str) -> Cell:
    """'0.61 (0.55)'."""
    if row is None or (cell := number(row[name])).value is None:
        return Cell(DASH)
    return Cell(f"{cell.content} ({number(row[other], 2).content})", cell.value)


def _seconds(mean: Any, error: Any = None) -> Cell:
    """Three significant digits: seconds go from thousandths to days."""
    if mean is None or pd.isna(mean):
        return Cell(DASH)
    text = f"{mean:,.0f}" if mean >= 1000 else f"{mean:.3g}"
    return Cell(
        text if error is None or pd.isna(error) or not error else f"{text} ± {error:.2g}", float(mean)
    )


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


def _pictures(own: Yardstick, totals: pd.DataFrame, group: SideBySide, folder: Path) -> list[Html]:
    bins, costs = rows_of(own.bins, group), rows_of(totals, group)
    if not bins["seconds"].notna().any():
        return []
    note = note_of_group(own.study, group)
    end = "-".join([group.space.name, *group.space.mask]) if len(own.side_by_side) > 1 else ""
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
        full = f"{caption} A point is a ranking. {own.study.note}"
        pieces.append(picture(path, full, f"Figure: {caption}"))
    return pieces
