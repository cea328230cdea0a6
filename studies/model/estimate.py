"""One of the other ways to rank architectures, as part of a study: an estimator and what it judges."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from studies.estimators import Estimator
from studies.model import lineage
from studies.model.ranker import Ranker, Ranking


@dataclass(frozen=True, kw_only=True)
class Estimate(Ranker):
    """size: of the stand-alone networks; with a parent, a trained supernet that the estimator starts from, its size.

    Each measure that the estimator has for the report is a ranking of its own, named 'NAME: MEASURE' if it has several
    measures; the first ranking's run has those that are left.
    """

    preparing: ClassVar[float] = 0.05

    estimator: Estimator

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("evaluation_masks", "part_of"):
            if value := getattr(self, name):
                raise ValueError(f"{name}: {value!r} is for supernets, not for {self.estimator.kind!r}")
        needed = self.estimator.starts_from_supernet
        if needed != (self.parent is not None):
            lack = "needs a supernet to start from" if needed else "does not start from a supernet"
            raise ValueError(f"parent: {self.name!r} ({self.estimator.kind}) {lack}")
        lineage.check_parent(self)

    @property
    def kind(self) -> str:
        """That of the estimator; another where it starts from a supernet, whose training is a cost beside its own."""
        return self.estimator.kind if self.parent is None else f"{self.estimator.kind}-from-supernet"

    @property
    def measures(self) -> tuple[str, ...]:
        return self.estimator.measures

    @property
    def needs_images(self) -> bool:
        return self.estimator.needs_images

    @property
    def rankings(self) -> tuple[Ranking, ...]:
        if len(self.measures) == 1:
            return super().rankings
        reported = self.estimator.reported
        own = [Ranking(f"{self.name}: {measure}", (measure,)) for measure in reported]
        own[0] = own[0]._replace(apart=tuple(name for name in self.measures if name not in reported))
        members = self.estimator.voters
        return (*own, *([Ranking(f"{self.name}: vote", ("vote",), members)] if members else []))

    @cached_property
    def _own_config(self) -> dict[str, Any]:
        return super()._own_config | {"estimator": self.estimator.config()}
