"""The best sums of one value a place, in turn, under a limit on another such sum: an integer program (HiGHS)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from analysis.statistics.pairs import Floats
from supernet.spaces import Architecture, Space
from supernet.spaces.sums import terms

EXACT = 1e-6  # of the range of a quantity: by how much a sum may miss it


@dataclass(frozen=True, kw_only=True, eq=False)
class Separable:
    """A quantity of each of n architectures that is `offset` plus a value for its choice at each place.

    choices: (n, places) ints. values: for each place the value of each of its choices."""

    choices: np.ndarray
    values: tuple[Floats, ...]
    offset: float


def separate(
    space: Space, architectures: Sequence[Architecture], quantity: Floats, name: str, live: bool = False
) -> Separable:
    """A quantity (n,) as a sum over the cells of an architecture where it has several (blocks of Blox, layers), else
    over its ints (edges of NAS-Bench-201), by least squares.

    live: a sum over what a network computes will do, as a predicted latency is. What is returned is then more than the
    quantity of an architecture with dead edges by what these would cost: as a limit it leaves such spellings out, while
    those of the same networks without dead edges stay.

    Raises ValueError, with the largest difference, if it is no such sum."""
    parts = [terms(space, architecture) for architecture in architectures]
    columns, choices = [], np.empty((len(parts), len(parts[0])), dtype=int)
    for place, column in enumerate(zip(*parts, strict=True)):
        known = {part: number for number, part in enumerate(sorted(set(column)))}
        choices[:, place] = [known[part] for part in column]
        columns.append(np.eye(len(known))[choices[:, place]])
    design = np.concatenate(columns, axis=1)
    offset, bound = float(quantity.mean()), EXACT * max(float(np.ptp(quantity)), 1e-300)
    rest = quantity - offset
    solution, missed = _least_squares(design, rest)
    if live and missed > bound:
        own = np.array([space.live_form(one) == one for one in architectures])
        solution, missed = _least_squares(design[own], rest[own])
    if missed > bound:
        raise ValueError(f"{name} is not a sum over places: the nearest one misses it by up to {missed:.3g}")
    ends = np.cumsum([column.shape[1] for column in columns])[:-1]
    return Separable(choices=choices, values=tuple(np.split(solution, ends)), offset=offset)


def _least_squares(design: Floats, quantity: Floats) -> tuple[np.ndarray, float]:
    """The solution and by how much it misses the quantity at most."""
    solution = np.linalg.lstsq(design, quantity, rcond=None)[0]
    return solution, float(np.abs(design @ solution - quantity).max(initial=0.0))


def best_sums(
    values: Sequence[Floats], costs: Sequence[Floats] | None = None, limit: float = np.inf
) -> Iterator[tuple[int, ...]]:
    """The choice at each place of the highest sum of values, then of the next, and so on, of all whose costs sum up to
    at most `limit`. Ties in the solver's order. Each solution is excluded from then on by a constraint of its own.

    Raises:
        RuntimeError: the solver gives up.
    """
    counts = [len(one) for one in values]
    starts = np.concatenate(([0], np.cumsum(counts)))[:-1]
    total = sum(counts)
    one_a_place = np.zeros((len(counts), total))
    for place, (start, count) in enumerate(zip(starts, counts, strict=True)):
        one_a_place[place, start : start + count] = 1
    constraints = [LinearConstraint(one_a_place, 1, 1)]
    if costs is not None and np.isfinite(limit):
        # In units of the largest cost: the solver's tolerances are absolute.
        scale = max(float(np.abs(np.concatenate(costs)).max()), abs(limit) * 1e-9, 1e-300)
        slack = 1e-9
        constraints.append(
            LinearConstraint(np.concatenate(costs)[None] / scale, -np.inf, limit / scale + slack)
        )
    # In ten-thousandths of the widest place: these tolerances too are absolute, some 1e-6.
    widest = max(max(float(np.ptp(one)) for one in values), 1e-300)
    objective = -np.concatenate([1e4 * ((one - one.min()) / widest) for one in values])
    excluded: list[np.ndarray] = []
    while True:
        no_goods = [LinearConstraint(np.array(excluded), -np.inf, len(counts) - 1)] if excluded else []
        result = milp(
            objective,
            integrality=np.ones(total, dtype=int),
            bounds=Bounds(0, 1),
            constraints=constraints + no_goods,
            options={"mip_rel_gap": 0.0},
        )
        if result.status == 2:  # infeasible: no further choice is within the limit
            return
        if result.x is None:
            raise RuntimeError(f"integer program: {result.message}")
        taken = np.round(result.x)
        excluded.append(taken)
        yield tuple(
            int(taken[start : start + count].argmax()) for start, count in zip(starts, counts, strict=True)
        )
