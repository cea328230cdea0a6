"""p-values of a difference between two variants, and their correction for the number of pairs.

Two things must hold before one variant is called better, since two things vary:

*Over architectures*, `paired_p`: another sample of as many architectures would give another difference. The null is a
difference of 0 between these trained supernets. Two-sided, the normal distribution at the difference over its paired
standard error. That error is the infinitesimal jackknife's (influence.py), what a paired bootstrap's tends to
with the number of resamples: a thousand resamples have no p-value below .001, which a hundred pairs need.

*Over seeds*: another training would give other scores. The null is equal means over seeds, `welch_p`; against a
baseline, which is one number and has no seeds, that the mean over seeds is that number, `one_sample_p`.

Either alone calls a difference that another draw of the other would not show. So the p-value of a pair is the larger of
the two (an intersection-union test: R. L. Berger, 1982), and `holm` corrects these for the number of pairs. With one
seed there is no test over seeds, so no p-value of the pair and no verdict.

`letters_of` says of several at once which do not differ significantly: H.-P. Piepho, "An Algorithm for a Letter-Based
Representation of All-Pairwise Comparisons", Journal of Computational and Graphical Statistics 13 (2004), 456-466,
insert and absorb.
"""

from __future__ import annotations

import string
from collections.abc import Collection, Sequence

import numpy as np
from scipy.special import ndtr, stdtr

from analysis.statistics.crossed import LEVEL, Mean

ALPHA = 1 - LEVEL
LETTERS = string.ascii_letters


def paired_p(found: Mean) -> float | None:
    """Two-sided p-value over architectures of a `paired_difference`; None where it has no interval."""
    if found.value is None or found.error is None:
        return None
    if found.error == 0:
        return 1.0 if found.value == 0 else 0.0
    return float(2 * ndtr(-abs(found.value) / found.error))


def welch_p(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Two-sided p-value that the means of two groups of seeds are equal (Welch's t test); None with one seed in one.

    Where neither group varies it is 1 for equal means, else 0."""
    if len(a) < 2 or len(b) < 2:
        return None
    gap = float(np.mean(a) - np.mean(b))
    if np.ptp(a) == 0 and np.ptp(b) == 0:
        return 1.0 if a[0] == b[0] else 0.0
    errors = [float(np.var(group, ddof=1)) / len(group) for group in (a, b)]
    # Degrees of freedom after Welch and Satterthwaite.
    freedom = sum(errors) ** 2 / sum(e**2 / (len(g) - 1) for e, g in zip(errors, (a, b), strict=True))
    return float(2 * stdtr(freedom, -abs(gap) / np.sqrt(sum(errors))))


def one_sample_p(values: Sequence[float], fixed: float) -> float | None:
    """Two-sided p-value that the mean over seeds is a fixed number (one-sample t test); None with one seed.

    Where the seeds do not vary it is 1 for that number, else 0."""
    if len(values) < 2:
        return None
    gap = float(np.mean(values)) - fixed
    if np.ptp(values) == 0:
        return 1.0 if values[0] == fixed else 0.0
    error = float(np.std(values, ddof=1)) / np.sqrt(len(values))
    return float(2 * stdtr(len(values) - 1, -abs(gap) / error))


def together(architectures: float | None, seeds: float | None) -> float | None:
    """The p-value that both hold: the larger; None where one of the two was not tested."""
    return None if architectures is None or seeds is None else max(architectures, seeds)


def holm(values: Sequence[float | None]) -> list[float | None]:
    """p-values adjusted for their number, in the same order: at most ALPHA of families have one below ALPHA by chance.

    The k-th smallest of m times m - k + 1, never below that of a smaller one, at most 1 (S. Holm, 1979). None, which
    was not tested, stays None and does not count. Raises ValueError for what is not in [0, 1]."""
    known = [place for place, value in enumerate(values) if value is not None]
    p = np.array([values[place] for place in known], dtype=float)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"values: {p.tolist()} are not all p-values in [0, 1]")
    order = np.argsort(p, kind="stable")
    rising = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    result: list[float | None] = [None] * len(values)
    for place, value in zip(order, np.minimum(rising, 1), strict=True):
        result[known[place]] = float(value)
    return result


def letters_of(names: Sequence[str], differing: Collection[tuple[str, str]]) -> dict[str, str]:
    """Letters by name: two names share one if and only if they are no pair that differs.

    names: the best first, so that its letters begin with a. differing: pairs of them, in any order."""
    columns = [frozenset(names)]
    for pair in sorted(differing):
        split = [one for column in columns for one in _split(column, pair)]
        columns = [one for one in dict.fromkeys(split) if not any(one < other for other in split)]
    place = {name: number for number, name in enumerate(names)}
    columns.sort(key=lambda column: sorted(place[name] for name in column))
    letters = [
        LETTERS[i % len(LETTERS)] + (str(i // len(LETTERS)) if i >= len(LETTERS) else "")
        for i in range(len(columns))
    ]
    return {
        name: "".join(letter for letter, column in zip(letters, columns, strict=True) if name in column)
        for name in names
    }


def _split(column: frozenset[str], pair: tuple[str, str]) -> list[frozenset[str]]:
    """Insert: a column that holds both of a pair becomes two, each without one of them."""
    return [column - {name} for name in pair] if set(pair) <= column else [column]
