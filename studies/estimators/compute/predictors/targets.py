"""What models fit of the labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

LEAST_ERROR = 0.01  # percent: an accuracy above 99.99 counts as 99.99, where the logarithm would have no end

Array = NDArray[np.float64]


def transformed(labels: Array, target: str) -> Array:
    """(n,) labels as a model fits them; increasing in the labels.

    target: 'accuracy' as given; 'log-error' -ln(100 - label); 'rank' the normal score of rank / (n + 1), ties at their
    mean rank.

    Raises ValueError for fewer than two labels, for any that is not finite, and for those of 'log-error' that are no
    percentages."""
    if len(labels) < 2:
        raise ValueError(f"labels: {len(labels)} are too few to learn from; at least 2")
    if not np.isfinite(labels).all():
        raise ValueError(f"labels: {int((~np.isfinite(labels)).sum())} of {len(labels)} are not finite")
    if target == "rank":
        scores: Array = ndtri(rankdata(labels) / (len(labels) + 1))
        return scores
    if target == "accuracy":
        return labels
    if labels.min() < 0 or labels.max() > 100:
        wrong = labels[np.argmax(np.abs(labels - 50))]
        raise ValueError(f"target: 'log-error' is of accuracies in percent, but a label is {wrong:g}")
    return -np.log(np.maximum(100 - labels, LEAST_ERROR))
