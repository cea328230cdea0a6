"""The interval over architectures of the weighted tau, which a few architectures at the top decide: the jackknife over
GROUPS random groups of architectures, each left out once, on Fisher's z with Student's t.

Source: B. Efron, "The Jackknife, the Bootstrap and Other Resampling Plans" (SIAM, 1982), chapter 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from analysis.correlation import finite_pair, undefined, weighted_tau
from analysis.crossed import LEVEL
from analysis.uncertainty import SMALLEST

GROUPS = 25
Ends = tuple[float, float] | tuple[None, None]


def weighted_tau_interval(truth: ArrayLike, scores: ArrayLike, seed: int = 0) -> Ends:
    """95 % interval of weighted_tau of truth and scores (n,); None and None where it is undefined or n too small."""
    truth, scores = finite_pair(truth, scores)
    n = len(truth)
    if n < SMALLEST or undefined(truth, scores):
        return None, None
    count = min(GROUPS, n)
    value = weighted_tau(truth, scores).value
    group = np.random.default_rng(seed).permutation(n) % count
    left = [weighted_tau(truth[group != k], scores[group != k]).value for k in range(count)]
    if value is None or None in left:
        return None, None
    if abs(value) > 1 - 1e-12:
        return value, value
    changes = np.arctanh(np.clip(np.array(left, dtype=float), -1 + 1e-12, 1 - 1e-12))
    from scipy.special import stdtrit  # all of scipy.stats would take a second to import

    half = float(stdtrit(count - 1, (1 + LEVEL) / 2) * np.sqrt((count - 1) * np.var(changes)))
    centre = np.arctanh(value)
    return float(np.tanh(centre - half)), float(np.tanh(centre + half))
