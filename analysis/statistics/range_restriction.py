"""What tau-b within the true top-N is expected to be if a score's error is the same everywhere.

Inside the top the truths lie close together, so that the same error turns more pairs around: tau-b falls there even
for a score that errs at the top no more than elsewhere. This reference separates that fall, a mere restriction of
range, from a score that knows less of the top. It depends on the scale on which errors are alike, so there are two:

* points: score = truth + error, in the units of the truth. Benchmarks have a long tail of bad networks, which make
  tau-b high, and a crowded top: a low reference.
* places: score = normal score of the truth's place + error: truth and score are a bivariate normal pair, whatever the
  accuracies are. The textbook case of restricted range, and the high reference.

A score that lies below both knows less of the top than of the rest; above both, more. In between it depends on what is
called the same error.

Definition: the errors are independent normal with one standard deviation s. Two architectures that are g apart are then
in the right order with probability Phi(g / (s sqrt 2)), so that the pair adds erf(g / (2 s)) to the expected P - Q, and
with n0 pairs and Tx pairs tied in truth

    expected tau-b = sum of erf(g / (2 s)) over all pairs / sqrt((n0 - Tx) n0)

s is the one for which this is the tau-b of the whole; the expected tau-b of a top-N is the same formula over its pairs.
Nothing is drawn. For a large normal truth the formula over all is 2/pi asin(rho), rho^2 = var / (var + s^2). A negative
tau-b is that of the reversed score.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erf, ndtri

from analysis.statistics.pairs import Floats, places

MOST = 1000  # truths whose pairs are formed: of more, so many at equal steps of the ranking
GROUPS = 4096  # of pairs with nearly the same gap, each taken at its mean
STEPS = 50  # halvings of the range of s, in logarithms
CLEAR = 1e-12  # of logarithms of s, above what rounding does to them
ROUNDING = 1e-14  # of tau-b, at the most
TABLE = (
    6.0,
    -6.0,
    64,
)  # where Newton's method starts: logarithms of s in units of the largest gap, and how many
NEWTON_STEPS, CONVERGED = 6, 1e-7
SMALLEST, LARGEST = 1e-6, 1e6  # s, in units of the largest gap


class Expected(NamedTuple):
    """Expected tau-b inside a true top-N, on either scale; None where there is none."""

    points: float | None
    places: float | None


class RangeRestriction:
    """The reference for each true top-N of `sizes` (at least 2, at most n) of a truth, (n,) and finite."""

    def __init__(self, truth: ArrayLike, sizes: Sequence[int]) -> None:
        best_first = np.sort(np.asarray(truth, dtype=float))[::-1]
        n = len(best_first)
        if not np.isfinite(best_first).all():
            raise ValueError("truth: not all values are finite numbers")
        self.sizes = tuple(size for size in sizes if 2 <= size <= n)
        scales: list[Floats] = []
        if self.sizes:
            scales = [best_first, ndtri((places(best_first).mean_ranks - 0.5) / n)]
        self._scales = [(Gaps(v), {size: Gaps(v[:size]) for size in self.sizes}) for v in scales]

    def inside(self, tau_b: float | None) -> dict[int, Expected]:
        """What is expected of a score with this tau-b over all, by N."""
        if tau_b is None or math.isnan(tau_b):
            return dict.fromkeys(self.sizes, Expected(None, None))
        found: list[dict[int, float | None]] = []
        for whole, tops in self._scales:
            error = whole.error(tau_b)
            found.append({n: _signed(gaps.tau_b(error), tau_b) for n, gaps in tops.items()})
        return {n: Expected(*(values[n] for values in found)) for n in self.sizes}


def _signed(value: float | None, like: float) -> float | None:
    return None if value is None else math.copysign(value, like) if value else 0.0


class Gaps:
    """The differences between all pairs of truths (n,), n at least 2."""

    def __init__(self, truth: Floats) -> None:
        values = np.sort(truth)
        if len(values) > MOST:
            values = values[np.linspace(0, len(values) - 1, MOST).round().astype(int)]
        first, second = np.triu_indices(len(values), 1)
        gaps = np.sort(values[second] - values[first])
        self.untied = float((gaps > 0).mean())
        starts = np.unique(np.linspace(0, len(gaps), min(len(gaps), GROUPS), endpoint=False).astype(int))
        counts = np.diff(np.append(starts, len(gaps)))
        self.shares: Floats = counts / len(gaps)
        self.means: Floats = np.add.reduceat(gaps, starts) / counts

    def tau_b(self, error: float) -> float | None:
        """Expected tau-b with errors of this standard deviation (0: none, inf: nothing but error); None if all
        truths are equal."""
        if not self.untied:
            return None
        right = erf(self.means / (2 * error)) if error else np.sign(self.means)
        return float(self.shares @ right / math.sqrt(self.untied))

    def error(self, tau_b: float) -> float:
        """The standard deviation with which |tau_b| is expected; 0 where none is small enough, inf for 0."""
        if not self.untied or tau_b == 0:
            return math.inf
        low, high = (math.log(self.means[-1] * bound) for bound in (SMALLEST, LARGEST))
        if abs(tau_b) >= self._most:
            return 0.0
        near = self._near(abs(tau_b))
        for _ in range(STEPS):
            middle = (low + high) / 2
            above = (
                middle < near
            )  # tau-b falls with the error, so that it need not be computed far from `near`
            if not abs(middle - near) > CLEAR:
                above = (self.tau_b(math.exp(middle)) or 0.0) > abs(tau_b)
            low, high = (middle, high) if above else (low, middle)
        return math.exp((low + high) / 2)

    @cached_property
    def _most(self) -> float:
        """Expected tau-b with the smallest error that is looked at."""
        return self.tau_b(math.exp(math.log(self.means[-1] * SMALLEST))) or 0.0

    def _near(self, tau_b: float) -> float:
        """The logarithm of the error with which tau_b is expected, by Newton's method from a table; NaN where it does
        not converge, or tau-b is too flat there to be sure of it."""
        errors, expected = self._table
        at = float(np.interp(tau_b, expected, errors))
        for _ in range(NEWTON_STEPS):
            ratio = self.means / (2 * math.exp(at))
            value = float(self.shares @ erf(ratio) / math.sqrt(self.untied)) - tau_b
            slope = float(self.shares @ (ratio * np.exp(-(ratio**2)))) * -2 / math.sqrt(math.pi * self.untied)
            if slope > -ROUNDING / CLEAR:
                break
            step = value / slope
            at -= step
            if abs(step) < CONVERGED:
                return at
        return math.nan

    @cached_property
    def _table(self) -> tuple[Floats, Floats]:
        """Logarithms of errors, falling, and the tau-b that is expected with each."""
        errors = math.log(self.means[-1]) + np.linspace(*TABLE)
        return errors, np.array([self.tau_b(math.exp(error)) for error in errors])
