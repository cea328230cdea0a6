"""The tables of the FEAR paper by name, of any study that has such rankings.

1 and 3: FEAR in cumulative bins of the truth beside the nearest point of short training's Pareto front, here with the
front's two neighbours in cost. 2: Spearman of zero-cost proxies and FEAR over all. The paper's 1 is of CIFAR-10, its 2
of the synthetic CIFAR-10, its 3 of CIFAR-100 and ImageNet16-120.

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.measures.front import METRICS
from analysis.measures.yardstick import Yardstick
from analysis.report.tables.pair import frame_text
from analysis.report.tables.yardstick import (
    SCALES,
    UNITS,
    Printed,
    fixed,
    frames,
    named,
    numbers,
    short,
    with_error,
    written,
)

FEAR, PROXIES = "fear", ("zero-cost", "zero-cost-while-training")
AGAINST_FRONT = ("fear-1", "fear-3")
NAMES = ("fear-1", "fear-2", "fear-3")


def fear_text(found: Yardstick, form: str, name: str, front: str | None, cost: str = "seconds") -> str:
    """The table `name` of NAMES, in the formats of `yardstick_text`. ValueError if the study has nothing for it."""
    own = frames(found, front, cost)
    frame = fear_frame(name, own)
    if not len(frame):
        needs = "FEAR and a front of short training" if name in AGAINST_FRONT else "proxies or FEAR"
        raise ValueError(f"study: {found.study.name} has nothing for {name}, which needs scores of {needs}")
    if form == "csv":
        return frame_text(frame, form)
    if form == "json":
        return numbers(found, {name: frame}, front, cost)
    several = len(set(own["rankings"]["space"])) > 1
    shown = named(frame, several)
    if name in AGAINST_FRONT:
        title = f"FEAR and the nearest point of the Pareto front of {front}: quality, cost in {UNITS[cost]}"
        table = Printed(name, title, *_against(shown, cost), words=1)
    else:
        table = Printed(name, "Spearman over all", *_correlations(shown), words=1)
    return written(found, form, [table])


def fear_frame(name: str, own: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Every number of the table: rows of the frames (of `frames`) that it is made of."""
    if name in AGAINST_FRONT:
        return own["front"][own["front"]["kind"] == FEAR]
    bins = own["bins"]
    return bins[(bins["percent"] == 100) & bins["kind"].isin([FEAR, *PROXIES])]


def _against(frame: pd.DataFrame, cost: str) -> tuple[list[str], list[list[str]]]:
    head = ["ranking", "top %"]
    for title in METRICS.values():
        head += [title, "nearest", "cheaper", "dearer"]
    rows = []
    ordered = frame.sort_values("percent", kind="stable")
    ordered = ordered.sort_values(
        "name", key=lambda names: names.map(list(frame["name"]).index), kind="stable"
    )
    for (name, percent), group in ordered.groupby(["name", "percent"], sort=False):
        of = {row["metric"]: row for row in group.to_dict("records")}
        cells = [str(name), str(percent)]
        for metric in METRICS:
            row = of.get(metric)
            cells += (
                ["-"] * 4
                if row is None
                else [_cell(row, which, cost) for which in ("", "nearest", "below", "above")]
            )
        rows.append(cells)
    return head, rows


def _cell(row: dict[Any, Any], which: str, cost: str) -> str:
    """'0.16 (138 ± 2.2)': a quality and what it cost; '-' where there is no such point."""
    value, spent, error = (row[f"{which}_{part}" if which else part] for part in ("value", "cost", "cost_se"))
    if value is None or pd.isna(value):
        return "-"
    return f"{fixed(value, 2)} ({with_error(spent, error, SCALES[cost])})"


def _correlations(frame: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    rows = [
        [
            row["name"],
            fixed(row["spearman"]),
            f"[{fixed(row['spearman_low'], 2)}, {fixed(row['spearman_high'], 2)}]",
            short(row["n"]),
        ]
        for row in frame.to_dict("records")
    ]
    return ["ranking", "Spearman", "95 %", "n"], rows
