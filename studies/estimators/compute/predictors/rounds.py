"""Active rounds of labels. Source: Dudziak et al., BRP-NAS (NeurIPS 2020), section 3.2."""

from __future__ import annotations

import numpy as np

from analysis.statistics.pairs import Floats


def split(predicted: Floats, count: int, place: int, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Of (n,) predictions for what has no label: the rows of those that the place-th round after the first adds as the
    best, the share `alpha` of `count`; and the rows of which it draws the others, the rest of the best 1 / 2^place."""
    order = np.argsort(-predicted, kind="stable")
    best = round(alpha * count)
    return order[:best], order[best : max(count, len(order) // 2**place)]
