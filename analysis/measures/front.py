"""How far each ranking of a yardstick lies from the Pareto front of others: of cost and quality, bin by bin.

What the FEAR paper reads off its figures as the "nearest Pareto point" of short training, computed: the front's two
neighbours in cost, the nearer of them, the difference of quality at equal cost and the cost of equal quality.

Whether a ranking differs from the nearest point of a front by more than another draw of architectures would change: the
difference of their Spearman inside the same bin, with a paired interval. Paired: architectures that are hard for both
do not widen it. The nearest point was chosen by its own value on these architectures, which the interval does not know
of: it is a little too kind to the front.

A front is the best of all its points, as they came out on these architectures: the more points, the more luck is in it.

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), tables 1 and 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.estimator_scores import COST, Bools, Scored, SideBySide
from analysis.measures.yardstick import Yardstick
from analysis.statistics import influence
from analysis.statistics.correlation import spearman_of, undefined
from analysis.statistics.crossed import Group, Mean, difference_of
from analysis.statistics.pairs import Floats, Pair
from analysis.statistics.pareto import Distance, distance_to_front
from analysis.statistics.topn import by_truth
from analysis.statistics.uncertainty import SMALLEST
from analysis.store.costs import COSTS
from analysis.store.study import GROUP, mask_text

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
    standard error *_se. nearest, below, above: points of the front (see pareto.py). value_there: the front's
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


COLUMNS = ["nearest_difference", "nearest_low", "nearest_high"]
NONE = Mean(None, None, None, 0)


def with_intervals(found: Yardstick, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of `against_front` with COLUMNS: value less nearest_value and its 95 % interval over architectures and
    trainings, of Spearman where all rankings are on the same architectures (missing='common'); empty elsewhere."""
    groups = {(one.space.name, mask_text(one.space)): one for one in found.side_by_side}
    compared = found.rankings[found.rankings["compared"] > 0]
    means = [
        _of_row(row, groups, compared) if found.missing == "common" else NONE
        for row in rows.to_dict("records")
    ]
    values = [[mean.value, mean.low, mean.high] for mean in means]
    return rows.assign(**pd.DataFrame(values, columns=COLUMNS, index=rows.index, dtype=float))


def _of_row(row: dict[Any, Any], groups: dict[tuple[str, str], SideBySide], compared: pd.DataFrame) -> Mean:
    if row["metric"] != "spearman":
        return NONE
    group = groups[row["space"], row["mask"]]
    here = compared[(compared["space"] == row["space"]) & (compared["mask"] == row["mask"])]
    names = set(here["variant"])
    rankings = {one.variant: one for one in group.rankings if one.variant in names}
    together = np.logical_and.reduce([one.scored for one in rankings.values()])
    top = np.flatnonzero(together)[by_truth(group.truth[together])][: row["k"]]
    return paired_spearman(group.truth, rankings[row["variant"]], rankings[row["nearest_variant"]], top)


def paired_spearman(truth: Floats, a: Scored, b: Scored, top: np.ndarray | Bools) -> Mean:
    """Mean Spearman over seeds of `a` less that of `b`, over the architectures `top` of truth (n,), all scored by both;
    with its interval over architectures and trainings. None where a column is constant; no interval for few."""
    groups = []
    for one in (a, b):
        pairs = [Pair(truth[top], scores[top]) for scores in one.scores]
        if not pairs or any(undefined(pair.x, pair.y) for pair in pairs):
            return Mean(None, None, None, len(top))
        values = np.array([spearman_of(pair).value or 0.0 for pair in pairs])
        influences = np.array([influence.of_spearman(pair.x, pair.y) for pair in pairs])
        groups.append(Group(values, influences, fixed=one.kind == COST))
    found = difference_of(*groups)
    return found if len(top) >= SMALLEST else Mean(found.value, None, None, len(top))
