"""Partial rank correlation: does a score say more of the truth than a cost (parameters, MACs) does?

With rank correlations a (truth and score), b (truth and cost) and c (score and cost):

    partial = (a - b c) / sqrt((1 - b^2) (1 - c^2))

Of Spearman's rho this is Pearson's correlation of what is left of the ranks of truth and score after a linear
regression of each on the ranks of the cost. A score that is the cost plus noise has about 0.

Of Kendall's tau-b the same formula is Kendall's partial tau, the phi coefficient of the table of pairs that agree or
not with the order of the cost. It is given because papers quote it, and to be read with care: it need not be near 0
where score and truth have only the cost in common. If both correlate .9 with the cost and are normal, it is .19 and the
partial rho is .01. So where the two differ, believe the partial rho; and neither has a known null distribution of its
own here, only an interval over architectures.

Source: M. Kendall, "Partial rank correlation" (Biometrika 32, 1942); E. Korn, "The ranges of limiting values of some
partial correlations under conditional independence" (The American Statistician 38, 1984), for the last remark.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics.correlation import Coefficient, finite_pair, kendall_tau, spearman, undefined
from analysis.statistics.crossed import QUANTILE, standard_error
from analysis.statistics.influence import of_spearman, of_tau_b, of_tau_within
from analysis.statistics.pairs import Floats
from analysis.statistics.uncertainty import SMALLEST


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
    return _partial(truth, score, cost, spearman, of_spearman)


def partial_kendall(truth: ArrayLike, score: ArrayLike, cost: ArrayLike) -> Partial:
    """Kendall's partial tau of truth and score given cost, of tau-b, all (n,); see the module's caveat. Otherwise as
    partial_spearman."""
    return _partial(truth, score, cost, kendall_tau, of_tau_b)


def tau_within(truth: ArrayLike, score: ArrayLike, strata: ArrayLike) -> Partial:
    """Kendall's tau-b of truth and score over the pairs of architectures with equal `strata`, all (n,) and finite: what
    a score knows among those of equal cost, where that is a small number such as of layers.

    Concordant less discordant pairs over the root of the product of the pairs untied in truth and in score, each
    counted within strata. The interval is as of partial_spearman."""
    truth, score = finite_pair(truth, score)
    truth, groups = finite_pair(truth, strata)
    if note := undefined(truth, score):
        return Partial(None, None, None, note)
    value, influence = of_tau_within(truth, score, groups)
    if not np.isfinite(value):
        return Partial(None, None, None, "truth or score is constant wherever the strata are equal")
    value = float(np.clip(value, -1, 1))
    if len(truth) < SMALLEST:
        return Partial(value, None, None, f"no interval for fewer than {SMALLEST} architectures")
    return _on_fisher_scale(value, influence)


def _partial(
    truth: ArrayLike,
    score: ArrayLike,
    cost: ArrayLike,
    coefficient: Callable[[Floats, Floats], Coefficient],
    influence_on: Callable[[Floats, Floats], Floats],
) -> Partial:
    truth, score = finite_pair(truth, score)
    truth, cost = finite_pair(truth, cost)
    if note := undefined(truth, score):
        return Partial(None, None, None, note)
    if cost.min() == cost.max():
        return Partial(None, None, None, f"all {len(cost)} costs are equal")
    pairs = ((truth, score), (truth, cost), (score, cost))
    a, b, c = (coefficient(*pair).value or 0.0 for pair in pairs)
    for name, value in (("truth", b), ("score", c)):
        if 1 - abs(value) < 1e-12:
            return Partial(None, None, None, f"the {name} orders the architectures as the cost does")
    root = float(np.sqrt((1 - b**2) * (1 - c**2)))
    value = float(np.clip((a - b * c) / root, -1, 1))
    if len(truth) < SMALLEST:
        return Partial(value, None, None, f"no interval for fewer than {SMALLEST} architectures")
    on_a, on_b, on_c = (influence_on(*pair) for pair in pairs)
    influence: Floats = (
        on_a / root + (value * b / (1 - b**2) - c / root) * on_b + (value * c / (1 - c**2) - b / root) * on_c
    )
    return _on_fisher_scale(value, influence)


def _on_fisher_scale(value: float, influence: Floats) -> Partial:
    """The value with its interval."""
    if abs(value) > 1 - 1e-12:
        return Partial(value, value, value)
    half = QUANTILE * standard_error(influence) / (1 - value**2)
    centre = np.arctanh(value)
    return Partial(value, float(np.tanh(centre - half)), float(np.tanh(centre + half)))
