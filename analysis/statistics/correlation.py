"""Rank correlation of two columns over the same architectures: pure functions on 1-D arrays.

By convention the first argument is the truth and the second the score, both "higher is better". Every
function wants finite numbers and raises ValueError otherwise: a missing score is the caller's to drop or to
rank, never ours to guess. What is undefined (fewer than two architectures, a constant column) is a
Coefficient whose value is None and whose note says why; no function returns NaN.

Kendall's tau with P concordant and Q discordant pairs, n0 = n(n-1)/2 pairs, Tx and Ty pairs tied in x or y:

    tau-a = (P - Q) / n0
    tau-b = (P - Q) / sqrt((n0 - Tx) (n0 - Ty))
    tau-c = 2 (P - Q) / (n^2 (m - 1) / m)              m = the smaller number of distinct values

Source: M. Kendall, Biometrika 30 (1938) and 33 (1945); A. Stuart, Biometrika 40 (1953) for tau-c;
S. Vigna, "A weighted correlation index for rankings with ties" (WWW 2015) for the weighted tau.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics.pairs import Floats, Pair, tied_pairs

VARIANTS = ("a", "b", "c")


class Coefficient(NamedTuple):
    """A correlation in [-1, 1], or None with a note that says why there is none."""

    value: float | None
    note: str = ""


def finite_pair(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """Both as float arrays (n,). Raises ValueError unless they are 1-D, of equal length and finite."""
    pair = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    for name, values in zip(("x", "y"), pair, strict=True):
        if values.ndim != 1:
            raise ValueError(f"{name}: shape {values.shape} is not one-dimensional")
        finite = np.isfinite(values)
        if not finite.all():
            bad = np.flatnonzero(~finite)
            raise ValueError(
                f"{name}: {values[bad[0]]} at position {bad[0]} is not a finite number ({bad.size} such"
                " values); drop them or give them a rank first"
            )
    if len(pair[0]) != len(pair[1]):
        raise ValueError(f"x, y: lengths {len(pair[0])} and {len(pair[1])} differ")
    return pair


def undefined(x: Floats, y: Floats) -> str:
    """Why no correlation of x (truth) and y (scores) exists; '' if one does."""
    if len(x) < 2:
        return f"{len(x)} architecture{'s' * (len(x) != 1)}: a correlation needs at least 2"
    for name, values in (("truth values", x), ("scores", y)):
        if values.min() == values.max():
            return f"all {len(values)} {name} are equal"
    return ""


def _clip(value: Any) -> Coefficient:
    return Coefficient(float(min(1.0, max(-1.0, value))))


def kendall_tau(x: ArrayLike, y: ArrayLike, variant: str = "b") -> Coefficient:
    """Kendall's tau of x and y, both (n,), in O(n log n).

    variant: 'b' (the default here and in SciPy), 'a' or 'c'; see the module. Without ties 'a' equals 'b'.
    With ties 'a' counts a tied pair as half right, so that a ranking with mass ties cannot reach 1. Raises
    ValueError for values that are not finite, unequal lengths or an unknown variant.

    >>> kendall_tau([1, 2, 3, 4], [1, 2, 4, 3]).value
    0.6666666666666666
    >>> kendall_tau([1, 2, 3], [5, 5, 5])
    Coefficient(value=None, note='all 3 scores are equal')
    """
    return tau_of(Pair(*finite_pair(x, y)), variant)


def tau_of(pair: Pair, variant: str = "b") -> Coefficient:
    """kendall_tau of a pair."""
    if variant not in VARIANTS:
        raise ValueError(f"variant: {variant!r} is not one of {', '.join(VARIANTS)}")
    if note := undefined(pair.x, pair.y):
        return Coefficient(None, note)
    n, ranks, balance = len(pair.x), pair.places, pair.excess
    if variant == "c":
        distinct = min(int(values.dense.max()) + 1 for values in ranks)
        return _clip(2 * balance / (n**2 * (distinct - 1) / distinct))
    pairs = n * (n - 1) // 2
    if variant == "a":
        return _clip(balance / pairs)
    untied_x, untied_y = (pairs - tied_pairs(values) for values in ranks)
    return _clip(balance / math.sqrt(untied_x * untied_y))


def pearson(x: ArrayLike, y: ArrayLike) -> Coefficient:
    """Pearson's linear correlation of x and y, both (n,). On accuracies the failing tail dominates it."""
    return pearson_of(Pair(*finite_pair(x, y)))


def pearson_of(pair: Pair) -> Coefficient:
    """pearson of a pair."""
    if note := undefined(pair.x, pair.y):
        return Coefficient(None, note)
    x, y = (_centred(values) for values in (pair.x, pair.y))
    return _clip(x @ y / np.sqrt((x @ x) * (y @ y)))


def _centred(values: Floats) -> Floats:
    """Values less their mean, scaled to at most 1 in size: no overflow and no underflow in their squares."""
    values = values / np.abs(values).max()
    values = values - values.mean()
    values = values / np.abs(values).max()
    return values - values.mean()


def spearman(x: ArrayLike, y: ArrayLike) -> Coefficient:
    """Spearman's rho of x and y, both (n,): Pearson's correlation of the ranks; ties share their mean."""
    return spearman_of(Pair(*finite_pair(x, y)))


def spearman_of(pair: Pair) -> Coefficient:
    """spearman of a pair."""
    if note := undefined(pair.x, pair.y):
        return Coefficient(None, note)
    return pearson(*(places.mean_ranks for places in pair.places))


def weighted_tau(x: ArrayLike, y: ArrayLike) -> Coefficient:
    """Vigna's additive hyperbolic weighted tau of x and y, both (n,): exchanges near the top count more.

    The weight of rank r (from 0, at the largest value) is 1/(r+1), of a pair the sum of its two; the mean of the
    value with ranks by x and the value with ranks by y. Ties inside one ranking are ordered by the other column,
    never by position. Sums over pairs are sums over architectures: weight times pairs that it is in.
    """
    return weighted_tau_of(Pair(*finite_pair(x, y)))


def weighted_tau_of(pair: Pair) -> Coefficient:
    """weighted_tau of a pair."""
    x, y = pair.x, pair.y
    if note := undefined(x, y):
        return Coefficient(None, note)
    n, balance = len(x), pair.balance
    untied_x, untied_y = (n - places.equal for places in pair.places)
    values = []
    for order in (np.lexsort((y, x)), np.lexsort((x, y))):
        weights = np.empty(n)
        weights[order] = 1 / np.arange(n, 0, -1)
        untied = math.sqrt(weights @ untied_x) * math.sqrt(weights @ untied_y)
        values.append(weights @ balance / untied)
    return _clip(sum(values) / 2)
