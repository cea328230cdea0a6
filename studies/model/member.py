"""What a combination or a predictor takes from another entry of its study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studies.model.variant import Variant

BY = ("score", "loss")
EQUAL_FUNCTIONS = ("apart", "mean")


@dataclass(frozen=True, kw_only=True)
class Member:
    """Another entry's ranking by one of its measures.

    Args:
        variant: the entry, of the same study and space.
        measure: one of its measures, or of blockwise distillation one of a stage alone, 'log_mse@0'; None: its first.
        by: 'score', or 'loss' (the lowest ranks highest) where the measure has one.
        seeds: whose mean is taken, score by score, before anything is ranked; none: the seed of the run that the member
            belongs to.
        equal_functions: 'mean' gives architectures of one function (`Space.stand_alone_form`) the mean of their scores,
            after that over seeds: a supernet scores them by different weights. 'apart': each its own.
    """

    variant: Variant
    measure: str | None = None
    by: str = "score"
    seeds: tuple[int, ...] = ()
    equal_functions: str = "apart"

    def __post_init__(self) -> None:
        measures = (*self.variant.measures, *self.variant.estimator.for_members)
        object.__setattr__(self, "measure", measures[0] if self.measure is None else self.measure)
        if self.measure not in measures:
            raise ValueError(
                f"members: measure: {self.measure!r} is not one of {', '.join(measures)} of {self.variant.name!r}"
            )
        if self.by not in BY:
            raise ValueError(f"members: by: {self.by!r} is not one of {', '.join(BY)}")
        if self.equal_functions not in EQUAL_FUNCTIONS:
            raise ValueError(
                f"members: equal_functions: {self.equal_functions!r} is not one of {', '.join(EQUAL_FUNCTIONS)}"
            )
        if len(set(self.seeds)) < len(self.seeds) or any(
            type(seed) is not int or seed < 0 for seed in self.seeds
        ):
            raise ValueError(f"members: seeds: {self.seeds!r} is not a tuple of different integers from 0 up")

    @property
    def name(self) -> str:
        """'uniform', or with what distinguishes it: 'zero-cost: synflow', 'uniform by loss, mean of seeds 0, 1'."""
        text = self.variant.name
        if len(self.variant.measures) > 1 and self.measure != text:
            text += f": {self.measure}"
        if self.by != "score":
            text += f" by {self.by}"
        if self.seeds:
            text += f", mean of seeds {', '.join(map(str, self.seeds))}"
        return f"{text}, mean of equal functions" if self.equal_functions == "mean" else text

    @property
    def depends_on_seed(self) -> bool:
        """Whether another seed of the run that it belongs to makes another ranking of it."""
        return not self.seeds and self.variant.depends_on_seed

    def seeds_of(self, seed: int) -> tuple[int, ...]:
        """The seeds of its runs, for a run with this seed."""
        return tuple(dict.fromkeys(self.variant.seed_of(one) for one in self.seeds or (seed,)))

    def config(self, seed: int) -> dict[str, Any]:
        """What the scores of a run with this seed depend on, as plain data."""
        first = self.seeds_of(seed)[0]
        return {
            "measure": self.measure,
            "by": self.by,
            "seeds": list(self.seeds),
            **({"equal_functions": self.equal_functions} if self.equal_functions != "apart" else {}),
            "run": self.variant.config(first),
        }
