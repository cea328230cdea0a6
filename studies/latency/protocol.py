"""From the times of many runs to one latency.

Source: Chau et al., "BLOX" (NeurIPS 2022), supplement C.3: runs in groups of ten, the inter-quartile mean of each
group, and the inter-quartile mean of these means.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

GROUP = 10  # runs


class Latency(NamedTuple):
    """In the unit of the times. low, high: quartiles of the groups' means."""

    value: float
    low: float
    high: float


def interquartile_mean(values: ArrayLike) -> float:
    """Mean of the values from the lower to the upper quartile, both inclusive, quartiles by linear interpolation; of
    two values, neither of which is between them, their mean.

    Raises ValueError for no values, and for one that is not finite."""
    given = np.asarray(values, dtype=float).ravel()
    if not len(given) or not np.isfinite(given).all():
        raise ValueError(f"values: {len(given)} of them, not all finite numbers")
    low, high = np.quantile(given, [0.25, 0.75])
    inside = given[(given >= low) & (given <= high)]
    return float((inside if len(inside) else given).mean())


def latency(times: ArrayLike) -> Latency:
    """Of runs in their order, a multiple of GROUP. Raises ValueError for another number."""
    given = np.asarray(times, dtype=float).ravel()
    check_runs(len(given))
    means = [interquartile_mean(group) for group in given.reshape(-1, GROUP)]
    low, high = np.quantile(means, [0.25, 0.75])
    return Latency(interquartile_mean(means), float(low), float(high))


def check_runs(runs: int) -> None:
    """ValueError for a number of runs that is no multiple of GROUP."""
    if runs < GROUP or runs % GROUP:
        raise ValueError(f"runs: {runs} is not a positive multiple of {GROUP}")
