"""What a study's variants are compared with: baselines and noise ceilings; and the numbers of any ranking.

Of each space and mask, over all architectures and within the true top-N.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.ceiling import ceiling, inside_top
from analysis.measures.correlate import ranking
from analysis.measures.score_sets import ScoreSet, ScoreSets
from analysis.statistics.pairs import Floats
from analysis.statistics.range_restriction import Expected
from analysis.statistics.uncertainty import interval
from analysis.store.cache import Cache, key_of
from analysis.store.study import mask_text

PERMUTATIONS = 999  # per run: enough for a p-value of .001, a tenth of the time
EXPECTED = ("expected_points", "expected_places")  # inside a true top-N, were the error the same everywhere
METRICS = (
    "tau_b", "tau_kendall_a", "spearman", "pearson", "weighted_tau", "topn_mean_tau", "topn_p",
    "overlap_1", "overlap_5", "overlap_10", "regret_1", "regret_10", "best_rank_10", "mean_score", "tau_b_loss",
)  # fmt: skip


def ranked(
    top: Sequence[int],
    truth: Floats,
    scores: Floats,
    sample: np.ndarray,
    predicted: Sequence[int] | None = None,
) -> dict[str, Any]:
    """Every measure, of the true tops of these sizes and of predicted ones of those, None for the same; without
    intervals: a variant has one over its seeds."""
    return ranking(
        truth,
        scores,
        top,
        sample=sample,
        permutations=PERMUTATIONS,
        with_intervals=False,
        predicted=predicted,
    )


def flat(numbers: dict[str, Any]) -> dict[str, Any]:
    """The dictionary of ranked() as one row."""
    row = {
        key: numbers[key]["value"]
        for key in ("tau_b", "tau_kendall_a", "spearman", "pearson", "topn_mean_tau")
    }
    row |= {
        "n": numbers["n"],
        "weighted_tau": numbers["weighted_tau"],
        "topn_p": numbers["topn_mean_tau"]["p_value"],
    }
    row |= {f"overlap_{percent}": entry["value"] for percent, entry in numbers["overlap"].items()}
    row |= {f"regret_{k}": value for k, value in numbers["regret"].items() if k in ("1", "10")}
    return row | {"best_rank_10": numbers["best_rank"].get("10")}


def expected(found: Expected | None) -> dict[str, float | None]:
    """The reference inside one true top-N by the names of EXPECTED; None where there is none."""
    return dict(zip(EXPECTED, found or (None, None), strict=True))


def references(
    sets: Mapping[ScoreSets, Sequence[list[Any]]], cache: Cache
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The frames `references` and `top_references` of Collected: on each set that a ranking is evaluated on, and inside
    the true top-N, of the largest of the sets.

    sets: of each space those that are used, in words (ScoreSets.in_words)."""
    rows: list[dict[str, Any]] = []
    top: list[dict[str, Any]] = []
    for of_space, used in sets.items():
        key = key_of(["references", of_space.depends, used])
        both = cache.value(key, partial(_of_space, of_space, used))
        rows += both[0]
        top += both[1]
    columns = ["space", "mask", "reference", "top", "tau_b", *EXPECTED]
    return pd.DataFrame(rows), pd.DataFrame(top, columns=columns)


def _of_space(of_space: ScoreSets, words: Sequence[list[Any]]) -> list[list[dict[str, Any]]]:
    """The rows of one space and mask, and those inside its true tops. Each seed of the truth chooses its own top from
    all that the mask allows."""
    used = [of_space.in_full(one) for one in words]
    group = {"space": of_space.space.name, "mask": mask_text(of_space.space)}
    largest = max(used, key=lambda one: len(one.truth.texts))
    rows: list[dict[str, Any]] = []
    inside: dict[str, dict[int, float | None]] = {}
    overall: dict[str, float | None] = {}
    for judged in used:
        of_set, tops = _of_set(judged, of_space.baselines)
        rows += [{**group, "set": judged.name, **row} for row in of_set]
        if judged is largest:
            overall = {row["reference"]: row.get("tau_b") for row in of_set}
            inside = tops
    sizes = [n for n in of_space.study.top if n <= int(largest.truth.known.sum())]
    inside |= inside_top(of_space.known.frame, of_space.known.column, sizes)
    top: list[dict[str, Any]] = []
    for name, taus in inside.items():
        restricted = of_space.restriction.inside(overall.get(name.replace("third_seed", "seed_to_seed")))
        top += [
            {**group, "reference": name, "top": n, "tau_b": tau, **expected(restricted.get(n))}
            for n, tau in taus.items()
        ]
    return [rows, top]


def _of_set(
    judged: ScoreSet, baselines: pd.DataFrame
) -> tuple[list[dict[str, Any]], dict[str, dict[int, float | None]]]:
    """The baselines and the ceilings of one set; tau-b of the baselines within the true top-N."""
    truth = judged.truth.only(judged.truth.known)
    values, sample = truth.numbers, judged.sample[judged.truth.known]
    scores = baselines.loc[truth.texts]
    rows: list[dict[str, Any]] = []
    inside: dict[str, dict[int, float | None]] = {}
    for name in scores:
        numbers = ranked(judged.top, values, scores[name].to_numpy(dtype=float), sample)
        around = interval(values[sample], scores[name].to_numpy(dtype=float)[sample], "tau_b")
        ends = {"tau_b_low": around.low, "tau_b_high": around.high}
        rows.append({"reference": name, **flat(numbers), **ends, "compared": f"{name} against truth"})
        inside[str(name)] = {int(n): entry["tau_b"] for n, entry in numbers["top"].items()}
    for name, entry in (ceiling(truth.frame[sample], truth.column) or {}).items():
        rows.append({"reference": name, **entry})
    return rows, inside
