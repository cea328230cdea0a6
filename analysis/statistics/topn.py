"""The top of a ranking: true top-N, predicted top-K, their overlap, and what a search would lose.

Two sets are easily confused, so every name says which one it uses:

* the *true* top-N: the N architectures with the highest truth. Ties are broken by file order.
* the *predicted* top-K: the K with the highest score. Ties are broken at random by a seed, never by position:
  position often carries the answer (a file sorted by accuracy would make a constant score look perfect).
  Whoever asks for several things of one ranking gives the order, by_score(scores, seed), that all start from.

`topn_mean_tau` is what the single-path ranking study calls tau_a (its section 3.1). It is NOT Kendall's tau-a
of statistics (here: kendall_tau(variant='a'), key tau_kendall_a): it is Kendall's formula on the short series
of N against A_N, A_N being the mean score of the true top-N. -1 is best: the smaller the set, the higher its
mean score. The means are nested, so its null distribution is not Kendall's: for unrelated scores and the six
default sets it is -1 in about 3 % of cases, not in 1 of 720. Hence a permutation p-value. It is blind to the
order in the top 10.

`at_k` is what a search finds that takes the K architectures of the highest score: the measures of the field at any K,
each beside its level by chance, which is its mean over all orders of the architectures.

    P@K         share of the true top K in the predicted top K; P@bottom-K the same of the K lowest
    BR@K, WR@K  best and worst true rank in the predicted top K (1 is best; equal truth, equal rank); normalised: over n
    nDCG@K      sum of gain / log2(1 + place) over the predicted top K, over that of the true top K; the gain of
                an architecture is its truth less the lowest truth of all
    regret@K    best truth of all less the best in the predicted top K; normalised: over the best less the median
    sparse tau  tau-b of the scores with the truth rounded down to multiples of delta, so that differences of the truth
                below about delta do not count

Ties of scores are broken at random by a seed, ties of the truth by file order. Names: P@K, BR@K and WR@K as
in aw_nas and NASLib, whose BR@K is the normalised one; nDCG: Jarvelin & Kekalainen, ACM TOIS 20 (2002), with linear
gains; sparse tau: Yu et al., "How to train your super-net" (2020), whose bins are renumbered, which tau does not see.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from analysis.statistics.correlation import Coefficient, finite_pair, kendall_tau, tau_of
from analysis.statistics.pairs import Floats, Pair
from analysis.statistics.uncertainty import permutation_p

TOP = (10, 25, 50, 150, 250, 500)
PERCENT = (1, 5, 10)
PERMUTATIONS = 9999


def check_top(sizes: Sequence[int]) -> tuple[int, ...]:
    """Set sizes in rising order. Raises ValueError unless they are distinct positive integers."""
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"top: {size!r} is not a positive integer")
    if not sizes or len(set(sizes)) != len(sizes):
        raise ValueError(
            f"top: {', '.join(map(str, sizes)) or 'no size'}: one or more distinct sizes are needed"
        )
    return tuple(sorted(sizes))


def by_truth(truth: ArrayLike) -> np.ndarray:
    """Positions (n,) from the highest truth down; ties in file order."""
    return np.argsort(-np.asarray(truth, dtype=float), kind="stable")


def by_score(scores: ArrayLike, seed: int = 0) -> np.ndarray:
    """Positions (n,) from the highest score down; ties in an order drawn from the seed."""
    scores = np.asarray(scores, dtype=float)
    return np.lexsort((np.random.default_rng(seed).permutation(len(scores)), -scores))


def true_top(truth: ArrayLike, n: int, order: np.ndarray | None = None) -> np.ndarray:
    """Positions (n,) of the true top-n, best first; order: by_truth(truth), where it is known.

    Raises ValueError if there are fewer architectures."""
    return _first(by_truth(truth) if order is None else order, n)


def predicted_top(scores: ArrayLike, k: int, seed: int = 0, order: np.ndarray | None = None) -> np.ndarray:
    """Positions (k,) of the predicted top-k, best first. Raises ValueError if there are fewer."""
    return _first(by_score(scores, seed) if order is None else order, k)


def _first(order: np.ndarray, n: int) -> np.ndarray:
    if not 1 <= n <= len(order):
        raise ValueError(f"top: {n} is not between 1 and {len(order)}, the number of architectures")
    return order[:n]


def tau_true_top(truth: ArrayLike, scores: ArrayLike, n: int, order: np.ndarray | None = None) -> Coefficient:
    """tau-b within the true top-n; order: by_truth(truth), where it is known."""
    truth, scores = finite_pair(truth, scores)
    chosen = true_top(truth, n, order)
    return tau_of(Pair(truth[chosen], scores[chosen]))


def tau_predicted_top(
    truth: ArrayLike, scores: ArrayLike, k: int, seed: int = 0, order: np.ndarray | None = None
) -> Coefficient:
    """tau-b inside the predicted top-k."""
    truth, scores = finite_pair(truth, scores)
    chosen = predicted_top(scores, k, seed, order)
    return tau_of(Pair(truth[chosen], scores[chosen]))


class Overlap(NamedTuple):
    """Share of the true top k of n architectures that is in the predicted top k; by chance: `chance`."""

    n: int
    value: float
    chance: float


def overlap(
    truth: ArrayLike, scores: ArrayLike, percent: float, seed: int = 0, order: np.ndarray | None = None
) -> Overlap:
    """Overlap of the true and the predicted top `percent` % (at least one architecture)."""
    if not 0 < percent <= 100:
        raise ValueError(f"percent: {percent!r} is not between 0 and 100")
    truth, scores = finite_pair(truth, scores)
    k = max(1, round(len(truth) * percent / 100))
    both = np.intersect1d(true_top(truth, k), predicted_top(scores, k, seed, order))
    return Overlap(k, len(both) / k, k / len(truth))


def best_rank(
    truth: ArrayLike, scores: ArrayLike, k: int, seed: int = 0, order: np.ndarray | None = None
) -> int:
    """Best true rank (1 is best; equal truth, equal rank) among the predicted top-k."""
    truth, scores = finite_pair(truth, scores)
    return 1 + int((truth > truth[predicted_top(scores, k, seed, order)].max()).sum())


def regret(
    truth: ArrayLike, scores: ArrayLike, k: int, seed: int = 0, order: np.ndarray | None = None
) -> float:
    """Best truth of all less best truth among the predicted top-k: in the units of the truth."""
    truth, scores = finite_pair(truth, scores)
    return float(truth.max() - truth[predicted_top(scores, k, seed, order)].max())


class TopMeanTau(NamedTuple):
    """topn_mean_tau, its one-sided permutation p-value (shuffled scores at least as good), its sets."""

    value: float | None
    p_value: float | None
    sizes: tuple[int, ...]
    note: str = ""


def topn_means(truth: ArrayLike, scores: ArrayLike, sizes: Sequence[int] = TOP) -> Floats:
    """A_N: mean score over the true top-N for each N of `sizes`, in the units of the score."""
    truth, scores = finite_pair(truth, scores)
    ranked = scores[true_top(truth, max(sizes))]
    return np.array([ranked[:n].mean() for n in sizes])


def topn_mean_tau(
    truth: ArrayLike,
    scores: ArrayLike,
    sizes: Sequence[int] = TOP,
    *,
    seed: int = 0,
    permutations: int = PERMUTATIONS,
) -> TopMeanTau:
    """Kendall's formula (C - D) / (m (m-1) / 2) on the m pairs (N, A_N); see the module. -1 is best.

    Sets larger than the number of architectures are left out; the result names those used. The p-value
    shuffles the scores over the architectures and counts how often they reach this value or a smaller one.
    """
    truth, scores = finite_pair(truth, scores)
    sizes = tuple(n for n in check_top(sizes) if n <= len(truth))
    if len(sizes) < 2:
        return TopMeanTau(None, None, sizes, "fewer than 2 sets fit the number of architectures")
    if scores.min() == scores.max():
        return TopMeanTau(None, None, sizes, f"all {len(scores)} scores are equal")
    observed = float(_series_tau(topn_means(truth, scores, sizes)[None])[0])
    if not permutations:
        return TopMeanTau(observed, None, sizes)
    null = _null(scores, sizes, permutations, seed)
    return TopMeanTau(observed, permutation_p(observed, null), sizes)


def _null(scores: Floats, sizes: tuple[int, ...], permutations: int, seed: int) -> Floats:
    """topn_mean_tau of permuted scores, (permutations,)."""
    drawn = shuffles(len(scores), sizes[-1], permutations, seed)
    parts = np.array_split(drawn, -(-permutations // 100))  # each stays in the processor's cache
    starts, where = np.array([0, *sizes[:-1]]), np.array(sizes)
    means = [np.add.reduceat(scores.take(part), starts, axis=1).cumsum(axis=1) / where for part in parts]
    return _series_tau(np.concatenate(means))


class NullValue(NamedTuple):
    """A value of topn_mean_tau, how likely it or a smaller one is for unrelated scores, and would be if the means were
    unrelated too (Kendall's own null distribution)."""

    value: float
    at_most: float
    kendall: float


def topn_null(
    n: int, sizes: Sequence[int] = TOP, *, seed: int = 0, permutations: int = PERMUTATIONS
) -> list[NullValue]:
    """The null distribution of topn_mean_tau over n architectures, each value that it can take, from -1 to 1.

    By permutation of n different scores, the quantiles of a normal distribution; sets larger than n are left out, and
    fewer than two have no null: []. Kendall's null counts the orders of m means by their inversions."""
    sizes = tuple(size for size in check_top(sizes) if size <= n)
    m = len(sizes)
    if m < 2:
        return []
    null = _null(ndtri((np.arange(n) + 0.5) / n), sizes, permutations, seed)
    orders = np.ones(1)
    for k in range(2, m + 1):  # a k-th mean adds 0 to k - 1 inversions
        orders = np.convolve(orders, np.ones(k) / k)
    pairs = m * (m - 1) // 2
    values = [-1 + 2 * i / pairs for i in range(pairs + 1)]
    return [
        NullValue(value, float((null <= value + 1e-9).mean()), min(1.0, float(orders[: i + 1].sum())))
        for i, value in enumerate(values)
    ]


@lru_cache(maxsize=16)  # as many as a study has masks; two MB each for 1,000 permutations
def shuffles(n: int, largest: int, permutations: int, seed: int) -> np.ndarray:
    """Whose score the `largest` best get in each permutation of n, (permutations, largest), read-only.

    The last ones are kept: rankings of as many architectures are tested by the same permutations."""
    rng = np.random.default_rng(seed)
    drawn = np.empty((permutations, largest), dtype=np.int32)
    for row in drawn:
        row[:] = rng.choice(n, largest, replace=False)
    drawn.flags.writeable = False
    return drawn


def _series_tau(means: Floats) -> Floats:
    """Kendall's formula for each row of means (B, m) against rising N, (B,)."""
    tolerance = 1e-12 * np.abs(means).max(axis=1)  # equal means may differ in their last bits
    pairs = list(combinations(range(means.shape[1]), 2))
    signs = np.zeros(len(means))
    for i, j in pairs:
        step = means[:, j] - means[:, i]
        signs += np.where(np.abs(step) > tolerance, np.sign(step), 0)
    return signs / len(pairs)


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
