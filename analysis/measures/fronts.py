"""Pareto fronts of accuracy against a cost: the true one of a table, and what the front of a ranking is worth.

The front of a ranking is of scores and costs: the architectures that one would train to have the best of every cost, if
the ranking were right, of equal scores and costs one at random. They are judged by their truth: the hypervolume that
they dominate, as a share of what the true front dominates. Beside it as many architectures drawn at random.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.statistics.pairs import Floats
from analysis.statistics.pareto import hypervolume, pareto_front
from analysis.user_tables.truth_file import TruthFile

DRAWS = 1000  # of random sets
TIES = 20  # times that ties of a ranking are broken
TRUE = "the truth"
COLUMNS = (
    "cost", "ranking", "rankings", "trained", "share", "std", "random", "random_low", "random_high", "p",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Fronts:
    """truth: the table. costs: (n,) by name. rows: COLUMNS. points: a row for each architecture on a front: cost,
    ranking, number (of the ranking), arch, its cost as 'at', its truth."""

    truth: TruthFile
    costs: Mapping[str, Floats]
    rows: pd.DataFrame
    points: pd.DataFrame


def fronts(
    truth: TruthFile,
    costs: Mapping[str, Floats],
    rankings: Mapping[str, Floats],
    *,
    draws: int = DRAWS,
    seed: int = 0,
    floor: float | None = None,
) -> Fronts:
    """The true front of each cost and those of each ranking.

    Args:
        costs: (n,) of the table's rows, by name.
        rankings: (rankings, n) by name, the higher the better, NaN for what has no score: that is not trained.
        draws: random sets for each front. seed: of them.
        floor: the truth of the reference point; None: the lowest of the table.

    Returns:
        share: hypervolume by the truth, in percent of the true front's, the mean over the rankings of that name, std
        over them, ties broken TIES times. The reference point is the highest cost of the table, and the floor.
        trained: architectures on the front, a mean. random: the mean share of random sets of the same sizes, random_low
        and random_high the limits of 95 % of them. p: one-sided, of a random set as good, the mean over rankings.
    """
    values = truth.numbers
    rows, points = [], []
    for cost, at in costs.items():
        reference = float(at.max()), float(values.min() if floor is None else floor)
        whole = hypervolume(at, values, reference)
        known = {TRUE: values[None]} | dict(rankings)
        rng = np.random.default_rng(seed)
        for name, scores in known.items():
            found = []
            for number, score in enumerate(scores):
                sets = [_trained(at, score, rng) for _ in range(TIES)]
                chosen = sets[0]
                share = np.mean([_share(at[one], values[one], reference, whole) for one in sets])
                random = [
                    _share(at[drawn], values[drawn], reference, whole)
                    for drawn in (rng.choice(len(values), len(chosen), replace=False) for _ in range(draws))
                ]
                found.append((len(chosen), float(share), np.array(random)))
                points.append(
                    pd.DataFrame(
                        {
                            "cost": cost,
                            "ranking": name,
                            "number": number,
                            "arch": truth.frame["arch"].to_numpy()[chosen],
                            "at": at[chosen],
                            "truth": values[chosen],
                        }
                    )
                )
            rows.append({"cost": cost, "ranking": name} | _summed_up(found))
    return Fronts(
        truth=truth,
        costs=costs,
        rows=pd.DataFrame(rows, columns=list(COLUMNS)),
        points=pd.concat(points, ignore_index=True),
    )


def _trained(at: Floats, score: Floats, rng: np.random.Generator) -> np.ndarray:
    """The rows on the front of score and cost, of equal points one at random, by rising cost."""
    rows = rng.permutation(np.flatnonzero(np.isfinite(score)))
    front = rows[pareto_front(at[rows], score[rows])]
    found: np.ndarray = front[np.unique(at[front], return_index=True)[1]]
    return found


def _share(at: Floats, values: Floats, reference: tuple[float, float], whole: float) -> float:
    """In percent; NaN where nothing dominates the reference point."""
    return 100 * hypervolume(at, values, reference) / whole if whole > 0 else float("nan")


def _summed_up(found: list[tuple[int, float, Floats]]) -> dict[str, float]:
    shares = np.array([share for _, share, _ in found])
    random = np.concatenate([one for _, _, one in found])
    low, high = np.quantile(random, [0.025, 0.975])
    p = [
        float("nan") if np.isnan(share) else (1 + (one >= share).sum()) / (1 + len(one))
        for _, share, one in found
    ]
    return {
        "rankings": len(found),
        "trained": float(np.mean([count for count, _, _ in found])),
        "share": float(shares.mean()),
        "std": float(shares.std(ddof=1)) if len(found) > 1 else float("nan"),
        "random": float(random.mean()),
        "random_low": float(low),
        "random_high": float(high),
        "p": float(np.mean(p)),
    }
