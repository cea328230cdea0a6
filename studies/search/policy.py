"""Random search with a budget and a cut-off, as arithmetic over what each architecture's estimate said and cost.

An estimate does not depend on when it is made, so a search is a walk over recorded ones; any number of searches share
them, and a cut-off, a budget or a unit of cost can be changed without training anything again.

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), section 5, and its released code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

UNITS = ("steps", "seconds", "macs")
Costs = Mapping[str, float]  # by unit
Choice = TypeVar("Choice", bound=Hashable)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One architecture's estimate. score: None if there is none, `status` says why.

    first: what the part took that a cut-off watches, `epochs` equal epochs; reached: whether it came to its end.
    rest: what came after it.
    """

    score: float | None
    status: str
    first: Costs
    epochs: int
    reached: bool
    rest: Costs


@dataclass(frozen=True, kw_only=True)
class Outcome(Generic[Choice]):
    """How a search ended. chosen: the best, None if nothing had a score; score: its own.

    drawn: architectures begun. cut_off, failed: those of them without a score; the one in which the budget ended is in
    neither. spent: by unit. waits_for: an architecture whose trial is not known, on which the search stopped; None if
    it is complete.
    """

    chosen: Choice | None
    score: float | None
    drawn: int
    cut_off: int
    failed: int
    spent: Costs
    waits_for: Choice | None


def random_search(
    order: Iterable[Choice],
    trial: Callable[[Choice], Trial | None],
    *,
    budget: float,
    unit: str = "steps",
    ratio: float | None = None,
) -> Outcome[Choice]:
    """Try architectures in `order` until so many units are spent, and choose the one with the highest score, the first
    of equals.

    ratio: the first part of a trial may take less than `ratio` times the fastest one so far that came to its end; what
    has taken as much after some epoch is given up there. None: no cut-off. The trial in which the budget ends gives no
    score.
    """
    chosen: Choice | None = None
    score: float | None = None
    fastest, drawn, cut_off, failed = math.inf, 0, 0, 0
    spent = dict.fromkeys(UNITS, 0.0)
    waits_for = None
    for architecture in order:
        if spent[unit] >= budget:
            break
        estimate = trial(architecture)
        if estimate is None:
            waits_for = architecture
            break
        drawn += 1
        allowed = math.inf if ratio is None else ratio * fastest
        given_up = estimate.epochs > 0 and estimate.first[unit] >= allowed
        share = 1.0
        if given_up:
            share = min(1.0, math.ceil(allowed / (estimate.first[unit] / estimate.epochs)) / estimate.epochs)
        cost = {u: share * estimate.first[u] + (0.0 if given_up else estimate.rest[u]) for u in UNITS}
        left = budget - spent[unit]
        within = min(1.0, left / cost[unit]) if cost[unit] else 1.0
        spent = {u: spent[u] + within * cost[u] for u in UNITS}
        if within < 1:
            spent[unit] = budget
            break
        if given_up:
            cut_off += 1
            continue
        if estimate.epochs and estimate.reached:
            fastest = min(fastest, estimate.first[unit])
        if estimate.score is None:
            failed += 1
        elif score is None or estimate.score > score:
            chosen, score = architecture, estimate.score
    return Outcome(
        chosen=chosen,
        score=score,
        drawn=drawn,
        cut_off=cut_off,
        failed=failed,
        spent=spent,
        waits_for=waits_for,
    )
