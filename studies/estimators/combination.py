"""Several rankings as one: a log-rank sum, a mean rank or a vote."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from studies.estimators.estimator import Estimator, register

RULES = ("log-rank", "mean-rank", "vote")
BASELINES = (
    "params",
    "macs",
    "layers",
)  # analysis.measures.baselines.CONTROLS, which imports more than a catalogue may
UNSCORED = ("unknown", "worst")


@register("combination")
@dataclass(frozen=True, kw_only=True)
class Combination(Estimator):
    """The entry's members and the baselines named here, ranked together.

    Ranks depend on who else is ranked. The set is fixed when the run is prepared: what all members have scored by then;
    without members, all that the mask allows. The run keeps it, with a digest in its result; an architecture outside
    has the status of the first member that lacks it, mostly 'unknown'. See compute/fixed_set.py for a study that
    scores more later.

    Args:
        rule: 'log-rank', the sum of w ln(rank / n), rank 1 the worst, ties at their mean rank; 'mean-rank', the
            weighted mean of rank / n; 'vote', the share of comparisons that are won, over all others and all members.
        baselines: of params, macs and layers (the count that is ranked together with params: `Space.layers`), which
            need no run. Beside members, say () where none is wanted.
        weights: of the baselines and then of the members, all above 0; () for equal ones. A vote has none.
        unscored: 'unknown' leaves an architecture without a score that a member has none of. 'worst' ranks it below all
            others of this member, if the reason is the network's own: disconnected, not finite, diverged, not reached.
    """

    needs_images: ClassVar[bool] = False
    draws: ClassVar[bool] = False
    prepares: ClassVar[bool] = True
    preparing: ClassVar[float] = 0.9

    rule: str = "log-rank"
    baselines: tuple[str, ...] = ("params", "layers")
    weights: tuple[float, ...] = ()
    unscored: str = "unknown"

    def __post_init__(self) -> None:
        for name, value, allowed in (("rule", self.rule, RULES), ("unscored", self.unscored, UNSCORED)):
            if value not in allowed:
                raise ValueError(f"{name}: {value!r} is not one of {', '.join(allowed)}")
        for baseline in self.baselines:
            if baseline not in BASELINES:
                raise ValueError(f"baselines: {baseline!r} is not one of {', '.join(BASELINES)}")
        if len(set(self.baselines)) < len(self.baselines):
            raise ValueError(f"baselines: {', '.join(self.baselines)} names one twice")
        if any(isinstance(w, bool) or not (math.isfinite(w) and w > 0) for w in self.weights):
            raise ValueError(f"weights: {self.weights!r} are not all numbers above 0")
        if self.weights and self.rule == "vote":
            raise ValueError(f"weights: {self.weights!r} are not for a vote, in which each has one")

    @property
    def measures(self) -> tuple[str, ...]:
        return (self.rule,)

    def check_members(self, count: int) -> None:
        together = len(self.baselines) + count
        if not together:
            raise ValueError("members: a combination needs members or baselines")
        if self.weights and len(self.weights) != together:
            raise ValueError(
                f"weights: {len(self.weights)} for {len(self.baselines)} baselines and {count} members"
            )
