"""A score that knows nothing: what luck alone gives, over as many seeds as a study has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from studies.estimators.estimator import Estimator, Record, Report, register
from supernet.spaces import Architecture

if TYPE_CHECKING:
    from studies.estimators.compute.task import Task

SEEDS = 2.0**62  # `Task.seed_of` is below


@register("random-order")
@dataclass(frozen=True, kw_only=True)
class RandomOrder(Estimator):
    """A number from [0, 1) that depends on the run's seed and the architecture alone."""

    needs_images: ClassVar[bool] = False

    @property
    def measures(self) -> tuple[str, ...]:
        return ("random",)

    def score(self, task: Task, architectures: Sequence[Architecture], report: Report) -> Iterator[Record]:
        for architecture in architectures:
            value = task.seed_of("random order", architecture) / SEEDS
            yield Record(architecture=architecture, measure="random", score=value)
