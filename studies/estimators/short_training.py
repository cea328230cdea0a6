"""Short training ("shortreg"): train each network for a few epochs and see how far it has got.

Two ways to be short: a schedule of one's own over so many epochs (`training` alone), and the first epochs of a longer
one (`at`). From random weights, or as fine-tuning of what a supernet has learned.

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), section 4 and appendix; SoTL: Ru
et al., "Speedy performance estimation for neural architecture search" (NeurIPS 2021).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

from studies import embedded
from studies.estimators import costs
from studies.estimators.costs import Spent, of_epochs, of_training
from studies.estimators.estimator import Estimator, Record, Report, Task, register
from supernet.network import StandAlone
from supernet.scoring import Score, Scorer
from supernet.spaces import Architecture
from supernet.training.augmentation import Augmentation
from supernet.training.trainer import Epoch, Trainer, TrainingConfig

STARTS = ("random", "supernet")
MEASURES = ("train_accuracy", "best_train_accuracy", "valid_accuracy", "valid_accuracy_batch", "sotl")
BN_MODES = {"valid_accuracy": "running", "valid_accuracy_batch": "batch"}
RECIPE = TrainingConfig(  # NAS-Bench-201's, with the clipping of FEAR's code
    epochs=10,
    batch_size=256,
    lr=0.1,
    lr_final=0.0,
    momentum=0.9,
    nesterov=True,
    weight_decay=5e-4,
    clip_norm=5.0,
    augmentation=Augmentation(shift=4, flip=True),
)


class Mark(NamedTuple):
    """A training after some of its epochs. valid: the validation by measure, and what each took."""

    epochs: tuple[Epoch, ...]
    valid: dict[str, tuple[Score, Spent]]


@register("short-training")
@dataclass(frozen=True, kw_only=True)
class ShortTraining(Estimator):
    """One training of each network, from seeds of its own.

    training: all of it. at: epochs after which it is looked at as well, ascending, before the last: the head of the
    schedule. start: 'random' weights, or those of the trained 'supernet' of the task. score_by: which of MEASURES.

    Measures, in percent where they are accuracies, after the last epoch or, as NAME@E, after epoch E: train_accuracy of
    that epoch (a mean over the epoch, as the images were seen), the best_train_accuracy so far, valid_accuracy under
    running BN statistics and valid_accuracy_batch under the batch's own, sotl: minus the sum of the epochs' training
    losses. `loss` is that of the same images. What a measure would have cost alone is in `details`: alone_seconds,
    alone_steps, alone_macs.

    A disconnected architecture is not trained: all that it can learn is how often each class occurs. It has the status
    'disconnected' rather than a score at chance level, which is known up to the classes' frequencies only.
    """

    training: TrainingConfig = RECIPE
    at: tuple[int, ...] = ()
    start: str = "random"
    score_by: tuple[str, ...] = MEASURES

    # Of an instance: of the class only that it need not be so.
    starts_from_supernet: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.start not in STARTS:
            raise ValueError(f"start: {self.start!r} is not one of {', '.join(STARTS)}")
        object.__setattr__(self, "starts_from_supernet", self.start == "supernet")
        unknown = [name for name in self.score_by if name not in MEASURES]
        if unknown or not self.score_by or len(set(self.score_by)) < len(self.score_by):
            raise ValueError(f"score_by: {self.score_by!r} is not a selection of {', '.join(MEASURES)}")
        if self.at and self.training.epochs is None:
            raise ValueError(f"at: {self.at!r} needs a training of so many epochs, not of updates")
        last = self.training.epochs or 1
        if list(self.at) != sorted({e for e in self.at if isinstance(e, int) and 0 < e < last}):
            raise ValueError(f"at: {self.at!r} is not a list of ascending epochs in 1..{last - 1}")

    @property
    def measures(self) -> tuple[str, ...]:
        return (*self.score_by, *(f"{measure}@{epoch}" for epoch in self.at for measure in self.score_by))

    def small(self) -> ShortTraining:
        training = replace(
            self.training,
            epochs=None if self.training.epochs is None else _fewer(self.training.epochs),
            updates=None if self.training.updates is None else min(self.training.updates, 10),
            batch_size=min(self.training.batch_size, 50),
            augmentation=embedded.AUGMENTATION,
        )
        return replace(self, training=training, at=tuple(map(_fewer, self.at)))

    def score(self, task: Task, architectures: Sequence[Architecture], report: Report) -> Iterator[Record]:
        if self.start == "supernet" and task.start is None:
            raise ValueError(
                "start: 'supernet' needs the checkpoint of a trained supernet, and the task has none"
            )
        for done, architecture in enumerate(architectures, 1):
            yield from self._records(task, architecture)
            report(done / len(architectures), f"{done}/{len(architectures)} networks trained")

    def _records(self, task: Task, architecture: Architecture) -> Iterator[Record]:
        if not task.space.is_valid(architecture):
            for measure in self.measures:
                yield Record(architecture=architecture, measure=measure, score=None, status="disconnected")
            return
        inherits = self.start == "supernet"
        form = task.space.supernet_form(architecture)
        network = task.inherited(form) if inherits else task.network(architecture)
        forward = costs.count(network).total()
        own = task.space.stand_alone_form(architecture)
        trainer = Trainer(network, task.data, self.training, seed=task.seed_of("short training", own))
        marks: dict[int, Mark] = {}

        def after_epoch(epoch: Epoch, epochs: int) -> None:
            if epoch.epoch in (*self.at, epochs):
                name = 0 if epoch.epoch == epochs else epoch.epoch
                marks[name] = Mark(tuple(trainer.history), self._validate(task, network, forward))

        begin = time.perf_counter()
        trainer.run(report=after_epoch)
        spent = of_training(trainer, time.perf_counter() - begin, 3 * forward)
        for mark in marks.values():
            spent += Spent(macs=sum(cost.macs for _, cost in mark.valid.values()))
        share = spent.share(len(self.measures))
        for epoch in (0, *self.at):  # 0: the last
            for measure in self.score_by:
                name = f"{measure}@{epoch}" if epoch else measure
                common: dict[str, Any] = {"architecture": architecture, "measure": name, **share}
                if epoch not in marks:
                    yield Record(**common, score=None, status="diverged")
                else:
                    yield _record(measure, marks[epoch], 3 * forward, common)

    def _validate(self, task: Task, network: StandAlone, forward: int) -> dict[str, tuple[Score, Spent]]:
        """The network on the validation images under each BN mode asked for; it is as before, afterwards."""
        found = {}
        for measure in set(BN_MODES) & set(self.score_by):
            begin = time.perf_counter()
            scorer = Scorer(
                network, task.data, task.data.valid, BN_MODES[measure], task.evaluation_batch, task.noise
            )
            score = scorer.score(network.path)
            seconds = time.perf_counter() - begin
            found[measure] = score, Spent(seconds=seconds, macs=forward * len(task.data.valid))
        return found


def _fewer(epochs: int) -> int:
    """Of few images, in the same order: schedules of 10, 20 and 200 epochs stay three."""
    return epochs if epochs <= 10 else 10 + epochs // 10


def _record(measure: str, mark: Mark, image_macs: float, common: dict[str, Any]) -> Record:
    """A measure after the epochs of a mark. image_macs: forward and backward of one training image."""
    alone = of_epochs(mark.epochs, image_macs)
    details: dict[str, Any] = {"epochs": len(mark.epochs)}
    score: float | None
    loss: float | None
    status = "ok"
    if measure in mark.valid:
        valid, cost = mark.valid[measure]
        alone += cost
        score, loss, status = valid.score, valid.loss, valid.status
    elif measure == "sotl":
        score, loss = -math.fsum(epoch.loss for epoch in mark.epochs), None
    else:
        best = max(mark.epochs, key=lambda epoch: epoch.accuracy)
        epoch = best if measure == "best_train_accuracy" else mark.epochs[-1]
        score, loss = epoch.accuracy, epoch.loss
    details |= alone.named("alone")
    return Record(**common, score=score, loss=loss, status=status, details=details)
