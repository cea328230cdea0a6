"""What a study's variants are compared with: costs as rankings and noise ceilings; and the numbers of any ranking.

Of each space and mask, over all architectures and inside the true top-N.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.ceiling import ceiling, inside_top
from analysis.correlate import BASELINES, costs_of, ranking
from analysis.pairs import Floats
from analysis.range_restriction import Expected, RangeRestriction
from analysis.study import Study, mask_text
from analysis.tables import Table, join
from supernet.spaces import Space

Bools = npt.NDArray[np.bool_]
PERMUTATIONS = 999  # per run: enough for a p-value of .001, a tenth of the time
EXPECTED = ("expected_points", "expected_places")  # inside a true top-N, were the error the same everywhere
METRICS = (
    "tau_b", "tau_kendall_a", "spearman", "pearson", "weighted_tau", "topn_mean_tau", "topn_p",
    "overlap_1", "overlap_5", "overlap_10", "regret_1", "regret_10", "best_rank_10", "mean_score", "tau_b_loss",
)  # fmt: skip


def ranked(
    study: Study, truth: Floats, scores: Floats, sample: np.ndarray, with_intervals: bool = False
) -> dict[str, Any]:
    """Every measure; without intervals as a rule: a variant has one over its seeds."""
    return ranking(
        truth, scores, study.top, sample=sample, permutations=PERMUTATIONS, with_intervals=with_intervals
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
    study: Study,
    truths: dict[Space, Table],
    samples: dict[Space, Bools],
    allowed: dict[Space, Table],
    restricted: dict[Space, RangeRestriction],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The frames `references` and `top_references` of Collected: on the sample, and inside the true top-N.

    allowed: all of the truth that the mask allows: each seed of the truth chooses its own top from it."""
    rows: list[dict[str, Any]] = []
    top: list[dict[str, Any]] = []
    for space, truth in truths.items():
        group = {"space": space.name, "mask": mask_text(space)}
        joined = join(truth, truth)  # leaves out the rows without a finite truth
        values = joined.truth
        sample = samples[space][joined.positions]
        costs = costs_of(joined, study.truths[space.name].size)
        inside: dict[str, dict[int, float | None]] = {}
        overall: dict[str, float | None] = {}
        for name in BASELINES:
            cost = costs[name].to_numpy(dtype=float)
            numbers = ranked(study, values, cost, sample, with_intervals=True)
            interval = {"tau_b_low": numbers["tau_b"]["low"], "tau_b_high": numbers["tau_b"]["high"]}
            row = flat(numbers)
            rows.append({**group, "reference": name, **row, **interval, "compared": f"{name} against truth"})
            inside[name] = {int(n): entry["tau_b"] for n, entry in numbers["top"].items()}
            overall[name] = row["tau_b"]
        for name, entry in (ceiling(joined.frame[sample], truth.column) or {}).items():
            rows.append({**group, "reference": name, **entry})
            overall[name] = entry.get("tau_b")
        sizes = [n for n in study.top if n <= len(values)]
        inside |= inside_top(allowed[space].frame, truth.column, sizes)
        for name, taus in inside.items():
            restriction = restricted[space].inside(overall.get(name.replace("third_seed", "seed_to_seed")))
            for n, tau in taus.items():
                top.append(
                    {**group, "reference": name, "top": n, "tau_b": tau, **expected(restriction.get(n))}
                )
    columns = ["space", "mask", "reference", "top", "tau_b", *EXPECTED]
    return pd.DataFrame(rows), pd.DataFrame(top, columns=columns)
