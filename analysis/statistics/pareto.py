"""The Pareto front of cost and quality, and how far a point lies from it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics.pairs import Floats


def pareto_front(cost: ArrayLike, accuracy: ArrayLike) -> np.ndarray:
    """bool (n,): whether no other point costs at most as much and is at least as accurate, one of the two strictly.

    cost: (n,), lower is better; accuracy: (n,), higher is better; both finite. Of equal points all count or none."""
    cost, accuracy = np.asarray(cost, dtype=float), np.asarray(accuracy, dtype=float)
    if cost.shape != accuracy.shape or cost.ndim != 1:
        raise ValueError(
            f"cost, accuracy: shapes {cost.shape} and {accuracy.shape} differ; both must be (n,)"
        )
    if not (np.isfinite(cost).all() and np.isfinite(accuracy).all()):
        raise ValueError("cost, accuracy: not all values are finite")
    prices, group = np.unique(cost, return_inverse=True)
    best = np.full(len(prices), -np.inf)
    np.maximum.at(best, group, accuracy)
    cheaper: Floats = np.concatenate([[-np.inf], np.maximum.accumulate(best)[:-1]])
    front: np.ndarray = (accuracy == best[group]) & (accuracy > cheaper[group])
    return front


def hypervolume(cost: ArrayLike, accuracy: ArrayLike, reference: tuple[float, float]) -> float:
    """The area that some points dominate, in units of cost times accuracy.

    Args:
        cost, accuracy: (n,) as of `pareto_front`; n may be 0.
        reference: (cost, accuracy) of the corner of the area; points that are no better than it in both add nothing.

    Source: Zitzler & Thiele, "Multiobjective evolutionary algorithms" (1999), in two dimensions.
    """
    cost, accuracy = np.asarray(cost, dtype=float), np.asarray(accuracy, dtype=float)
    inside = (cost < reference[0]) & (accuracy > reference[1])
    cost, accuracy = cost[inside], accuracy[inside]
    order = np.lexsort((-accuracy, cost))
    heights = np.maximum.accumulate(accuracy[order])
    widths = np.diff(np.append(cost[order], reference[0]))
    return float(((heights - reference[1]) * widths).sum())


class Distance(NamedTuple):
    """Where a point (cost, value) lies against a front. below, above: positions among the points that the front was
    taken from, of its next point that costs at most, and at least, as much; nearest: the one of them that is nearer in
    cost, the cheaper if both are. value_there: the front's value at the point's cost, on the straight line between the
    two; beyond its dearest point that one's value, before its cheapest None: nothing is to be had. difference: the
    point's value less value_there. cost_there: what the front takes for the point's value, on the same lines; None
    where it never gets there, and where its cheapest point has it already."""

    below: int | None
    above: int | None
    nearest: int
    value_there: float | None
    difference: float | None
    cost_there: float | None


def distance_to_front(cost: float, value: float, costs: ArrayLike, values: ArrayLike) -> Distance:
    """The distance of a point from the Pareto front of the points costs, values, (n,) each, n at least 1."""
    costs, values = np.asarray(costs, dtype=float), np.asarray(values, dtype=float)
    if not len(costs):
        raise ValueError("costs: no point to make a front of")
    found = np.flatnonzero(pareto_front(costs, values))
    found = found[
        np.unique(costs[found], return_index=True)[1]
    ]  # in the order of cost; of equal points the first
    prices, heights = costs[found], values[found]  # both rising
    right = int(np.searchsorted(prices, cost, side="left"))
    left = int(np.searchsorted(prices, cost, side="right")) - 1
    below = int(found[left]) if left >= 0 else None
    above = int(found[right]) if right < len(found) else None
    candidates = [place for place in (below, above) if place is not None]
    there = float(np.interp(cost, prices, heights)) if left >= 0 else None
    reached = heights[0] < value <= heights[-1]
    return Distance(
        below=below,
        above=above,
        nearest=min(candidates, key=lambda place: abs(costs[place] - cost)),
        value_there=there,
        difference=None if there is None else value - there,
        cost_there=float(np.interp(value, heights, prices)) if reached else None,
    )
