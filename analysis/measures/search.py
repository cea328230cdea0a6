"""What searches found for what they spent: the incumbent after any cost, summed up over runs, and compared.

The incumbent is the architecture of the highest value that a search has seen, the first of equals. It is judged by its
truth. Everything is derived from the events (analysis/store/search.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from analysis.statistics.crossed import LEVEL
from analysis.statistics.pairs import Floats
from analysis.statistics.significance import ALPHA, holm, letters_of, one_sample_p
from analysis.store.search import SearchResults

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
NEARLY = 1 + 1e-12  # a sum of shares of trainings may exceed a whole number by a rounding error


def incumbents(
    results: SearchResults, unit: str, costs: Sequence[float], of: str = "truth"
) -> dict[str, Floats]:
    """By method, (runs, costs) the incumbent's truth (or `of`='value', the objective) once so much is spent.

    NaN before the first value. Raises ValueError for a unit in which the events do not say what they cost."""
    events = results.events
    if unit not in results.content["units"] or events[unit].isna().any():
        known = [name for name in results.content["units"] if not events[name].isna().any()]
        raise ValueError(
            f"unit: {unit!r} is not one of {', '.join(known)}, in which these searches know their cost"
        )
    runs = results.content["runs"]
    found = {name: np.full((runs, len(costs)), np.nan) for name in results.methods}
    groups: Any = events.groupby(["method", "run"], observed=True, sort=False)
    for (method, run), group in groups:
        spent, value = group[unit].to_numpy().cumsum(), group["value"].to_numpy()
        valued = np.flatnonzero(~np.isnan(value))
        if not len(valued):
            continue
        best = np.maximum.accumulate(value[valued])
        rises = valued[np.concatenate(([True], best[1:] > best[:-1]))]
        place = np.searchsorted(spent[rises], np.asarray(costs) * NEARLY, side="right") - 1
        there = place >= 0
        found[method][run, there] = group[of].to_numpy()[rises[place[there]]]
    return found


def curves(results: SearchResults, unit: str, costs: Sequence[float]) -> pd.DataFrame:
    """A row a method and cost at which every run has an incumbent: mean, standard deviation and QUANTILES of its truth
    over runs (q10, ...), and mean regret, what it lacks of the best."""
    rows = []
    for method, truth in incumbents(results, unit, costs).items():
        for place in np.flatnonzero(~np.isnan(truth).any(0)):
            column = truth[:, place]
            row = {"method": method, unit: costs[int(place)], "mean": column.mean()}
            row["std"] = column.std(ddof=1) if len(column) > 1 else np.nan
            row |= _quantiles(column)
            rows.append(row | {"regret": results.content["best"] - column.mean()})
    return pd.DataFrame(rows)


def compared(results: SearchResults, unit: str, cost: float) -> pd.DataFrame:
    """A row a method, the best mean first: runs that have an incumbent, mean of its truth with the LEVEL interval over
    runs, quantiles, regret, mean objective, letters.

    Runs are paired: run r of two methods sees the same objective and begins with the same random numbers. Letters:
    methods share one unless they are `differing`. The interval is over runs alone: it holds the recorded trainings as
    they are. A method of which a run has no incumbent yet has no mean and is not compared."""
    truth = {name: values[:, 0] for name, values in incumbents(results, unit, [cost]).items()}
    value = {name: values[:, 0] for name, values in incumbents(results, unit, [cost], of="value").items()}
    complete = {name: column for name, column in truth.items() if not np.isnan(column).any()}
    order = sorted(complete, key=lambda name: -complete[name].mean())
    differ = differing(complete, len(results.content["objective"]), rankings_of(results))
    letters = letters_of(order, differ) if results.content["runs"] > 1 else {}
    rows = []
    for name in [*order, *(name for name in truth if name not in complete)]:
        column = truth[name]
        row = {"method": name, unit: cost, "runs": int((~np.isnan(column)).sum()), "mean": np.nan}
        if name in complete:
            mean, half = float(column.mean()), half_of_interval(column)
            row |= {"mean": mean, "low": mean - half, "high": mean + half}
            row |= _quantiles(column)
            row |= {"regret": results.content["best"] - mean, "objective": float(value[name].mean())}
        rows.append(row | {"letters": letters.get(name)})
    return pd.DataFrame(rows)


def rankings_of(results: SearchResults) -> dict[str, int]:
    """By method, how many rankings guide it, as `differing` takes them."""
    return {one["name"]: one["settings"].get("rankings", 1) for one in results.content["methods"]}


def ended_early(results: SearchResults) -> dict[str, tuple[int, float, float]]:
    """Of methods that ended searches before the budget, having nothing new to propose: how many, and the least and the
    most that these spent, in the unit of the budget."""
    unit, budget = results.content["unit"], results.content["budget"]
    groups = results.events.groupby(["method", "run"], observed=True, sort=False)
    early = (spent := groups[unit].sum())[spent * NEARLY < budget]
    return {
        str(name): (len(one), float(one.min()), float(one.max()))
        for name, one in early.groupby("method", observed=True, sort=False)
    }


def differing(
    values: Mapping[str, Floats], objectives: int = 1, rankings: Mapping[str, int] | None = None
) -> set[tuple[str, str]]:
    """Pairs of methods whose means differ significantly: (runs,) of each, paired.

    By a paired t test over runs, Holm-corrected over all pairs. Runs that see the same objective share its trainings,
    so the difference must also have one sign on all of the objectives, run r seeing the one at r modulo their number.
    So it is with the rankings that guide a method (the seeds of a supernet, say).

    Args:
        rankings: of methods that some guide, how many there are, run r taking the one at r modulo their number.
    """
    periods = rankings or {}
    pairs = list(combinations(values, 2))
    gaps = [values[a] - values[b] for a, b in pairs]
    p = holm([one_sample_p(list(gap), 0.0) for gap in gaps])
    return {
        pair
        for pair, gap, one in zip(pairs, gaps, p, strict=True)
        if one is not None
        and one < ALPHA
        and all(_one_sign(gap, period) for period in {objectives, *(periods.get(name, 1) for name in pair)})
    }


def _one_sign(gap: Floats, objectives: int) -> bool:
    signs = {float(np.sign(gap[start::objectives].mean())) for start in range(min(objectives, len(gap)))}
    return len(signs) == 1


def _quantiles(values: Floats) -> dict[str, float]:
    return {
        f"q{q * 100:.0f}": float(value)
        for q, value in zip(QUANTILES, np.quantile(values, QUANTILES), strict=True)
    }


def half_of_interval(values: Floats) -> float:
    """Half of the LEVEL interval of a mean, by Student's t; NaN of one value."""
    if len(values) < 2:
        return float("nan")
    error = float(values.std(ddof=1)) / np.sqrt(len(values))
    return float(stdtrit(len(values) - 1, (1 + LEVEL) / 2) * error)
