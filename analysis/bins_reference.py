"""What a score reaches in cumulative bins if its error is the same everywhere: range restriction alone.

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
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from analysis.pairs import Floats

NODES = 200
LARGEST = 1 - 1e-9  # r: beyond it a score has no error that numbers could hold


class BinReference(NamedTuple):
    """Spearman inside the true top, and the common ratio."""

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
    from scipy.special import ndtr, ndtri

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
