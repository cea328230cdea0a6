"""Is a ranking better than the nearest point of a front by more than another draw of architectures would change? The
difference of their Spearman inside the same bin, with a paired interval.

Paired: architectures that are hard for both do not widen it. The nearest point was chosen by its own value on these
architectures, which the interval does not know of: it is a little too kind to the front.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis import influence
from analysis.correlation import spearman_of, undefined
from analysis.crossed import Group, Mean, difference_of
from analysis.estimator_scores import COST, Bools, Scored, SideBySide
from analysis.pairs import Floats, Pair
from analysis.study import mask_text
from analysis.topn import by_truth
from analysis.uncertainty import SMALLEST
from analysis.yardstick import Yardstick

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
