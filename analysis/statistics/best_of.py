"""The best of some random draws, in expectation: what random search finds, exactly and without a simulation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics.pairs import Floats


def expected_best(
    values: ArrayLike, draws: int, *, also: ArrayLike | None = None, weights: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Expectation of the highest of 1, 2, ... draws, and of another quantity of the one that has it.

    With F(v) the share of values up to v, the highest of m draws is at most v with probability F(v)^m with replacement,
    and C(N F(v), m) / C(N, m) without.

    Args:
        values: (n,) finite.
        draws: the most.
        also: (n,) the other quantity (the values); among equal values it is their mean, as any may come first.
        weights: (n,) relative probabilities of draws with replacement. None: without replacement, all alike.

    Returns:
        Two arrays (m,): m is `draws`, without replacement at most n.

    Raises:
        ValueError: no draws, or no values.
    """
    v = np.asarray(values, dtype=float)
    if draws < 1 or not len(v):
        raise ValueError(f"draws: {draws} of {len(v)} values is not at least one of one")
    w = np.ones(len(v)) if weights is None else np.asarray(weights, dtype=float)
    every, level = np.unique(v, return_inverse=True)
    weight = np.bincount(level, w)
    product = np.bincount(level, w * np.asarray(v if also is None else also, dtype=float))
    kept = weight > 0
    levels, mass = every[kept].astype(float), weight[kept].astype(float)
    other = product[kept] / mass
    total, up_to = mass.sum(), np.cumsum(mass)
    most = draws if weights is not None else min(draws, len(v))
    at_most = np.ones(len(levels))
    found = np.empty((2, most))
    for m in range(most):
        gone = 0 if weights is not None else m
        at_most = at_most * np.maximum(up_to - gone, 0) / (total - gone)
        share = np.diff(at_most, prepend=0)
        found[:, m] = share @ levels, share @ other
    return found[0], found[1]
