"""Random search with a budget and a cut-off, as arithmetic over what each architecture's estimate said and cost.

An estimate does not depend on when it is made, so a search is a walk over recorded ones; any number of searches share
them, and a cut-off, a budget or a unit of cost can be changed without training anything again.

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), section 5, and its released code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic

from studies.search.ledger import Choice, Ledger
from studies.search.units import UNITS

Costs = Mapping[str, float]  # by unit


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
    """How a search ended, as far as trials are known. waits_for: an architecture whose trial is not known, on which the
    search stopped; None if it is complete."""

    ledger: Ledger[Choice]
    waits_for: Choice | None

    @property
    def chosen(self) -> Choice | None:
        """The best, None if nothing had a score."""
        return self.ledger.chosen

    @property
    def score(self) -> float | None:
        """That of the chosen one."""
        return self.ledger.score

    @property
    def drawn(self) -> int:
        """Architectures begun."""
        return self.ledger.count("drawn")

    @property
    def cut_off(self) -> int:
        """Those that were given up."""
        return self.ledger.count("cut_off")

    @property
    def failed(self) -> int:
        """Those without a score that were neither given up nor stopped by the end of the budget."""
        return self.drawn - self.cut_off - self.ledger.count("unfinished") - self.ledger.valued

    @property
    def spent(self) -> Costs:
        """By unit."""
        return self.ledger.spent


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
    ledger: Ledger[Choice] = Ledger(UNITS)
    fastest = math.inf
    for architecture in order:
        if ledger.spent[unit] >= budget:
            break
        estimate = trial(architecture)
        if estimate is None:
            return Outcome(ledger=ledger, waits_for=architecture)
        ledger.add("drawn", architecture)
        allowed = math.inf if ratio is None else ratio * fastest
        given_up = estimate.epochs > 0 and estimate.first[unit] >= allowed
        share = 1.0
        if given_up:
            share = min(1.0, math.ceil(allowed / (estimate.first[unit] / estimate.epochs)) / estimate.epochs)
        cost = {u: share * estimate.first[u] + (0.0 if given_up else estimate.rest[u]) for u in UNITS}
        left = budget - ledger.spent[unit]
        if cost[unit] > left:
            within = left / cost[unit]
            ledger.add("unfinished", architecture, {u: within * cost[u] for u in UNITS} | {unit: left})
            break
        if given_up:
            ledger.add("cut_off", architecture, cost)
            continue
        if estimate.epochs and estimate.reached:
            fastest = min(fastest, estimate.first[unit])
        ledger.add("trained", architecture, cost, estimate.score)
    return Outcome(ledger=ledger, waits_for=None)
