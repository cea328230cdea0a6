"""How far each ranking of a yardstick lies from the Pareto front of others: of cost and quality, bin by bin.

What the FEAR paper reads off its figures as the "nearest Pareto point" of short training, computed: the front's two
neighbours in cost, the nearer of them, the difference of quality at equal cost and the cost of equal quality.

A front is the best of all its points, as they came out on these architectures: the more points, the more luck is in it.

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), tables 1 and 3.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.estimator_scores import COSTS
from analysis.pareto import Distance, distance_to_front
from analysis.study import GROUP

DEFAULT = "short-training"
METRICS = {"spearman": "Spearman", "common": "common ratio"}
POINT = ("variant", "value", "cost", "cost_se")
FRONT = [
    *GROUP, "kind", "percent", "k", "metric", "cost_in", "value", "cost", "cost_se",
    *(f"{which}_{name}" for which in ("nearest", "below", "above") for name in POINT),
    "value_there", "difference", "cost_there", "times",
]  # fmt: skip


def of_front(rankings: pd.DataFrame, front: str) -> pd.Series:
    """bool by row (with columns kind and measure): whether it is of the front, 'KIND' or 'KIND:MEASURE'; a measure
    stands for itself after any epoch, MEASURE@E. ValueError if no row is."""
    kind, _, measure = front.partition(":")
    chosen = rankings["kind"] == kind
    if measure:
        chosen &= rankings["measure"].str.partition("@")[0] == measure
    if not chosen.any():
        names = rankings["kind"] + ":" + rankings["measure"].str.partition("@")[0]
        known = sorted({*rankings["kind"], *names})
        raise ValueError(f"front: {front!r} is not one of {', '.join(known) or 'none: nothing is compared'}")
    return chosen


def against_front(bins: pd.DataFrame, front: str = DEFAULT, cost: str = "seconds") -> pd.DataFrame:
    """FRONT: a row for each bin, metric and ranking of another kind than the front's, whose metric and cost are known.

    bins: the frame of a Yardstick. value: of the metric. cost: mean over the bin's architectures in `cost_in`, its
    standard error *_se. nearest, below, above: points of the front (see analysis/pareto.py). value_there: the front's
    at the same cost, difference: value less that. cost_there: the front's for the same value; times: cost_there / cost.
    ValueError for a front or a cost that there is not."""
    if cost not in COSTS:
        raise ValueError(f"cost: {cost!r} is not one of {', '.join(COSTS)}")
    inside = of_front(bins, front)
    rows: list[dict[str, Any]] = []
    for metric in METRICS:
        known = bins[bins[metric].notna() & bins[cost].notna()]
        for _, group in known.groupby(["space", "mask", "percent"], sort=False):
            points = group[inside[group.index]].reset_index(drop=True)
            if not len(points):
                continue
            for row in group[group["kind"] != front.partition(":")[0]].to_dict("records"):
                found = distance_to_front(row[cost], row[metric], points[cost], points[metric])
                rows.append(
                    {name: row[name] for name in (*GROUP, "kind", "percent", "k")}
                    | {"metric": metric, "cost_in": cost}
                    | {"value": row[metric], "cost": row[cost], "cost_se": row[f"{cost}_se"]}
                    | _neighbours(points, found, metric, cost)
                    | _distance(found, row[cost])
                )
    return pd.DataFrame(rows, columns=FRONT)


def _neighbours(points: pd.DataFrame, found: Distance, metric: str, cost: str) -> dict[str, Any]:
    columns = ("variant", metric, cost, f"{cost}_se")
    row: dict[str, Any] = {}
    for which in ("nearest", "below", "above"):
        place = getattr(found, which)
        values = [None] * len(columns) if place is None else [points[name][place] for name in columns]
        row |= {f"{which}_{name}": value for name, value in zip(POINT, values, strict=True)}
    return row


def _distance(found: Distance, cost: float) -> dict[str, Any]:
    return {
        "value_there": found.value_there,
        "difference": found.difference,
        "cost_there": found.cost_there,
        "times": found.cost_there / cost if found.cost_there is not None and cost > 0 else None,
    }
