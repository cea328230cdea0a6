"""The numbers of parameters and multiply-accumulates of the network as scores: baselines of all other estimators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from studies.estimators.estimator import Estimator, Record, Report, register
from supernet.spaces import Architecture

if TYPE_CHECKING:
    from studies.estimators.compute.task import Task


@register("cost")
@dataclass(frozen=True, kw_only=True)
class NetworkCost(Estimator):
    """More is better; nothing is computed. Counted as everywhere in this project: see `supernet.spaces.Cost`."""

    needs_images: ClassVar[bool] = False

    @property
    def measures(self) -> tuple[str, ...]:
        return ("params", "macs")

    def score(self, task: Task, architectures: Sequence[Architecture], report: Report) -> Iterator[Record]:
        for architecture in architectures:
            cost = task.space.cost(architecture, task.size)
            for measure, value in zip(self.measures, (cost.params, cost.macs), strict=True):
                yield Record(architecture=architecture, measure=measure, score=float(value))
