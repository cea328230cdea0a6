"""Uncertainty of a mean over trainings: an interval that covers other architectures and other trainings.

The design is crossed: each of S trainings (seeds) scores the same n architectures. The variance of the mean statistic
has three parts: of the architectures, of the trainings, and of what is of neither alone (an architecture that one
training happens to rate high). The infinitesimal jackknife over architectures sees the first and the third, the spread
of the seeds' values the second and the third. The third, which the jackknife of the seeds' deviations from their mean
gives, counts once:

    half^2 = (z SE_architectures)^2 - (z SE_both)^2 + (t SE_trainings)^2,    at least (z SE_architectures)^2

t is Student's with S - 1 degrees of freedom (of a difference of two means: Welch's), z normal, both at 95 %. With one
training the second part is not known: the interval is then over architectures alone, and `seeds_half` is None.

Source: A. C. Cameron, J. B. Gelbach and D. L. Miller, "Robust inference with multiway clustering" (2011), for the sum
of the two less what both hold; B. L. Welch (1947) for the degrees of freedom. Coverage: docs/benchmarks/coverage.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from analysis.statistics.pairs import Floats

LEVEL = 0.95
QUANTILE = 1.959963984540054  # of the normal distribution at (1 + LEVEL) / 2
BOTH, ARCHITECTURES = "architectures and trainings", "architectures"


class Mean(NamedTuple):
    """A mean over trainings, or a difference of two, and its 95 % interval.

    low, high: over architectures and trainings, over architectures alone where `seeds_half` is None. n: architectures.
    error: standard error over architectures. seeds_half: half of the 95 % interval over trainings alone. scale: by
    which both are divided for Fisher's z, 1 - value^2 for a correlation, 1 for a difference."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    error: float | None = None
    seeds_half: float | None = None
    scale: float = 1.0

    @property
    def architectures(self) -> tuple[float | None, float | None]:
        """The interval over architectures alone."""
        return self.around(None if self.error is None else QUANTILE * self.error)

    @property
    def trainings(self) -> tuple[float | None, float | None]:
        """The interval over trainings alone."""
        return self.around(self.seeds_half)

    def around(self, half: float | None) -> tuple[float | None, float | None]:
        """value less and plus `half`; of a correlation on Fisher's z, which stays inside [-1, 1]."""
        if self.value is None or half is None:
            return None, None
        if self.scale == 1:
            return self.value - half, self.value + half
        if abs(self.value) > 1 - 1e-12:
            return self.value, self.value
        centre, half = np.arctanh(self.value), half / self.scale
        return float(np.tanh(centre - half)), float(np.tanh(centre + half))


class Group(NamedTuple):
    """One statistic of S trainings on the same n architectures. values: (S,). influences: (S, n), of each architecture
    on each value. fixed: a baseline, which has no trainings."""

    values: Floats
    influences: Floats
    fixed: bool = False


def columns(prefix: str, mean: Mean) -> dict[str, float | None]:
    """<prefix>low and high: the interval; <prefix>architectures_low, ... and trainings_low, ...: its parts."""
    parts = {"": (mean.low, mean.high), "architectures_": mean.architectures, "trainings_": mean.trainings}
    return {
        f"{prefix}{part}{end}": value
        for part, ends in parts.items()
        for end, value in zip(("low", "high"), ends, strict=True)
    }


def interval_names(prefix: str) -> list[str]:
    """The keys of `columns`."""
    return list(columns(prefix, Mean(None, None, None, 0)))


def standard_error(influences: Floats) -> float:
    """Standard error over architectures from the influences (n,) of each on a statistic."""
    return float(np.sqrt((influences**2).mean() / (len(influences) - 1)))


def mean_of(group: Group) -> Mean:
    """The mean of a group of correlations, with its interval on Fisher's z."""
    value = float(group.values.mean())
    return _with_interval(value, group.influences.mean(axis=0), [group], 1 - value**2)


def difference_of(a: Group, b: Group) -> Mean:
    """The mean of `a` less that of `b`, both on the same architectures (paired)."""
    value = float(a.values.mean() - b.values.mean())
    return _with_interval(value, a.influences.mean(axis=0) - b.influences.mean(axis=0), [a, b], 1.0)


def _with_interval(value: float, influence: Floats, groups: Sequence[Group], scale: float) -> Mean:
    error, seeds_half = standard_error(influence), trainings_half([g.values for g in groups if not g.fixed])
    half = crossed_half(error, seeds_half, sum(both_variance(group) for group in groups))
    whole = Mean(value, None, None, len(influence), error, seeds_half, scale)
    low, high = whole.around(half)
    return whole._replace(low=low, high=high)


def crossed_half(error: float, seeds_half: float | None, both: float = 0.0) -> float:
    """Half of the interval over both; see the module. both: the variance of the mean that is of neither alone."""
    alone = (QUANTILE * error) ** 2
    if seeds_half is None:
        return float(np.sqrt(alone))
    return float(np.sqrt(max(alone, alone - QUANTILE**2 * both + seeds_half**2)))


def both_variance(group: Group) -> float:
    """Variance of a group's mean that belongs to single architectures in single trainings; 0 for one training."""
    count, n = group.influences.shape
    if count < 2 or group.fixed:
        return 0.0
    deviations = group.influences - group.influences.mean(axis=0)
    return float((deviations**2).sum() / (count - 1) / n / (n - 1) / count)


def trainings_half(groups: Sequence[Sequence[float] | Floats]) -> float | None:
    """Half of the 95 % interval over trainings of a mean, or of a difference of two, from the values of each group of
    seeds; None if a group has one seed, or there is no group."""
    if not groups or min(len(values) for values in groups) < 2:
        return None
    variances = [float(np.var(values, ddof=1)) / len(values) for values in groups]
    total = sum(variances)
    if total == 0:
        return 0.0
    freedom = total**2 / sum(v**2 / (len(g) - 1) for v, g in zip(variances, groups, strict=True))
    return float(stdtrit(freedom, (1 + LEVEL) / 2) * np.sqrt(total))
