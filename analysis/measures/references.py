"""What a study's variants are compared with: baselines and noise ceilings; and the numbers of any ranking.

Of each space and mask, over all architectures and inside the true top-N.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.ceiling import ceiling, inside_top
from analysis.measures.correlate import ranking
from analysis.measures.score_sets import ScoreSet
from analysis.statistics.pairs import Floats
from analysis.statistics.range_restriction import Expected, RangeRestriction
from analysis.statistics.uncertainty import interval
from analysis.store.study import Study, mask_text
from analysis.store.tables import Table
from supernet.spaces import Space

PERMUTATIONS = 999  # per run: enough for a p-value of .001, a tenth of the time
EXPECTED = ("expected_points", "expected_places")  # inside a true top-N, were the error the same everywhere
METRICS = (
    "tau_b", "tau_kendall_a", "spearman", "pearson", "weighted_tau", "topn_mean_tau", "topn_p",
    "overlap_1", "overlap_5", "overlap_10", "regret_1", "regret_10", "best_rank_10", "mean_score", "tau_b_loss",
)  # fmt: skip


def ranked(top: Sequence[int], truth: Floats, scores: Floats, sample: np.ndarray) -> dict[str, Any]:
    """Every measure, of the true tops of these sizes; without intervals: a variant has one over its seeds."""
    return ranking(truth, scores, top, sample=sample, permutations=PERMUTATIONS, with_intervals=False)


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
    study: Study,
    sets: Mapping[Space, Sequence[ScoreSet]],
    baselines: Mapping[Space, pd.DataFrame],
    known: Mapping[Space, Table],
    restricted: Mapping[Space, RangeRestriction],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The frames `references` and `top_references` of Collected: on each set that a ranking is judged on, and inside
    the true top-N, of the largest of the sets.

    baselines: by the text of an architecture, see baselines.py. known: all of the truth that the mask allows: each seed
    of the truth chooses its own top from it."""
    rows: list[dict[str, Any]] = []
    top: list[dict[str, Any]] = []
    for space, used in sets.items():
        group = {"space": space.name, "mask": mask_text(space)}
        largest = max(used, key=lambda one: len(one.truth.texts))
        inside: dict[str, dict[int, float | None]] = {}
        overall: dict[str, float | None] = {}
        for judged in used:
            own, tops = _of_set(judged, baselines[space])
            rows += [{**group, "set": judged.name, **row} for row in own]
            if judged is largest:
                overall = {row["reference"]: row.get("tau_b") for row in own}
                inside = tops
        sizes = [n for n in study.top if n <= int(largest.truth.known.sum())]
        inside |= inside_top(known[space].frame, known[space].column, sizes)
        for name, taus in inside.items():
            restriction = restricted[space].inside(overall.get(name.replace("third_seed", "seed_to_seed")))
            for n, tau in taus.items():
                top.append(
                    {**group, "reference": name, "top": n, "tau_b": tau, **expected(restriction.get(n))}
                )
    columns = ["space", "mask", "reference", "top", "tau_b", *EXPECTED]
    return pd.DataFrame(rows), pd.DataFrame(top, columns=columns)


def _of_set(
    judged: ScoreSet, baselines: pd.DataFrame
) -> tuple[list[dict[str, Any]], dict[str, dict[int, float | None]]]:
    """The baselines and the ceilings of one set; tau-b of the baselines inside the true top-N."""
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
