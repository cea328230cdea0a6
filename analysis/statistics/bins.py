"""Cumulative bins of the true ranking: how well a score ranks within the true top x %, and how much of it it finds.

For x = 2, 4, ..., 100: k = floor(n x / 100) architectures of the highest truth. Inside them Spearman's rho and tau-b;
of them the common ratio, the share that is among the k with the highest score. The common ratio is x / 100 by chance
and always 1 at x = 100, so that (ratio - x/100) / (1 - x/100) goes with it: 0 by chance, 1 at best.

`bin_reference` says what a score reaches in each bin if its error is the same everywhere: range restriction alone.
Inside the true top x % truths lie close together, so that Spearman falls there for every score that errs at all. The
reference is a bivariate normal pair with the ranking's own Spearman over all, in the limit of many architectures.

Definition: truth X and score Y with correlation r = 2 sin(pi rho / 6). Let X be of the top p = x / 100, and u its rank
from 0 to 1 inside it, X = x(u) the quantile of 1 - p (1 - u). Two of the top are in the order of their score with
probability Phi(lambda (x(u) - x(v))), lambda = r / sqrt(2 (1 - r^2)), so that inside the top

    rho_p = 12 int int u Phi(lambda (x(u) - x(v))) du dv - 3
    common ratio = int Phi((r x(u) - t) / sqrt(1 - r^2)) du,    t the quantile of 1 - p

At p = 1 the first is the textbook's 6 / pi asin(r / 2) again. By Gauss-Legendre: nothing is drawn.
With rho = .91 the top 10, 20, 30, 40, 50 % give .62, .67, .71, .75, .78, common ratios .72 to .87; a hundred
architectures in a bin vary around it by .06.

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), section 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from analysis.statistics import influence
from analysis.statistics.correlation import finite_pair, spearman_of, tau_of
from analysis.statistics.crossed import QUANTILE, Group, Mean, both_variance, crossed_half, mean_of
from analysis.statistics.pairs import Floats, Pair
from analysis.statistics.topn import by_score, by_truth
from analysis.statistics.uncertainty import SMALLEST, Spread, spread

EVERY = tuple(range(2, 101, 2))
REPORTED = (10, 20, 30, 40, 50, 100)


def check_percents(percents: Iterable[int]) -> tuple[int, ...]:
    """Percents in rising order. ValueError unless they are distinct integers from 1 to 100."""
    percents = list(percents)
    for percent in percents:
        if isinstance(percent, bool) or not isinstance(percent, int) or not 1 <= percent <= 100:
            raise ValueError(f"bins: {percent!r} is not an integer from 1 to 100")
    if not percents or len(set(percents)) < len(percents):
        raise ValueError(
            f"bins: {', '.join(map(str, percents)) or 'none'}: one or more distinct ones are needed"
        )
    return tuple(sorted(percents))


def bin_sizes(n: int, percents: Sequence[int] = EVERY) -> dict[int, int]:
    """How many of n architectures are in each bin, at least one; bins that would be empty are left out."""
    sizes = {percent: n * percent // 100 for percent in percents}
    return {percent: size for percent, size in sizes.items() if size}


class Bin(NamedTuple):
    """One bin of one ranking. values: of each seed; None where there is none (all equal, fewer than two).

    spearman, common: means over seeds with 95 % intervals over architectures and trainings; corrected: of the mean of
    common, None at 100 %; *_std: over seeds, None for one."""

    percent: int
    k: int
    spearman: Mean
    spearman_std: float | None
    tau_b: float | None
    common: Mean
    common_std: float | None
    corrected: float | None


def bins(truth: ArrayLike, columns: Sequence[ArrayLike], percents: Sequence[int] = EVERY) -> list[Bin]:
    """The bins of scores (n,), one column a seed, over the same architectures as truth (n,); all finite, at least one
    column. Equal truths go by their order, equal scores are drawn by lot."""
    pairs = [finite_pair(truth, column) for column in columns]
    values = pairs[0][0]
    best = by_truth(values)
    predicted = [by_score(scores) for _, scores in pairs]
    return [
        _bin(values, [scores for _, scores in pairs], percent, k, best, predicted)
        for percent, k in bin_sizes(len(values), percents).items()
    ]


def _bin(
    truth: Floats,
    columns: list[Floats],
    percent: int,
    k: int,
    best: np.ndarray,
    predicted: list[np.ndarray],
) -> Bin:
    top = best[:k]
    common = mean_common_ratio(best, predicted, k)
    assert common.value is not None
    chance = percent / 100
    pairs = [Pair(truth[top], scores[top]) for scores in columns]
    taus = [tau_of(pair).value for pair in pairs]
    rhos = [spearman_of(pair).value for pair in pairs]
    return Bin(
        percent=percent,
        k=k,
        spearman=_mean_spearman(pairs, rhos),
        spearman_std=_over_seeds(rhos).std,
        tau_b=_over_seeds(taus).mean,
        common=common,
        common_std=spread([_share(best, order, k) for order in predicted]).std,
        corrected=(common.value - chance) / (1 - chance) if chance < 1 else None,
    )


def _over_seeds(values: Sequence[float | None]) -> Spread:
    """Nothing where one seed has no value: the rest would be another set of seeds."""
    known = [value for value in values if value is not None]
    return spread(known if len(known) == len(values) else [])


def _mean_spearman(pairs: Sequence[Pair], rhos: Sequence[float | None]) -> Mean:
    """The mean over seeds and its interval over architectures and trainings, on Fisher's scale; none for few."""
    n, value = len(pairs[0].x), _over_seeds(rhos).mean
    if value is None or n < SMALLEST:
        return Mean(value, None, None, n)
    influences = np.array([influence.of_spearman(pair.x, pair.y) for pair in pairs])
    return mean_of(Group(np.array(rhos, dtype=float), influences))


def _share(best: np.ndarray, predicted: np.ndarray, k: int) -> float:
    return len(np.intersect1d(best[:k], predicted[:k], assume_unique=True)) / k


def mean_common_ratio(best: np.ndarray, predicted: Sequence[np.ndarray], k: int) -> Mean:
    """Mean over seeds of the share of the true top k that is in the predicted one, of positions (n,) by falling truth
    and by each seed's falling score; n of the result is k.

    The interval, over architectures (infinitesimal jackknife) and trainings, is Wilson's of a share of as many
    independent draws as have that standard error: it stays within 0 and 1. At 0 and at 1, where there is no standard
    error, it is that of k draws. The whole has a share of 1 whatever the scores."""
    n = len(best)
    shares = np.array([_share(best, order, k) for order in predicted])
    if k == n:
        return Mean(1.0, 1.0, 1.0, k)
    influences = np.array([influence.of_common_ratio(best, order, k) for order in predicted])
    found = mean_of(Group(shares, influences))._replace(n=k, scale=1.0)
    assert found.value is not None
    assert found.error is not None
    half = crossed_half(found.error, found.seeds_half, both_variance(Group(shares, influences)))
    low, high = share_interval(found.value, _draws(found.value, half / QUANTILE) or k)
    return found._replace(low=low, high=high)


def _draws(share: float, error: float) -> float:
    """Independent draws whose share has this standard error; 0 where there is no such number."""
    return share * (1 - share) / error**2 if error > 0 else 0.0


def share_interval(share: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of n independent draws."""
    z = QUANTILE**2 / n
    centre = (share + z / 2) / (1 + z)
    half = math.sqrt(z * share * (1 - share) + z**2 / 4) / (1 + z)
    return max(0.0, centre - half), min(1.0, centre + half)


NODES = 200
LARGEST = 1 - 1e-9  # r: beyond it a score has no error that numbers could hold


class BinReference(NamedTuple):
    """Spearman within the true top, and the common ratio."""

    spearman: float
    common: float


@lru_cache(maxsize=4096)
def bin_reference(rho: float, percent: float) -> BinReference:
    """Of a score with Spearman rho over all, inside the true top `percent` %. ValueError unless -1 <= rho <= 1 and
    0 < percent <= 100."""
    if not -1 <= rho <= 1:
        raise ValueError(f"rho: {rho!r} is not between -1 and 1")
    if not 0 < percent <= 100:
        raise ValueError(f"percent: {percent!r} is not between 0 and 100")
    p, r = percent / 100, 2 * math.sin(math.pi * rho / 6)
    if abs(r) > LARGEST:
        return BinReference(math.copysign(1.0, r), 1.0 if r > 0 else max(0.0, 2 - 1 / p))
    u, weights = _nodes()
    x = ndtri(1 - p * (1 - u))
    ordered = ndtr(r / math.sqrt(2 * (1 - r**2)) * np.subtract.outer(x, x))
    inside = 12 * float((weights * u) @ ordered @ weights) - 3
    if percent == 100:
        return BinReference(inside, 1.0)
    common = float(weights @ ndtr((r * x - ndtri(1 - p)) / math.sqrt(1 - r**2)))
    return BinReference(inside, common)


@lru_cache(maxsize=1)
def _nodes() -> tuple[Floats, Floats]:
    """Points in (0, 1) and their weights, which sum to 1."""
    points, weights = np.polynomial.legendre.leggauss(NODES)
    return (points + 1) / 2, weights / 2
