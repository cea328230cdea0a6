"""Zero-cost proxies of networks that are being trained: does a proxy still rank once training has begun?

A look takes a copy of the network, so the network after some epochs has the same bits as one that nobody looked at.
Epoch 0 is the untrained network: the first initialisation of `ZeroCost`, to the bit.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from studies.estimators.compute.costs import Spent, of_epochs, of_training
from studies.estimators.compute.task import Task
from studies.estimators.compute.zero_cost import batch_of, prepare, status_of
from studies.estimators.estimator import Record, Report, without_score
from studies.estimators.proxies import Batch, Value, proxies_of
from studies.estimators.zero_cost import ZeroCostWhileTraining
from supernet.network import StandAlone
from supernet.spaces import Architecture
from supernet.training.trainer import Epoch, Trainer

__all__ = ["prepare", "score"]


class Look(NamedTuple):
    """The proxies after so many epochs. trained: what these took."""

    values: dict[str, Value]
    trained: Spent


def score(
    settings: ZeroCostWhileTraining, task: Task, architectures: Sequence[Architecture], report: Report
) -> Iterator[Record]:
    """Records of every measure."""
    batch = batch_of(settings, task)
    for done, architecture in enumerate(architectures, 1):
        yield from records_of(settings, task, architecture, batch)
        report(done / len(architectures), f"{done}/{len(architectures)} networks trained")


def records_of(
    settings: ZeroCostWhileTraining, task: Task, architecture: Architecture, batch: Batch
) -> Iterator[Record]:
    """Records of every measure."""
    if not task.space.is_valid(architecture):
        yield from without_score(architecture, settings.measures, "disconnected")
        return
    form = task.space.stand_alone_form(architecture)
    macs = task.space.cost(form, task.size).macs
    network = task.network(form, "zero-cost weights 0")
    looks, whole = looks_of(settings, task, form, network, batch, 3 * macs)
    share = whole.share(len(settings.measures))
    for epoch in reversed(settings.at):
        look = looks.get(epoch)
        for name in settings.proxies:
            value = Value(float("nan"), 0.0, 0.0) if look is None else look.values[name]
            proxy = Spent(seconds=value.seconds, macs=macs * value.passes)
            alone = (whole if look is None else look.trained) + proxy
            status = "diverged" if look is None else status_of([value.value])
            yield Record(
                architecture=architecture,
                measure=f"{name}@{epoch}",
                score=value.value if status == "ok" else None,
                status=status,
                seconds=share["seconds"] + proxy.seconds,
                steps=share["steps"],
                macs=share["macs"] + proxy.macs,
                details={"epochs": epoch, **alone.named("alone")}
                | {"proxy_seconds": proxy.seconds, "proxy_macs": proxy.macs},
            )


def looks_of(
    settings: ZeroCostWhileTraining,
    task: Task,
    form: Architecture,
    network: StandAlone,
    batch: Batch,
    image_macs: float,
) -> tuple[dict[int, Look], Spent]:
    """What is seen after each epoch that the training gets to, and what the training took. image_macs: forward and
    backward of one image."""
    looks: dict[int, Look] = {}
    looking = 0.0

    def look(epoch: int, history: Sequence[Epoch]) -> None:
        nonlocal looking
        begin = time.perf_counter()
        # Untouched by what a proxy does, and not compiled.
        values = proxies_of(copy.deepcopy(network), batch, settings.proxies, zen_images=2, seed=0)
        looks[epoch] = Look(values, of_epochs(history, image_macs))
        looking += time.perf_counter() - begin

    def after_epoch(epoch: Epoch, epochs: int) -> None:
        if epoch.epoch in settings.at:
            look(epoch.epoch, trainer.history)
        if epoch.epoch == settings.at[-1]:
            trainer.status = "finished"

    if 0 in settings.at:
        look(0, ())
    if settings.at[-1] == 0:
        return looks, Spent()
    begin, looking = time.perf_counter(), 0.0
    trainer = Trainer(
        network, task.data, settings.training, seed=task.seed_of("proxies while training", form)
    )
    trainer.run(report=after_epoch)
    return looks, of_training(trainer, time.perf_counter() - begin - looking, image_macs)
