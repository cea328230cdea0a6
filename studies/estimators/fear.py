"""FEAR: train a network until it is as accurate as a shallow learner, freeze its front, train the rest a little longer.

Assumption: a good network reaches the threshold soon, and from the features that it then has, the last cells
learn fast. Differs from the published code: weight decay leaves BN and biases alone, as everywhere here.

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), section 3, and its released code
where the paper is silent (epochs and batch of the second stage, what is frozen, BN, clipping).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from studies import embedded
from studies.estimators.estimator import Estimator, register
from studies.estimators.short_training import RECIPE
from supernet.training.config import Augmentation, TrainingConfig

LEARNER_RECIPE = TrainingConfig(
    epochs=200,
    batch_size=1024,
    lr=0.5,
    lr_final=1e-3,
    momentum=0.9,
    weight_decay=3e-4,
    augmentation=Augmentation(shift=4, flip=True),
)
MEASURES = ("train_accuracy", "best_train_accuracy")
FROZEN_BN = ("batch", "eval")
STAGE1 = replace(RECIPE, epochs=200)
STAGE2 = replace(RECIPE, epochs=5, batch_size=1024)


@dataclass(frozen=True, kw_only=True)
class HogLearner:
    """A shallow learner on HoG features (compute/fear.py) and its training, by default FEAR's for CIFAR.

    hidden: width of both hidden layers."""

    hidden: int = 2048
    training: TrainingConfig = LEARNER_RECIPE

    def __post_init__(self) -> None:
        if not isinstance(self.hidden, int) or self.hidden < 1:
            raise ValueError(f"hidden: {self.hidden!r} is not a positive integer")

    def small(self) -> HogLearner:
        """The same at a size that only shows that it works."""
        return replace(self, hidden=min(self.hidden, 16), training=embedded.shortened(self.training))


LEARNER = HogLearner()


@register("fear")
@dataclass(frozen=True, kw_only=True)
class Fear(Estimator):
    """Scores: training accuracy (percent) of the second stage's last epoch, and of its best.

    A disconnected architecture is not trained. A record's details: threshold, stage1_epochs, stage1_accuracy,
    unfrozen_share (of the parameters), and the cost of each stage (stage1_seconds, stage1_steps, stage1_macs, ...).

    Args:
        threshold: training accuracy in percent, or the learner that finds it (the published ones, found so and rounded:
            60 for CIFAR-10, 30 for CIFAR-100, 20 for ImageNet16-120, 15 for synthetic CIFAR-10).
        stage1: ends after the first epoch that reaches the threshold; its budget in epochs is the longest wait, and
            sets the learning rates.
        stage2: a new optimizer and schedule.
        unfrozen_cells: searchable cells, counted from the end, that learn in stage 2, with all that comes after the
            first of them; 0 for the head alone, None for everything. The default is the paper's for networks of 15
            cells.
        frozen_bn: 'batch' or 'eval', see `FrozenFront`.
    """

    prepares: ClassVar[bool] = True

    threshold: float | HogLearner = LEARNER
    stage1: TrainingConfig = STAGE1
    stage2: TrainingConfig = STAGE2
    unfrozen_cells: int | None = 4
    frozen_bn: str = "batch"

    def __post_init__(self) -> None:
        number = isinstance(self.threshold, (int, float)) and 0 < self.threshold <= 100
        if not (number or isinstance(self.threshold, HogLearner)):
            raise ValueError(f"threshold: {self.threshold!r} is neither a percentage above 0 nor a learner")
        if self.unfrozen_cells is not None and (
            not isinstance(self.unfrozen_cells, int) or self.unfrozen_cells < 0
        ):
            raise ValueError(f"unfrozen_cells: {self.unfrozen_cells!r} is neither an integer >= 0 nor None")
        if self.frozen_bn not in FROZEN_BN:
            raise ValueError(f"frozen_bn: {self.frozen_bn!r} is not one of {', '.join(FROZEN_BN)}")
        if self.stage2.unused != "rest":
            raise ValueError(f"stage2: unused is {self.stage2.unused!r}, but frozen weights 'rest'")

    @property
    def one_per_function(self) -> bool:
        return True

    @property
    def measures(self) -> tuple[str, ...]:
        return MEASURES

    def small(self) -> Fear:
        threshold = self.threshold.small() if isinstance(self.threshold, HogLearner) else self.threshold
        cells = None if self.unfrozen_cells is None else min(self.unfrozen_cells, 1)
        return replace(
            self,
            threshold=threshold,
            stage1=embedded.shortened(self.stage1),
            stage2=embedded.shortened(self.stage2),
            unfrozen_cells=cells,
        )
