"""Partial rank correlation: does a score know more of the truth than a cost (parameters, MACs) tells already?

With Spearman's correlations a (truth and score), b (truth and cost) and c (score and cost):

    partial = (a - b c) / sqrt((1 - b^2) (1 - c^2))

which is Pearson's correlation of what is left of the ranks of truth and score after a linear regression of each on the
ranks of the cost. A score that is the cost plus noise has about 0. The same formula with Kendall's tau exists too, and
is not used: it need not be near 0 where score and truth have only the cost in common.

Source: M. Kendall, "Partial rank correlation" (Biometrika 32, 1942); E. Korn, "The ranges of limiting values of some
partial correlations under conditional independence" (The American Statistician 38, 1984), for the last remark.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis.correlation import finite_pair, spearman, undefined
from analysis.influence import of_spearman
from analysis.pairs import Floats
from analysis.uncertainty import QUANTILE, SMALLEST, standard_error


class Partial(NamedTuple):
    """A partial correlation in [-1, 1] with its 95 % interval over architectures; None with a note that says why."""

    value: float | None
    low: float | None
    high: float | None
    note: str = ""


def partial_spearman(truth: ArrayLike, score: ArrayLike, cost: ArrayLike) -> Partial:
    """Partial Spearman correlation of truth and score given cost, all (n,) and finite; ties share their mean rank.

    The interval is an infinitesimal jackknife on Fisher's z scale, from 10 architectures on. Raises ValueError for
    values that are not finite or unequal lengths."""
    truth, score = finite_pair(truth, score)
    truth, cost = finite_pair(truth, cost)
    if note := undefined(truth, score):
        return Partial(None, None, None, note)
    if cost.min() == cost.max():
        return Partial(None, None, None, f"all {len(cost)} costs are equal")
    pairs = ((truth, score), (truth, cost), (score, cost))
    a, b, c = (spearman(*pair).value or 0.0 for pair in pairs)
    for name, value in (("truth", b), ("score", c)):
        if 1 - abs(value) < 1e-12:
            return Partial(None, None, None, f"the {name} orders the architectures as the cost does")
    root = float(np.sqrt((1 - b**2) * (1 - c**2)))
    value = float(np.clip((a - b * c) / root, -1, 1))
    if len(truth) < SMALLEST:
        return Partial(value, None, None, f"no interval for fewer than {SMALLEST} architectures")
    if abs(value) > 1 - 1e-12:
        return Partial(value, value, value)
    on_a, on_b, on_c = (of_spearman(*pair) for pair in pairs)
    influence: Floats = (
        on_a / root + (value * b / (1 - b**2) - c / root) * on_b + (value * c / (1 - c**2) - b / root) * on_c
    )
    half = QUANTILE * standard_error(influence) / (1 - value**2)
    centre = np.arctanh(value)
    return Partial(value, float(np.tanh(centre - half)), float(np.tanh(centre + half)))
