"""The top of a ranking: true top-N, predicted top-K, their overlap, and what a search would lose.

Two sets are easily taken for one another, so every name says which it is:

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
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis.correlation import Coefficient, finite_pair, tau_of
from analysis.pairs import Floats, Pair
from analysis.uncertainty import permutation_p

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
    """tau-b inside the true top-n; order: by_truth(truth), where it is known."""
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
    from scipy.special import ndtri

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
