"""One yardstick for all ways to rank: quality in cumulative bins of the truth, beside what it cost.

Rankings are compared on the same architectures: by default those that every one of them has scored ('common').
A ranking that has scores of less than half of them (SHARE), labelled ones aside, would reduce that set too much: it is
excluded, and the report says so. What one ranking was fitted on is left out for all that it is compared with, also
under 'worst'.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.estimator_scores import Bools, Scored, SideBySide, side_by_side
from analysis.statistics.bins import EVERY, Bin, bin_reference, bins, check_percents
from analysis.statistics.crossed import columns as interval_columns
from analysis.statistics.crossed import interval_names
from analysis.statistics.pairs import Floats
from analysis.store.costs import COSTS
from analysis.store.study import Study
from analysis.store.tables import MISSING

HANDLED = ("common", *MISSING)
SHARE = 0.5

RANKINGS = [
    "space", "mask", "variant", "measure", "kind", "seeds", "finished", "n", "scored", "statuses", "compared", "note",
    "prepare_seconds", "prepare_steps", *(f"each_{name}" for name in COSTS),
]  # fmt: skip
COST_COLUMNS = [column for name in COSTS for column in (name, f"{name}_se")]
BINS = [
    "space", "mask", "variant", "measure", "kind", "percent", "k", "n", "spearman", "spearman_std",
    *interval_names("spearman_"), "spearman_reference", "tau_b", "common", "common_std", "common_low", "common_high",
    "common_reference", "chance", "corrected", *COST_COLUMNS,
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Yardstick:
    """missing: one of HANDLED.

    rankings: a row a ranking (RANKINGS): seeds asked for and finished; n architectures of the sample, scored: with a
      score from every finished seed; statuses: of the rest, in words, as many as the seed with the most of them has;
      compared: how many its numbers are of; note: why there are none; what was spent before any score, a seed; each_*:
      mean cost over all n, those without a score included, as whoever ranks them pays for these too.
    bins: a row for each ranking that is compared and bin (BINS): see analysis/statistics/bins.py. *_reference: of range
      restriction alone, from the ranking's Spearman over all; chance: of the common ratio. Costs: means over the bin's
      architectures and their standard errors (*_se); empty where they are not known.
    """

    study: Study
    missing: str
    rankings: pd.DataFrame
    bins: pd.DataFrame
    side_by_side: tuple[SideBySide, ...]


def yardstick(study: Study, missing: str = "common", percents: Sequence[int] = EVERY) -> Yardstick:
    """Compare all rankings of a study in bins of these percents and over all.

    missing: of an architecture that a ranking has no score for: 'common' leaves it out for all rankings of the space,
    'drop' for this ranking alone, 'worst' ranks it below all others. ValueError for anything else, and for bins that
    are not percents."""
    check_handling(missing)
    percents = check_percents({*percents, 100})
    found = side_by_side(study)
    rankings: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for group in found:
        for one, inside in zip(group.rankings, insides(group, missing), strict=True):
            rankings.append(_ranking_row(one, inside))
            if inside.any():
                rows += _bin_rows(one, group.truth, inside, percents)
    return Yardstick(
        study=study,
        missing=missing,
        rankings=pd.DataFrame(rankings, columns=RANKINGS),
        bins=pd.DataFrame(rows, columns=BINS),
        side_by_side=tuple(found),
    )


def check_handling(missing: str) -> None:
    """ValueError unless it is one of HANDLED."""
    if missing not in HANDLED:
        raise ValueError(f"missing: {missing!r} is not one of {', '.join(HANDLED)}")


def insides(group: SideBySide, missing: str) -> list[Bools]:
    """Of each ranking the architectures that its numbers are of, bool (n,); none for one that is not compared."""
    kept = [one for one in group.rankings if _enough(one)]
    together = np.logical_and.reduce([one.scored for one in kept]) if kept else np.zeros(0, dtype=bool)
    labelled = np.logical_or.reduce([one.labelled for one in group.rankings])
    return [_inside(one, together, ~labelled, missing) for one in group.rankings]


def _enough(one: Scored) -> bool:
    return len(one.scores) > 0 and bool(one.scored.any()) and float(one.scored[~one.labelled].mean()) >= SHARE


def _inside(one: Scored, together: Bools, unlabelled: Bools, missing: str) -> Bools:
    if not len(one.scores) or not one.scored.any():
        return np.zeros(one.scores.shape[1], dtype=bool)
    if missing == "worst":
        return unlabelled
    if missing == "drop":
        return one.scored
    return together if _enough(one) else np.zeros(one.scores.shape[1], dtype=bool)


def note_of(one: Scored, inside: Bools) -> str:
    """Why a ranking, or a seed of it, is not compared; '' if nothing is wanting."""
    finished, n = one.scores.shape
    reasons = list(one.reasons)
    if finished and not inside.any():
        reasons.append(f"scored {one.scored.sum()} of {n}, too few to be compared with the others")
    return "; ".join(reasons)


def _ranking_row(one: Scored, inside: Bools) -> dict[str, Any]:
    finished, n = one.scores.shape
    scored = int(one.scored.sum())
    return one.group | {
        "seeds": one.seeds,
        "finished": finished,
        "n": n,
        "scored": scored,
        "statuses": statuses(one),
        "compared": int(inside.sum()),
        "note": note_of(one, inside),
        "prepare_seconds": one.prepared["seconds"],
        "prepare_steps": one.prepared["steps"],
        **{f"each_{name}": mean_and_error(one.costs[name])[0] for name in COSTS},
    }


def statuses(one: Scored) -> str:
    """'disconnected 3, not_reached 12': the architectures without a score by status; of several seeds the most."""
    counts: Counter[str] = Counter()
    for row in one.status:
        counts |= Counter(str(status) for status in row if status != "ok")
    return ", ".join(f"{status} {count}" for status, count in sorted(counts.items()))


def filled(one: Scored, inside: Bools) -> list[Floats]:
    """The scores (k,) of each seed of the architectures inside; missing ones below all others."""
    columns = []
    for row in one.scores[:, inside]:
        known = np.isfinite(row)
        worst = row[known].min() - 1 if known.any() else 0.0
        columns.append(np.where(known, row, worst))
    return columns


def _bin_rows(one: Scored, truth: Floats, inside: Bools, percents: Sequence[int]) -> list[dict[str, Any]]:
    values, columns = truth[inside], filled(one, inside)
    (whole,) = bins(values, columns, [100])
    rho = whole.spearman.value
    best = np.flatnonzero(inside)[np.argsort(-values, kind="stable")]
    return [
        _bin_row(found, rho, one, best[: found.k], len(values)) for found in bins(values, columns, percents)
    ]


def _bin_row(found: Bin, rho: float | None, one: Scored, top: np.ndarray, n: int) -> dict[str, Any]:
    reference = None if rho is None else bin_reference(round(rho, 6), found.percent)
    row = one.group | {
        "percent": found.percent,
        "k": found.k,
        "n": n,
        "spearman": found.spearman.value,
        "spearman_std": found.spearman_std,
        **interval_columns("spearman_", found.spearman),
        "spearman_reference": reference and reference.spearman,
        "tau_b": found.tau_b,
        "common": found.common.value,
        "common_std": found.common_std,
        "common_low": found.common.low,
        "common_high": found.common.high,
        "common_reference": reference and reference.common,
        "chance": found.percent / 100,
        "corrected": found.corrected,
    }
    for name in COSTS:
        row |= dict(zip((name, f"{name}_se"), mean_and_error(one.costs[name][top]), strict=True))
    return row


def mean_and_error(values: Floats) -> tuple[float | None, float | None]:
    """Mean of (k,) and its standard error; no mean if one is not known, no error of a single one."""
    if not len(values) or not np.isfinite(values).all():
        return None, None
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
    return float(values.mean()), error
