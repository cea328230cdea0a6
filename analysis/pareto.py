"""The Pareto front of cost and accuracy."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from analysis.pairs import Floats


def pareto_front(cost: ArrayLike, accuracy: ArrayLike) -> np.ndarray:
    """bool (n,): whether no other point costs at most as much and is at least as accurate, one of the two strictly.

    cost: (n,), lower is better; accuracy: (n,), higher is better; both finite. Of equal points all count or none."""
    cost, accuracy = np.asarray(cost, dtype=float), np.asarray(accuracy, dtype=float)
    if cost.shape != accuracy.shape or cost.ndim != 1:
        raise ValueError(
            f"cost, accuracy: shapes {cost.shape} and {accuracy.shape} are not one and the same (n,)"
        )
    if not (np.isfinite(cost).all() and np.isfinite(accuracy).all()):
        raise ValueError("cost, accuracy: not all values are finite")
    prices, group = np.unique(cost, return_inverse=True)
    best = np.full(len(prices), -np.inf)
    np.maximum.at(best, group, accuracy)
    cheaper: Floats = np.concatenate([[-np.inf], np.maximum.accumulate(best)[:-1]])
    front: np.ndarray = (accuracy == best[group]) & (accuracy > cheaper[group])
    return front
