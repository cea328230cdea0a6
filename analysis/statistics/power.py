"""How many seeds would show a difference? The power of Welch's test over seeds, from a standard deviation that was
measured.

The test is that of `significance.welch_p`: two variants of S seeds each, two-sided at level alpha. Where both have the
standard deviation s, its statistic for a difference d is noncentral t with 2 (S - 1) degrees of freedom and
noncentrality d / (s sqrt(2 / S)) (J. Cohen, "Statistical Power Analysis for the Behavioral Sciences", 1988, chapter 2).
Its bound has Welch's degrees of freedom, (S - 1) / (B^2 + (1 - B)^2), where B, the first group's share of the sum of
squares, is Beta-distributed and independent of the statistic; power is the mean over B.

Assumed: tau-b varies normally over seeds, and as much in one variant as in the other, so that the standard deviation
may be pooled. From few seeds it is itself hardly known: `std_interval` says how well, and `seeds_needed` at its ends
what that does to the number of seeds. tests/analysis/test_power.py simulates all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaincinv, gammaincinv, nctdtr, ndtri, stdtrit

POWER = 0.8  # the usual choice (Cohen)
INTERVAL = 0.8  # of the standard deviation: of a plan, not of a claim
MOST = 1000  # seeds; more is "more than"
POINTS = (np.arange(64) + 0.5) / 64  # of the distribution of B, at which the power is taken


class Pooled(NamedTuple):
    """A standard deviation over seeds, pooled over groups, and the degrees of freedom that it is known from."""

    std: float
    freedom: int


def pooled_std(groups: Sequence[Sequence[float]]) -> Pooled | None:
    """The standard deviation within groups of seeds, those of one seed left out; None if none has two."""
    several = [np.asarray(group, dtype=float) for group in groups if len(group) > 1]
    freedom = sum(len(group) - 1 for group in several)
    if not freedom:
        return None
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in several)
    return Pooled(float(np.sqrt(squares / freedom)), freedom)


def std_interval(pooled: Pooled, level: float = INTERVAL) -> tuple[float, float]:
    """The interval of the standard deviation, by the chi-squared distribution of its square."""
    ends = (1 + level) / 2, (1 - level) / 2
    low, high = (np.sqrt(pooled.freedom / (2 * gammaincinv(pooled.freedom / 2, end))) for end in ends)
    return float(pooled.std * low), float(pooled.std * high)


def welch_power(difference: float, std: float, seeds: int, alpha: float) -> float:
    """Probability that `seeds` seeds on either side show the difference at level alpha.

    Raises ValueError for fewer than two seeds."""
    if seeds < 2:
        raise ValueError(f"seeds: {seeds} is not at least 2")
    if std == 0:
        return float(difference != 0)
    shift = abs(difference) / (std * np.sqrt(2 / seeds))
    share = betaincinv((seeds - 1) / 2, (seeds - 1) / 2, POINTS)
    bound = stdtrit((seeds - 1) / (share**2 + (1 - share) ** 2), 1 - alpha / 2)
    # Far from the bound the noncentral distribution is 0 to all digits, for which SciPy may give NaN.
    below, far_below = (np.nan_to_num(nctdtr(2 * (seeds - 1), shift, end)) for end in (bound, -bound))
    return float(np.mean(1 - below + far_below))


def seeds_needed(difference: float, std: float, alpha: float, power: float = POWER) -> int | None:
    """The smallest number of seeds on either side that shows the difference with this power; None for more than
    MOST."""
    if welch_power(difference, std, MOST, alpha) < power:
        return None
    low, high = 1, MOST  # low does not, high does
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if welch_power(difference, std, middle, alpha) >= power else (middle, high)
    return high


def detectable(std: float, seeds: int, alpha: float, power: float = POWER) -> float:
    """The smallest difference that `seeds` seeds on either side show with this power."""
    if std == 0:
        return 0.0
    scale = std * np.sqrt(2 / seeds) * (stdtrit(seeds - 1, 1 - alpha / 2) + 4)
    return float(brentq(lambda d: welch_power(d, std, seeds, alpha) - power, 0, scale))


def detectable_over_architectures(error: float, alpha: float, power: float = POWER) -> float:
    """The smallest difference that a normal test with this standard error shows: what no number of seeds improves."""
    return float(error * (ndtri(1 - alpha / 2) + ndtri(power)))
