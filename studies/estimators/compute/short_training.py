"""Train each network for a few epochs and score it by its accuracy then."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from studies.estimators.compute import costs
from studies.estimators.compute.costs import Spent, of_epochs, of_training
from studies.estimators.compute.task import Task
from studies.estimators.estimator import Record, Report, without_score
from studies.estimators.short_training import ShortTraining
from supernet.network import StandAlone
from supernet.scoring import Score
from supernet.scoring.scorer import Scorer
from supernet.spaces import Architecture
from supernet.training.trainer import Epoch, Trainer

BN_MODES = {"valid_accuracy": "running", "valid_accuracy_batch": "batch"}


class Mark(NamedTuple):
    """A training after some of its epochs. valid: the validation by measure, and what each took."""

    epochs: tuple[Epoch, ...]
    valid: dict[str, tuple[Score, Spent]]


def score(
    settings: ShortTraining, task: Task, architectures: Sequence[Architecture], report: Report
) -> Iterator[Record]:
    """Records of every measure."""
    if settings.start == "supernet" and task.start is None:
        raise ValueError(
            "start: 'supernet' needs the checkpoint of a trained supernet, and the task has none"
        )
    for done, architecture in enumerate(architectures, 1):
        yield from records_of(settings, task, architecture)
        report(done / len(architectures), f"{done}/{len(architectures)} networks trained")


def records_of(settings: ShortTraining, task: Task, architecture: Architecture) -> Iterator[Record]:
    """Records of every measure."""
    if not task.space.is_valid(architecture):
        yield from without_score(architecture, settings.measures, "disconnected")
        return
    inherits = settings.start == "supernet"
    form = task.space.supernet_form(architecture)
    network = task.inherited(form) if inherits else task.network(architecture)
    forward = costs.count(network).total()
    own = task.space.stand_alone_form(architecture)
    trainer = Trainer(network, task.data, settings.training, seed=task.seed_of("short training", own))
    marks: dict[int, Mark] = {}

    def after_epoch(epoch: Epoch, epochs: int) -> None:
        if epoch.epoch in (*settings.at, epochs):
            name = 0 if epoch.epoch == epochs else epoch.epoch
            marks[name] = Mark(tuple(trainer.history), validate(settings, task, network, forward))

    begin = time.perf_counter()
    trainer.run(report=after_epoch)
    spent = of_training(trainer, time.perf_counter() - begin, 3 * forward)
    for mark in marks.values():
        spent += Spent(macs=sum(cost.macs for _, cost in mark.valid.values()))
    share = spent.share(len(settings.measures))
    for epoch in (0, *settings.at):  # 0: the last
        for measure in settings.score_by:
            name = f"{measure}@{epoch}" if epoch else measure
            common: dict[str, Any] = {"architecture": architecture, "measure": name, **share}
            if epoch not in marks:
                yield Record(**common, score=None, status="diverged")
            else:
                yield _record(measure, marks[epoch], 3 * forward, common)


def validate(
    settings: ShortTraining, task: Task, network: StandAlone, forward: int
) -> dict[str, tuple[Score, Spent]]:
    """The network on the validation images under each BN mode asked for; it is as before, afterwards."""
    found = {}
    for measure in set(BN_MODES) & set(settings.score_by):
        begin = time.perf_counter()
        scorer = Scorer(
            network, task.data, task.data.valid, BN_MODES[measure], task.evaluation_batch, task.noise
        )
        score = scorer.score(network.path)
        seconds = time.perf_counter() - begin
        found[measure] = score, Spent(seconds=seconds, macs=forward * len(task.data.valid))
    return found


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
