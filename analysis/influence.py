"""Influence of each architecture on Kendall's tau, Spearman's rho and Pearson's r, in O(n log^2 n).

The influence of architecture i is how fast a coefficient changes as i gains weight. The mean of the
influences is zero and their variance over n is the squared standard error of the coefficient over
architectures: the infinitesimal jackknife. It needs one pass where a bootstrap needs a thousand, and gives
the error of a paired difference for free: the influences subtract.

Source: L. A. Jaeckel, "The infinitesimal jackknife" (Bell Laboratories, 1972); B. Efron, "The Jackknife, the
Bootstrap and Other Resampling Plans" (SIAM, 1982), chapter 6.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from analysis.correlation import Floats


def below_in_both(x: Floats, y: Floats) -> Floats:
    """For each i the number of j with x[j] < x[i] and y[j] < y[i]; x and y are (n,), so is the result.

    Architectures are put in the order of x (equal x: falling y, so that they do not count each other). The
    ranks of y are then compared bit by bit: j is below i in y exactly if at the highest bit in which they
    differ j has 0 and i has 1; for each bit, a running count of the zeros inside a block that agrees on all
    higher bits.
    """
    order = np.lexsort((-y, x))
    rank = np.unique(y, return_inverse=True)[1][order]
    counts = np.zeros(len(x), dtype=np.int64)
    for bit in range(int(rank.max()).bit_length()):
        block = rank >> (bit + 1)
        by_block = np.argsort(block, kind="stable")
        one = (rank[by_block] >> bit) & 1
        zeros = np.cumsum(1 - one)
        starts = np.flatnonzero(np.diff(block[by_block], prepend=-1))
        before = np.repeat((zeros - (1 - one))[starts], np.diff(starts, append=len(x)))
        counts[by_block] += one * (zeros - before)
    result = np.empty(len(x))
    result[order] = counts
    return result


def pair_balance(x: Floats, y: Floats) -> Floats:
    """For each architecture, concordant less discordant pairs with all others, (n,); ties count zero.

    Half the sum is Kendall's P - Q."""
    return below_in_both(x, y) + below_in_both(-x, -y) - below_in_both(x, -y) - below_in_both(-x, y)


def _untied(values: Floats) -> Floats:
    """For each value, the share of the others that differ from it, (n,)."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (len(values) - counts[inverse]) / (len(values) - 1)


def _ratio(numerator: Floats, variances: tuple[Floats, Floats], mean: tuple[float, float, float]) -> Floats:
    """Influence on C / sqrt(Vx Vy) from the influences on C, Vx and Vy, whose values are `mean`."""
    c, vx, vy = mean
    root = np.sqrt(vx * vy)
    return numerator / root - c / root / 2 * (variances[0] / vx + variances[1] / vy)


def of_tau_b(x: Floats, y: Floats) -> Floats:
    """Influence of each architecture on tau-b, (n,); x and y finite and not constant."""
    balance = pair_balance(x, y) / (len(x) - 1)
    ux, uy = _untied(x), _untied(y)
    c, vx, vy = (float(values.mean()) for values in (balance, ux, uy))
    # Each pair has two members, hence the factor of a U-statistic of order two.
    return 2 * _ratio(balance - c, (ux - vx, uy - vy), (c, vx, vy))


def of_tau_a(x: Floats, y: Floats) -> Floats:
    """Influence of each architecture on Kendall's tau-a, (n,); x and y finite."""
    balance = pair_balance(x, y) / (len(x) - 1)
    return 2 * (balance - balance.mean())


def of_pearson(x: Floats, y: Floats) -> Floats:
    """Influence of each architecture on Pearson's r, (n,); x and y finite and not constant."""
    x, y = x - x.mean(), y - y.mean()
    c, vx, vy = float((x * y).mean()), float((x * x).mean()), float((y * y).mean())
    return _ratio(x * y - c, (x * x - vx, y * y - vy), (c, vx, vy))


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
    f, g = ((stats.rankdata(values) - 0.5) / n - 0.5 for values in (x, y))  # mean exactly 0
    c, vx, vy = float((f * g).mean()), float((f * f).mean()), float((g * g).mean())
    on_c = f * g + _above(x, g) + _above(y, f) - 3 * c
    on_x = f * f + 2 * _above(x, f) - 3 * vx
    on_y = g * g + 2 * _above(y, g) - 3 * vy
    return _ratio(on_c, (on_x, on_y), (c, vx, vy))
