"""One-shot estimation: one way to train a supernet, whose sub-networks are scored with the weights that they share."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar

from studies import embedded
from studies.configuration import plain_data
from studies.estimators.estimator import SCORE, Estimator, Pair, Ranking, Record, Report, register
from supernet.scoring import BnMode
from supernet.spaces import Architecture, Space
from supernet.training.config import TrainingConfig
from supernet.training.sampling import KINDS, SamplingConfig

if TYPE_CHECKING:
    from studies.estimators.compute.task import Task

EMA = "ema-"  # begins the name of a measure of the averaged weights
SMALL_BATCH = 80  # of a smoke run: five batches, a strictly fair group of five operations
FEWER_UPDATES = 4000  # times, of a smoke run whose budget is in updates


@register("one-shot")
@dataclass(frozen=True, kw_only=True)
class OneShot(Estimator):
    """A supernet whose sub-networks, with the weights that they share, are scored on the validation images.

    `training`, `sampling` and the rest are explained where they are defined.

    Args:
        bn_modes: how BN normalises while scoring, all from one checkpoint; the first is what the study reports. Where
            the training keeps an average of the weights, this is scored as well, in each mode, as 'ema-MODE'.
    """

    trains_supernet: ClassVar[bool] = True
    prepares: ClassVar[bool] = True
    preparing: ClassVar[float] = 0.7
    record_fields: ClassVar[tuple[str, ...]] = SCORE  # one training's costs are nobody's alone

    training: TrainingConfig = field(default_factory=lambda: TrainingConfig(epochs=250))
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    linear_transformers: str = "none"
    node_reduction: str = "sum"
    affine: bool = False
    bn_modes: tuple[str, ...] = ("batch",)

    def __post_init__(self) -> None:
        if not self.bn_modes:
            raise ValueError("bn_modes: at least one is needed")
        for mode in self.bn_modes:
            BnMode(mode)

    @property
    def measures(self) -> tuple[str, ...]:
        averaged = tuple(f"{EMA}{mode}" for mode in self.bn_modes) if self.training.ema else ()
        return (*self.bn_modes, *averaged)

    def rankings(self, name: str) -> tuple[Ranking, ...]:
        """One, by the first mode."""
        return (Ranking(name, self.measures),)

    @property
    def network_options(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("linear_transformers", "node_reduction", "affine")}

    @property
    def numerics(self) -> dict[str, Any]:
        return self.training.numerics

    def check(self, space: Space) -> None:
        """ValueError for a space that has no such sampling, or a mask that strict fairness is not defined for."""
        KINDS[self.sampling.kind].check(space)
        space.check_linear_transformers(self.linear_transformers)

    def trained_images(self, space: Space, images: int) -> int:
        group = space.fair_group_size if KINDS[self.sampling.kind].fair else 1
        if self.training.epochs is None:
            assert self.training.updates is not None
            return self.training.updates * group * self.training.batch_size
        batches = self.training.epochs * math.ceil(images / self.training.batch_size)
        return batches * self.training.batch_size * (group if self.sampling.batches == "same" else 1)

    def small(self) -> OneShot:
        """One epoch, also of 1,000; what it is about stays: sampling, linear transformers, the optimizer, whether there
        is a warm-up, the ratio of budgets in updates."""
        training = replace(
            self.training,
            epochs=None if self.training.epochs is None else 1,
            updates=None if self.training.updates is None else max(1, self.training.updates // FEWER_UPDATES),
            warmup_epochs=min(self.training.warmup_epochs, 1),
            batch_size=min(self.training.batch_size, SMALL_BATCH),
            augmentation=embedded.AUGMENTATION,
            amp="none",
            compile=False,
        )
        # The few images allow no more batches to recalibrate by.
        modes = tuple(re.sub(r"\d+$", "1", mode) for mode in self.bn_modes)
        return replace(self, training=training, bn_modes=modes)

    def run_config(self) -> dict[str, Any]:
        """The settings beside those of the task; not the modes, which one training serves all of."""
        names = [item.name for item in fields(self) if item.name != "bn_modes"]
        return {name: plain_data(getattr(self, name)) for name in names}

    def score(self, task: Task, architectures: Sequence[Architecture], report: Report) -> Iterator[Record]:
        pairs = [(measure, architecture) for measure in self.measures for architecture in architectures]
        return self.score_pairs(task, pairs, (0, 1), report)

    def score_pairs(
        self, task: Task, pairs: Sequence[Pair], part: tuple[int, int], report: Report
    ) -> Iterator[Record]:
        """Of these pairs alone: each measure is a computation of its own."""
        records: Iterator[Record] = self.computation.score_pairs(self, task, pairs, part, report)
        return records
