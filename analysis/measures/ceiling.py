"""The noise ceiling: how well one measurement of the truth ranks another.

A truth table with columns `<column>_seed0`, `<column>_seed1`, ... holds the same training repeated. How well one
seed ranks another is about what can be expected of a score at best. Four estimates, named apart:

* seed_to_seed: mean over pairs of seeds; one seed against one other.
* seed_to_mean: mean over seeds; one seed against the mean of the others. The nearest measured figure where
  the truth is itself a mean over seeds; still low, as both sides are noisy and the mean has one seed fewer.
* true_to_mean: Pearson only, an estimate for a noise-free score against the mean of K seeds. From the mean
  correlation r of two seeds, the mean of K has reliability R = K r / (1 + (K - 1) r) (Spearman-Brown), and a
  noise-free score correlates sqrt(R) with it (correction for attenuation). Holds for errors that are
  independent between seeds and alike for all architectures. No such formula exists for tau, so none is given.
  Source: C. Spearman and W. Brown, both British Journal of Psychology 3 (1910), 271-295 and 296-322; C.
  Spearman, American Journal of Psychology 15 (1904), 72-101 (attenuation).
* valid_to_test: validation against test accuracy of the same data, where both columns exist; see `partner`.

Each value is on the architectures where both sides exist, `n` of them (over several pairs: the smallest).

Inside the true top-N (`inside_top`) it matters who chooses the top. If the mean of all seeds does, both seeds of a
pair have had a say: those that are in it were lucky in one seed where they were not in the other, and two seeds
anticorrelate within a small top. Nor is it what a score goes through, which has no say. So one side plays the truth and
chooses the top, the other plays the score:

* seed_to_seed: mean over ordered pairs; the top of one seed, that seed against the other. What figures show.
* seed_to_mean: mean over seeds; the top of the mean of the others, that mean against the seed. The nearest to what is
  done to a score where the truth is a mean over seeds, but of half as many pairs.
* third_seed: mean over seeds and pairs; the top of one seed, two others against one another. Neither side of the
  correlation has had a say; higher, as choosing by another's noise leaves more of the range.
* valid_to_test: the top of the column itself, which plays the truth; its partner plays the score.

A top is chosen among the architectures that have every column that the estimate needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, permutations
from typing import Any

import numpy as np
import pandas as pd

from analysis.statistics.correlation import kendall_tau, pearson, spearman
from analysis.statistics.pairs import Floats
from analysis.statistics.topn import by_truth
from analysis.store.column_names import parse

INSIDE = ("seed_to_seed", "valid_to_test")  # inside the top, what tables and figures show
CEILINGS = {  # what tables call the estimates
    "seed_to_seed": "seed against seed",
    "seed_to_mean": "seed against mean of the others",
    "true_to_mean": "noise-free against mean (estimate)",
    "valid_to_test": "validation against test",
}
MEASURES = {"tau_b": kendall_tau, "spearman": spearman, "pearson": pearson}


def seed_columns(frame: pd.DataFrame, column: str) -> list[str]:
    """The columns `<column>_seed<k>` of the frame, by rising k."""
    found = {}
    for name in frame.columns:
        if match := re.fullmatch(re.escape(column) + r"_seed(\d+)", str(name)):
            found[int(match[1])] = str(name)
    return [found[k] for k in sorted(found)]


def partner(frame: pd.DataFrame, column: str) -> tuple[str, str] | None:
    """The (validation, test) columns that `column`, a mean over seeds, is one of; None if either is missing.

    Of the same data and schedule; of the same epochs (last, mean of the last three, best) where there are both, else
    of others: benchmarks publish the validation accuracy of several epochs and one test accuracy. Networks trained
    for validation have their own test accuracy in some (`cifar10valid_test` beside `cifar10_valid`): it is taken
    where it is asked for, or alone.
    """
    name = parse(column)
    if name is None or name.metric == "loss" or name.seed is not None or name.part not in ("valid", "test"):
        return None
    own = name.data.removesuffix("valid") if name.part == "test" else name.data
    same_images = (name.data, own) if name.part == "test" else (name.data, f"{name.data}valid")
    for data in dict.fromkeys(same_images):
        for which in dict.fromkeys((name.which, "", "best", "last3")):
            other = name._replace(data=data, part="valid" if name.part == "test" else "test", which=which)
            if str(other) in frame.columns:
                return (str(other), column) if name.part == "test" else (column, str(other))
    return None


def ceiling(frame: pd.DataFrame, column: str) -> dict[str, Any] | None:
    """Every estimate that the columns of `frame` (one row an architecture) allow for `column`; None if none.

    Each is a dict of tau_b, spearman and pearson, n and what was compared; see the module.
    """
    seeds = seed_columns(frame, column)
    result: dict[str, Any] = {}
    values = [_column(frame, name) for name in seeds]
    if len(seeds) > 1:
        result["seed_to_seed"] = _mean(
            list(combinations(values, 2)), f"{len(seeds)} seeds of {column}, in pairs"
        )
    if len(seeds) > 2:
        rest = [np.mean([v for j, v in enumerate(values) if j != i], axis=0) for i in range(len(values))]
        label = f"one seed of {column} against the mean of the other {len(seeds) - 1}"
        result["seed_to_mean"] = _mean(list(zip(values, rest, strict=True)), label)
    if len(seeds) > 1 and (r := result["seed_to_seed"]["pearson"]) is not None and r > 0:
        reliability = len(seeds) * r / (1 + (len(seeds) - 1) * r)
        result["true_to_mean"] = {
            "pearson": float(np.sqrt(reliability)),
            "n": result["seed_to_seed"]["n"],
            "compared": f"noise-free score against the mean of {len(seeds)} seeds (Spearman-Brown estimate)",
        }
    if both := partner(frame, column):
        pair = (_column(frame, both[0]), _column(frame, both[1]))
        result["valid_to_test"] = _mean([pair], f"{both[0]} against {both[1]}")
    return result or None


def inside_top(
    frame: pd.DataFrame, column: str, sizes: Sequence[int], measure: str = "tau_b"
) -> dict[str, dict[int, float | None]]:
    """A key of MEASURES within the true top-N of a frame (one row an architecture), by estimate and N; see the module.

    The frame holds every architecture that might be in a top: those of the truth, not only those that were scored.
    Estimates that the columns do not allow are absent. None where fewer than N architectures have every column that
    an estimate needs, or where the coefficient is undefined.
    """
    function = MEASURES[measure]
    result = {}
    for name, triples in _triples(frame, column).items():
        found: list[dict[int, float | None]] = []
        for chooser, a, b in triples:
            known = np.isfinite(chooser) & np.isfinite(a) & np.isfinite(b)
            chooser, a, b = chooser[known], a[known], b[known]
            order = by_truth(chooser)
            found.append({n: function(a[order[:n]], b[order[:n]]).value for n in sizes if n <= len(order)})
        result[name] = {n: _mean_or_none([values.get(n) for values in found]) for n in sizes}
    return result


def _triples(frame: pd.DataFrame, column: str) -> dict[str, Iterator[tuple[Floats, Floats, Floats]]]:
    """For each estimate inside the top: who chooses the top, and the two sides of the correlation, (n,) each."""
    seeds = [_column(frame, name) for name in seed_columns(frame, column)]
    found: dict[str, Iterator[tuple[Floats, Floats, Floats]]] = {}
    if len(seeds) > 1:
        found["seed_to_seed"] = ((a, a, b) for a, b in permutations(seeds, 2))
    if len(seeds) > 2:
        rest = ((one, np.mean(seeds[:i] + seeds[i + 1 :], axis=0)) for i, one in enumerate(seeds))
        found["seed_to_mean"] = ((mean, mean, one) for one, mean in rest)
        found["third_seed"] = (
            (one, *pair)
            for i, one in enumerate(seeds)
            for pair in combinations(seeds[:i] + seeds[i + 1 :], 2)
        )
    if both := partner(frame, column):
        (other,) = (name for name in both if name != column)
        own = _column(frame, column)
        found["valid_to_test"] = iter([(own, own, _column(frame, other))])
    return found


def _column(frame: pd.DataFrame, name: str) -> Floats:
    return frame[name].to_numpy(dtype=float)


def _mean(pairs: Sequence[tuple[Floats, Floats]], compared: str) -> dict[str, Any]:
    """Mean of each coefficient over the pairs, and the smallest number of architectures in a pair."""
    result: dict[str, Any] = {name: _mean_of(function, pairs) for name, function in MEASURES.items()}
    counts = [int((np.isfinite(a) & np.isfinite(b)).sum()) for a, b in pairs]
    result["n"] = min(counts)
    sets = f"; of {', '.join(f'{count:,}' for count in counts)} architectures" if len(set(counts)) > 1 else ""
    result["compared"] = compared + sets
    return result


def _mean_of(function: Callable[..., Any], pairs: Sequence[tuple[Floats, Floats]]) -> float | None:
    values = []
    for a, b in pairs:
        both = np.isfinite(a) & np.isfinite(b)
        values.append(function(a[both], b[both]).value)
    return _mean_or_none(values)


def _mean_or_none(values: Sequence[float | None]) -> float | None:
    """None if the coefficient is undefined for any pair: a mean over the rest would hide it."""
    return None if None in values else float(np.mean(np.array(values, dtype=float)))
