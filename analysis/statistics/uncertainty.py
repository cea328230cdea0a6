"""Uncertainty of a correlation. Two sources of error are kept apart.

*Over architectures*: another sample of as many architectures would give another value. `interval` states it:
a percentile bootstrap for up to BOOTSTRAP_LIMIT architectures, the infinitesimal jackknife above (see
influence.py). It holds the trained weights and the truth as they are. Where a whole space has been scored
there is no sampling at all, and the interval says how far the value would carry over to a similar space.

*Over seeds*: another training would give other scores. `spread` states it, and the interval of a mean over seeds
(`mean_tau`) or of a difference (`paired_difference`) covers both; see crossed.py.

Kendall's tau-a and Spearman's rho are never resampled: a resample holds copies, copies are ties, and ties shrink
tau-a and pull a high rho down. They get the infinitesimal jackknife for any number of architectures.
How often each interval covers: docs/benchmarks/coverage.md.

The weighted tau, which a few architectures at the top decide, gets the jackknife over GROUPS random groups of
architectures, each left out once, on Fisher's z with Student's t (B. Efron, "The Jackknife, the Bootstrap and Other
Resampling Plans", SIAM, 1982, chapter 2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from analysis.statistics import correlation, influence
from analysis.statistics.correlation import Coefficient, finite_pair, undefined, weighted_tau
from analysis.statistics.crossed import LEVEL, QUANTILE, Group, Mean, difference_of, mean_of, standard_error
from analysis.statistics.pairs import Floats, Pair, places

BOOTSTRAP_LIMIT = 1000
SMALLEST = 10  # below this many architectures no interval is given
RESAMPLES = 1000
RESAMPLED = ("tau_b", "pearson")  # by the bootstrap where there are few architectures
BOOTSTRAP = f"percentile bootstrap over architectures, {RESAMPLES} resamples"
JACKKNIFE = "infinitesimal jackknife over architectures, Fisher z scale"

COEFFICIENTS: dict[str, Callable[[Pair], Coefficient]] = {
    "tau_b": correlation.tau_of,
    "tau_kendall_a": partial(correlation.tau_of, variant="a"),
    "spearman": correlation.spearman_of,
    "pearson": correlation.pearson_of,
}
INFLUENCES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "tau_b": influence.of_tau_b,
    "tau_kendall_a": influence.of_tau_a,
    "spearman": influence.of_spearman,
    "pearson": influence.of_pearson,
}


class Interval(NamedTuple):
    """A 95 % interval, or None and None with a note that says why there is none."""

    low: float | None
    high: float | None
    method: str
    note: str = ""


class Spread(NamedTuple):
    """Mean and sample standard deviation over n seeds; std is None for one seed, mean too for none."""

    mean: float | None
    std: float | None
    n: int


def interval_method(n: int, coefficient: str = "tau_b") -> str:
    """The method that `interval` uses for n architectures, in words."""
    if n < SMALLEST:
        return "none"
    return BOOTSTRAP if n <= BOOTSTRAP_LIMIT and coefficient in RESAMPLED else JACKKNIFE


def interval_methods(n: int) -> str:
    """The methods for n architectures of all coefficients, in words."""
    methods: dict[str, list[str]] = {}
    for name in COEFFICIENTS:
        methods.setdefault(interval_method(n, name), []).append(name)
    if len(methods) == 1:
        return next(iter(methods))
    return "; ".join(f"{', '.join(names)}: {method}" for method, names in methods.items())


def interval(x: ArrayLike, y: ArrayLike, coefficient: str = "tau_b", *, seed: int = 0) -> Interval:
    """95 % interval over architectures of a coefficient (a key of COEFFICIENTS) of x and y, both (n,)."""
    if coefficient not in COEFFICIENTS:
        raise ValueError(f"coefficient: {coefficient!r} is not one of {', '.join(COEFFICIENTS)}")
    x, y = finite_pair(x, y)
    method = interval_method(len(x), coefficient)
    if note := undefined(x, y):
        return Interval(None, None, method, note)
    if len(x) < SMALLEST:
        return Interval(None, None, method, f"no interval for fewer than {SMALLEST} architectures")
    if method == BOOTSTRAP:
        return _bootstrap(x, y, coefficient, method, seed)
    value = COEFFICIENTS[coefficient](Pair(x, y)).value
    assert value is not None
    if abs(value) > 1 - 1e-12:
        return Interval(value, value, method, "every pair agrees, so that no architecture pulls the value")
    # Fisher's z keeps the interval inside [-1, 1].
    half = QUANTILE * standard_error(INFLUENCES[coefficient](x, y)) / (1 - value**2)
    centre = np.arctanh(value)
    return Interval(float(np.tanh(centre - half)), float(np.tanh(centre + half)), method)


def _bootstrap(x: Floats, y: Floats, coefficient: str, method: str, seed: int) -> Interval:
    """Percentiles over the resamples of the coefficient, which is a function of the counts."""
    statistic = {"tau_b": _counted_tau_b, "pearson": _counted_pearson}
    drawn = statistic[coefficient](resamples(len(x), seed), x, y)
    defined = drawn[np.isfinite(drawn)]
    lost = RESAMPLES - len(defined)
    if lost > RESAMPLES // 10:
        return Interval(None, None, method, f"{lost} of {RESAMPLES} resamples drew a constant column")
    low, high = np.quantile(defined, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Interval(
        float(low), float(high), method, f"{lost} resamples drew a constant column" if lost else ""
    )


@lru_cache(maxsize=1)
def resamples(n: int, seed: int) -> Floats:
    """How often each resample drew each architecture, (RESAMPLES, n), read-only.

    The last ones are kept: all coefficients of all rankings of n architectures are of the same resamples."""
    drawn = np.random.default_rng(seed).integers(n, size=(RESAMPLES, n))
    drawn += n * np.arange(RESAMPLES)[:, None]  # one count for all resamples at once
    counts = np.bincount(drawn.ravel(), minlength=RESAMPLES * n).reshape(RESAMPLES, n).astype(float)
    counts.flags.writeable = False
    return counts


def _divide(numerator: Floats, product: Floats) -> Floats:
    """numerator / sqrt(product), NaN where a column of the resample is constant."""
    result = np.full(len(numerator), np.nan)
    np.divide(numerator, np.sqrt(np.maximum(product, 0)), out=result, where=product > 1e-24)
    return np.clip(result, -1, 1)


def _counted_tau_b(counts: Floats, x: Floats, y: Floats) -> Floats:
    """tau-b of each resample, (B,); counts is (B, n). Copies of one architecture are tied in both."""
    signs = [np.sign(np.subtract.outer(d, d)) for d in (places(v).dense.astype(np.float32) for v in (x, y))]
    weights = counts.astype(np.float32)  # sums stay below n^2 <= 10^6, exact in float32
    balance = np.einsum("bn,bn->b", weights @ (signs[0] * signs[1]), weights, dtype=float)
    groups = [_grouped(weights, values)[0] for values in (x, y)]
    untied = [len(x) ** 2 - np.einsum("bk,bk->b", drawn, drawn, dtype=float) for drawn in groups]
    return _divide(balance, untied[0] * untied[1])


def _counted_pearson(counts: Floats, x: Floats, y: Floats) -> Floats:
    """Pearson's r of each resample, (B,); counts is (B, n)."""
    n = len(x)
    x, y = ((values - values.mean()) / values.std() for values in (x, y))
    mx, my, xx, yy, xy = (counts @ np.stack([x, y, x * x, y * y, x * y], axis=1) / n).T
    return _divide(xy - mx * my, (xx - mx**2) * (yy - my**2))


def _grouped(counts: np.ndarray, values: Floats) -> tuple[np.ndarray, np.ndarray]:
    """How often each resample drew each of the k distinct values, rising, (B, k); which of them each is, (n,)."""
    dense = places(values).dense
    order = np.argsort(dense, kind="stable")
    starts = np.flatnonzero(np.diff(dense[order], prepend=-1))
    sorted_counts = counts[:, order]
    if len(starts) == len(values):  # no ties: nothing to add up
        return sorted_counts, dense
    return np.add.reduceat(sorted_counts, starts, axis=1), dense


def mean_tau(truth: ArrayLike, columns: Sequence[ArrayLike]) -> Mean:
    """Mean tau-b over seeds, one column of scores (n,) a seed; its interval over architectures and trainings."""
    group = tau_group(truth, columns)
    return Mean(None, None, None, len(np.asarray(truth))) if group is None else mean_of(group)


def paired_difference(
    truth: ArrayLike, a: Sequence[ArrayLike], b: Sequence[ArrayLike], *, fixed: bool = False
) -> Mean:
    """Mean tau-b of the score columns `a` less that of `b`, over the same n architectures.

    a and b hold one (n,) array for each seed. fixed: b is a baseline, which has no trainings. The interval is over
    architectures, paired (those that are hard for both do not widen it), and over trainings."""
    first, second = tau_group(truth, a), tau_group(truth, b)
    if first is None or second is None:
        return Mean(None, None, None, len(np.asarray(truth)))
    return difference_of(first, second._replace(fixed=fixed))


def tau_group(truth: ArrayLike, columns: Sequence[ArrayLike]) -> Group | None:
    """tau-b of each column and the influence of each architecture on it; None where undefined."""
    return _group(truth, columns, lambda x, y: _tau_and_influence(x.tobytes(), y.tobytes()))


def spearman_group(truth: ArrayLike, columns: Sequence[ArrayLike]) -> Group | None:
    """The same of Spearman's rho."""
    return _group(
        truth, columns, lambda x, y: (correlation.spearman(x, y).value or 0.0, influence.of_spearman(x, y))
    )


def _group(
    truth: ArrayLike,
    columns: Sequence[ArrayLike],
    measured: Callable[[Floats, Floats], tuple[float, Floats]],
) -> Group | None:
    pairs = [finite_pair(truth, column) for column in columns]
    if not pairs or any(undefined(x, y) or len(x) < SMALLEST for x, y in pairs):
        return None
    values, influences = zip(*(measured(x, y) for x, y in pairs), strict=True)
    return Group(np.array(values), np.array(influences))


@lru_cache(maxsize=128)
def _tau_and_influence(x: bytes, y: bytes) -> tuple[float, Floats]:
    """tau-b of two columns of floats, as their bytes, and the influence of each row, (n,), read-only.

    The last ones are kept: each variant's seeds are compared with those of every other."""
    pair = Pair(np.frombuffer(x), np.frombuffer(y))
    influences = influence.of_tau_b_of(pair)
    influences.flags.writeable = False
    return correlation.tau_of(pair).value or 0.0, influences


def taus(truth: ArrayLike, columns: Sequence[ArrayLike]) -> list[float]:
    """tau-b of each column (n,) of scores; none of them constant."""
    pairs = [finite_pair(truth, column) for column in columns]
    return [_tau_and_influence(x.tobytes(), y.tobytes())[0] for x, y in pairs]


def spread(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation (n - 1) over seeds. Raises ValueError for what is not finite."""
    array = np.asarray(values, dtype=float)
    if not np.isfinite(array).all():
        raise ValueError(f"values: {array.tolist()} are not all finite")
    if not len(array):
        return Spread(None, None, 0)
    return Spread(float(array.mean()), float(array.std(ddof=1)) if len(array) > 1 else None, len(array))


def permutation_p(observed: float, null: ArrayLike) -> float:
    """One-sided p-value (1 + number of null values <= observed) / (1 + number of null values).

    For statistics whose best value is the smallest. The added one counts the observed order itself, so that
    no p-value is zero (B. Phipson and G. K. Smyth, 2010)."""
    null = np.asarray(null, dtype=float)
    return (1 + int((null <= observed + 1e-12).sum())) / (1 + len(null))


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
    half = float(stdtrit(count - 1, (1 + LEVEL) / 2) * np.sqrt((count - 1) * np.var(changes)))
    centre = np.arctanh(value)
    return float(np.tanh(centre - half)), float(np.tanh(centre + half))
