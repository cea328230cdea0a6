"""Short training ("shortreg"): train each network for a few epochs and see how far it has got.

Two ways to be short: a schedule of one's own over so many epochs (`training` alone), and the first epochs of a longer
one (`at`). From random weights, or as fine-tuning of what a supernet has learned.

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), section 4 and appendix; SoTL: Ru
et al., "Speedy performance estimation for neural architecture search" (NeurIPS 2021).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from studies import embedded
from studies.estimators.estimator import Estimator, register
from studies.truth.tasks import NASBENCH201
from supernet.training.config import TrainingConfig

STARTS = ("random", "supernet")
MEASURES = ("train_accuracy", "best_train_accuracy", "valid_accuracy", "valid_accuracy_batch", "sotl")
# With the clipping of FEAR's code; BN and biases do not decay, as everywhere here but in benchmarks' own recipes.
RECIPE = replace(NASBENCH201, epochs=10, clip_norm=5.0, decayed="weights")


@register("short-training")
@dataclass(frozen=True, kw_only=True)
class ShortTraining(Estimator):
    """One training of each network, from seeds of its own.

    Measures, in percent where they are accuracies, after the last epoch or, as NAME@E, after epoch E: train_accuracy of
    that epoch (a mean over the epoch, as the images were seen), the best_train_accuracy so far, valid_accuracy under
    running BN statistics and valid_accuracy_batch under the batch's own, sotl: minus the sum of the epochs' training
    losses. `loss` is that of the same images. The cost of a measure alone is in `details`: alone_seconds, alone_steps,
    alone_macs.

    A disconnected architecture is not trained: all that it can learn is how often each class occurs. It has the status
    'disconnected' rather than a score at chance level, which is known up to the classes' frequencies only.

    Args:
        training: all of it.
        at: epochs after which it is evaluated as well, ascending, before the last: the head of the schedule.
        start: 'random' weights, or those of the trained 'supernet' of the task.
        score_by: which of MEASURES.
    """

    training: TrainingConfig = RECIPE
    at: tuple[int, ...] = ()
    start: str = "random"
    score_by: tuple[str, ...] = MEASURES

    def __post_init__(self) -> None:
        if self.start not in STARTS:
            raise ValueError(f"start: {self.start!r} is not one of {', '.join(STARTS)}")
        unknown = [name for name in self.score_by if name not in MEASURES]
        if unknown or not self.score_by or len(set(self.score_by)) < len(self.score_by):
            raise ValueError(f"score_by: {self.score_by!r} is not a selection of {', '.join(MEASURES)}")
        if self.at and self.training.epochs is None:
            raise ValueError(f"at: {self.at!r} needs a training of so many epochs, not of updates")
        last = self.training.epochs or 1
        if list(self.at) != sorted({e for e in self.at if isinstance(e, int) and 0 < e < last}):
            raise ValueError(f"at: {self.at!r} is not a list of ascending epochs in 1..{last - 1}")

    @property
    def starts_from_supernet(self) -> bool:
        return self.start == "supernet"

    @property
    def one_per_function(self) -> bool:
        return self.start == "random"

    @property
    def measures(self) -> tuple[str, ...]:
        return (*self.score_by, *(f"{measure}@{epoch}" for epoch in self.at for measure in self.score_by))

    def small(self) -> ShortTraining:
        training = replace(
            self.training,
            epochs=None if self.training.epochs is None else _fewer(self.training.epochs),
            updates=None if self.training.updates is None else min(self.training.updates, 10),
            batch_size=min(self.training.batch_size, 200),
            augmentation=embedded.AUGMENTATION,
        )
        return replace(self, training=training, at=tuple(map(_fewer, self.at)))


def _fewer(epochs: int) -> int:
    """Of few images, in the same order: schedules of 10, 20 and 200 epochs stay three."""
    return epochs if epochs <= 10 else 10 + epochs // 10
