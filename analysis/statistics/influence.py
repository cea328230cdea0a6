"""Influence of each architecture on Kendall's tau, Spearman's rho and Pearson's r, in O(n log n).

The influence of architecture i is how fast a coefficient changes as i gains weight. The mean of the
influences is zero and their variance over n is the squared standard error of the coefficient over
architectures: the infinitesimal jackknife. It needs one pass where a bootstrap needs a thousand, and gives
the error of a paired difference for free: the influences subtract.

Source: L. A. Jaeckel, "The infinitesimal jackknife" (Bell Laboratories, 1972); B. Efron, "The Jackknife, the
Bootstrap and Other Resampling Plans" (SIAM, 1982), chapter 6.
"""

from __future__ import annotations

import numpy as np

from analysis.statistics.pairs import Floats, Pair, places


def _balance(pair: Pair) -> tuple[Floats, Floats, Floats]:
    """For each architecture (n,): concordant less discordant pairs, pairs untied in x, pairs untied in y.

    All as shares of the n - 1 pairs that it is in."""
    n = len(pair.x)
    untied_x, untied_y = ((n - values.equal) / (n - 1) for values in pair.places)
    return pair.balance / (n - 1), untied_x, untied_y


def _ratio(numerator: Floats, variances: tuple[Floats, Floats], mean: tuple[float, float, float]) -> Floats:
    """Influence on C / sqrt(Vx Vy) from the influences on C, Vx and Vy, whose values are `mean`."""
    c, vx, vy = mean
    root = np.sqrt(vx * vy)
    return numerator / root - c / root / 2 * (variances[0] / vx + variances[1] / vy)


def of_tau_b(x: Floats, y: Floats) -> Floats:
    """Influence of each architecture on tau-b, (n,); x and y finite and not constant."""
    return of_tau_b_of(Pair(x, y))


def of_tau_b_of(pair: Pair) -> Floats:
    """of_tau_b of a pair."""
    balance, ux, uy = _balance(pair)
    c, vx, vy = (float(values.mean()) for values in (balance, ux, uy))
    # Each pair has two members, hence the factor of a U-statistic of order two.
    return 2 * _ratio(balance - c, (ux - vx, uy - vy), (c, vx, vy))


def of_tau_within(x: Floats, y: Floats, strata: np.ndarray) -> tuple[float, Floats]:
    """tau-b of the pairs whose members are of one stratum, and the influence (n,) of each architecture on it; NaN where
    x or y is constant in every stratum. strata (n,): of each architecture."""
    balance, ux, uy = np.zeros((3, len(x)))
    for inside in (strata == stratum for stratum in np.unique(strata)):
        if (size := int(inside.sum())) > 1:
            shares = np.stack(_balance(Pair(x[inside], y[inside])))
            balance[inside], ux[inside], uy[inside] = shares * (size - 1) / (len(x) - 1)
    c, vx, vy = (float(values.mean()) for values in (balance, ux, uy))
    if not (vx and vy):
        return float("nan"), np.full(len(x), np.nan)
    return c / np.sqrt(vx * vy), 2 * _ratio(balance - c, (ux - vx, uy - vy), (c, vx, vy))


def of_tau_a(x: Floats, y: Floats) -> Floats:
    """Influence of each architecture on Kendall's tau-a, (n,); x and y finite."""
    balance = _balance(Pair(x, y))[0]
    return 2 * (balance - balance.mean())


def of_pearson(x: Floats, y: Floats) -> Floats:
    """Influence of each architecture on Pearson's r, (n,); x and y finite and not constant."""
    x, y = x - x.mean(), y - y.mean()
    c, vx, vy = float((x * y).mean()), float((x * x).mean()), float((y * y).mean())
    return _ratio(x * y - c, (x * x - vx, y * y - vy), (c, vx, vy))


def of_common_ratio(best: np.ndarray, predicted: np.ndarray, k: int) -> Floats:
    """Influence of each architecture on the common ratio of the true and the predicted top k, (n,).

    best, predicted: positions (n,) by falling truth and by falling score. An architecture acts by being in both tops,
    and by moving the two cuts: one more in the true top pushes out the last one of it, which is in the predicted top
    with the probability `a` that the architectures around that cut have. Around: n^(2/3) / 4 on either side, at least
    3.
    """
    n = len(best)
    true, found = np.zeros(n), np.zeros(n)
    true[best[:k]] = 1
    found[predicted[:k]] = 1
    share = k / n
    width = min(max(3, round(n ** (2 / 3) / 4)), k, max(1, n - k))
    around = slice(max(0, k - width), k + width)
    a, b = found[best[around]].mean(), true[predicted[around]].mean()
    both = true * found
    return (both - both.mean() - a * (true - share) - b * (found - share)) / share


def _above(values: Floats, weights: Floats) -> Floats:
    """For each i the mean over k of weights[k] * (1 if values[k] > values[i], 1/2 if equal), (n,)."""
    inverse, counts = np.unique(values, return_inverse=True, return_counts=True)[1:]
    group = np.bincount(inverse, weights=weights, minlength=len(counts))
    suffix = group[::-1].cumsum()[::-1] - group / 2
    return suffix[inverse] / len(values)


def of_spearman(x: Floats, y: Floats) -> Floats:
    """Influence of each architecture on Spearman's rho, (n,); x and y finite and not constant.

    An architecture acts twice: by its own ranks, and by moving the ranks of all above it.
    """
    n = len(x)
    f, g = ((places(values).mean_ranks - 0.5) / n - 0.5 for values in (x, y))  # mean exactly 0
    c, vx, vy = float((f * g).mean()), float((f * f).mean()), float((g * g).mean())
    on_c = f * g + _above(x, g) + _above(y, f) - 3 * c
    on_x = f * f + 2 * _above(x, f) - 3 * vx
    on_y = g * g + 2 * _above(y, g) - 3 * vy
    return _ratio(on_c, (on_x, on_y), (c, vx, vy))
