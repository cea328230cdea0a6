"""Cumulative bins of the true ranking: how well a score ranks inside the true top x %, and how much of it it finds.

For x = 2, 4, ..., 100: k = floor(n x / 100) architectures of the highest truth. Inside them Spearman's rho and tau-b;
of them the common ratio, the share that is among the k with the highest score. The common ratio is x / 100 by chance
and always 1 at x = 100, so that (ratio - x/100) / (1 - x/100) goes with it: 0 by chance, 1 at best.

What a score with the same error everywhere reaches in each bin: analysis/bins_reference.py.

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), section 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis import influence
from analysis.correlation import finite_pair, spearman_of, tau_of
from analysis.pairs import Floats, Pair
from analysis.topn import by_score, by_truth
from analysis.uncertainty import QUANTILE, SMALLEST, Mean, Spread, spread, standard_error

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

    spearman, common: means over seeds with 95 % intervals over architectures; corrected: of the mean of common, None
    at 100 %; *_std: over seeds, None for one."""

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
        _bin(values, [scores for _, scores in pairs], percent, best[:k], [order[:k] for order in predicted])
        for percent, k in bin_sizes(len(values), percents).items()
    ]


def _bin(
    truth: Floats, columns: list[Floats], percent: int, top: np.ndarray, predicted: list[np.ndarray]
) -> Bin:
    k = len(top)
    shares = [len(np.intersect1d(top, found, assume_unique=True)) / k for found in predicted]
    common = spread(shares)
    assert common.mean is not None
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
        common=Mean(common.mean, *share_interval(common.mean, k), k),
        common_std=common.std,
        corrected=(common.mean - chance) / (1 - chance) if chance < 1 else None,
    )


def _over_seeds(values: Sequence[float | None]) -> Spread:
    """Nothing where one seed has no value: the rest would be another set of seeds."""
    known = [value for value in values if value is not None]
    return spread(known if len(known) == len(values) else [])


def _mean_spearman(pairs: Sequence[Pair], rhos: Sequence[float | None]) -> Mean:
    """The mean over seeds and its interval over architectures, by the infinitesimal jackknife on Fisher's scale; no
    interval for few."""
    n, value = len(pairs[0].x), _over_seeds(rhos).mean
    if value is None or n < SMALLEST:
        return Mean(value, None, None, n)
    if abs(value) > 1 - 1e-12:
        return Mean(value, value, value, n)
    error = standard_error(np.mean([influence.of_spearman(pair.x, pair.y) for pair in pairs], axis=0))
    centre, half = math.atanh(value), QUANTILE * error / (1 - value**2)
    return Mean(value, math.tanh(centre - half), math.tanh(centre + half), n)


def share_interval(share: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of n, as if each of the n were found or missed by itself.

    Of a common ratio it is too wide rather than too narrow: what one bin misses another must take. Over 1,000
    architectures with rho .91 the ratio at 10 % varies by .035, and by this by .045."""
    z = QUANTILE**2 / n
    centre = (share + z / 2) / (1 + z)
    half = math.sqrt(z * share * (1 - share) + z**2 / 4) / (1 + z)
    return max(0.0, centre - half), min(1.0, centre + half)
