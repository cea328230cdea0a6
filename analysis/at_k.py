"""What a search finds that takes the K architectures of the highest score: the measures of the field at any K, each
beside its level by chance, which is its mean over all orders of the architectures.

    P@K         share of the true top K in the predicted top K; P@bottom-K the same of the K lowest
    BR@K, WR@K  best and worst true rank in the predicted top K (1 is best; equal truth, equal rank); normalised: over n
    nDCG@K      sum of gain / log2(1 + place) over the predicted top K, over that of the true top K; the gain of
                an architecture is its truth less the lowest truth of all
    regret@K    best truth of all less the best in the predicted top K; normalised: over the best less the median
    sparse tau  tau-b of the scores with the truth rounded down to multiples of delta, so that differences of the truth
                below about delta do not count

Ties of scores are broken at random by a seed, ties of the truth by file order (topn.py). Names: P@K, BR@K and WR@K as
in aw_nas and NASLib, whose BR@K is the normalised one; nDCG: Jarvelin & Kekalainen, ACM TOIS 20 (2002), with linear
gains; sparse tau: Yu et al., "How to train your super-net" (2020), whose bins are renumbered, which tau does not see.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from analysis.correlation import Coefficient, finite_pair, kendall_tau
from analysis.pairs import Floats
from analysis.topn import by_truth

DELTA = 0.1  # in the units of the truth: of an accuracy in percent, a tenth of a point


def at_k(
    truth: ArrayLike, scores: ArrayLike, k: int, order: np.ndarray
) -> dict[str, dict[str, float | None]]:
    """The measures of the module at one k, for truth and scores (n,), each a dictionary of value and chance.

    order: topn.by_score(scores, seed). Raises ValueError for a k that is not between 1 and n."""
    truth, _ = finite_pair(truth, scores)
    n = len(truth)
    if not 1 <= k <= n:
        raise ValueError(f"top: {k} is not between 1 and {n}, the number of architectures")
    best = by_truth(truth)
    ranks = 1 + np.searchsorted(-truth[best], -truth, side="left")  # how many are better, and one
    chosen, first = order[:k], chance_of_being_first(n, k)
    ordered = np.sort(ranks)
    mean_best, mean_worst = float(ordered @ first), float(ordered[::-1] @ first)
    best_rank, worst_rank = int(ranks[chosen].min()), int(ranks[chosen].max())
    lost = float(truth[best[0]] - truth[chosen].max())
    lost_by_chance = float((truth[best[0]] - truth[best]) @ first)
    spread = float(truth[best[0]] - np.median(truth))
    return {
        "precision": {"value": _common(order[:k], best[:k]), "chance": k / n},
        "precision_bottom": {"value": _common(order[n - k :], best[n - k :]), "chance": k / n},
        "best_rank": _both(best_rank, mean_best, n),
        "worst_rank": _both(worst_rank, mean_worst, n),
        "ndcg": ndcg(truth, chosen, best[:k]),
        "regret": _both(lost, lost_by_chance, spread),
    }


def _common(one: np.ndarray, other: np.ndarray) -> float:
    return len(np.intersect1d(one, other)) / len(one)


def _both(value: float, chance: float, scale: float) -> dict[str, float | None]:
    """A value and its level by chance, as they are and over a scale."""
    normal = (value / scale, chance / scale) if scale else (None, None)
    return {"value": value, "chance": chance, "normalised": normal[0], "chance_normalised": normal[1]}


def chance_of_being_first(n: int, k: int) -> Floats:
    """(n,) for each place of n the probability that it is the first of k places drawn without replacement."""
    left = n - np.arange(1, n)  # places behind each
    return k / n * np.concatenate([[1.0], np.cumprod(np.maximum(left - k + 1, 0) / left)])


def ndcg(truth: Floats, chosen: np.ndarray, ideal: np.ndarray) -> dict[str, float | None]:
    """nDCG of the positions `chosen` (k,), best first, where `ideal` (k,) would be best; None for a constant truth."""
    gains, discounts = truth - truth.min(), 1 / np.log2(np.arange(len(chosen)) + 2)
    most = float(gains[ideal] @ discounts)
    if not most:
        return {"value": None, "chance": None}
    return {
        "value": float(gains[chosen] @ discounts) / most,
        "chance": float(gains.mean() * discounts.sum()) / most,
    }


def sparse_tau(truth: ArrayLike, scores: ArrayLike, delta: float = DELTA) -> Coefficient:
    """tau-b of the scores and the truth (n,) rounded down to multiples of delta. ValueError unless delta is > 0."""
    check_delta(delta)
    truth, scores = finite_pair(truth, scores)
    # 93.4 / 0.1 is a little less than 934: what is a multiple up to rounding is one.
    return kendall_tau(np.floor(truth / delta + 1e-9 * np.maximum(1, np.abs(truth / delta))), scores)


def check_delta(delta: float) -> None:
    """ValueError unless delta is a positive number."""
    if not (math.isfinite(delta) and delta > 0):
        raise ValueError(f"delta: {delta!r} is not a positive number")
