"""What a run of another estimator does: prepare it, then ask it for its records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, cast

import torch

from studies.estimators import Task
from studies.estimators.initial import parent_checkpoint
from studies.estimators.one_shot import network_config
from studies.model.estimate import Estimate
from studies.model.study import Run
from studies.running import scores
from studies.running.progress import Report
from supernet.data import DataSet, Split, load
from supernet.training.config import TrainingConfig
from supernet.training.precision import set_numerics


def task_of(run: Run, device: str) -> Task:
    """What the run's architectures are judged for. ValueError if the supernet that they start from is not trained."""
    variant = cast(Estimate, run.variant)
    set_numerics(TrainingConfig(epochs=1), torch.device(device))  # as by default: deterministic
    data = load(variant.data, run.data_root) if variant.needs_images else _no_images(variant)
    variant.check_classes(data)
    return Task(
        space=variant.masked_space,
        size=variant.size,
        data=data.to(torch.device(device)),
        seed=run.seed,
        folder=run.folder,
        device=torch.device(device),
        noise=variant.evaluation_noise,
        evaluation_batch=variant.evaluation_batch,
        start=parent_checkpoint(run),
        start_config=None if variant.parent is None else network_config(variant.parent),
    )


def _no_images(variant: Estimate) -> DataSet:
    """Data of the right form with nothing in it: who only looks something up needs no data set to be downloaded."""
    size = variant.size
    images = torch.zeros((0, size.image_channels, size.image_size, size.image_size), dtype=torch.uint8)
    none = Split(images, torch.zeros(0, dtype=torch.int64))
    mean, std = torch.zeros(size.image_channels), torch.ones(size.image_channels)
    return DataSet(variant.data.name, size.classes, none, none, none, mean, std)


def prepare(run: Run, device: str, report: Report, check: Callable[[], None]) -> dict[str, Any]:
    """What the estimator needs once; its cost. check(): before anything is written, it raises if the run is no longer
    this process's."""
    run.folder.mkdir(parents=True, exist_ok=True)
    check()
    estimator = cast(Estimate, run.variant).estimator
    found = estimator.prepare(task_of(run, device), lambda done, detail: report("train", done, detail))
    return {"status": "finished", "reason": None, "updates": 0, "epochs": 0, "train_seconds": 0.0} | found


def score(
    run: Run,
    pairs: list[scores.Pair],
    part: tuple[int, int],
    device: str,
    report: Report,
) -> Iterator[scores.Row]:
    """The records of part k of n of the architectures of (measure, architecture) pairs: of every measure, as one
    computation gives them all."""
    variant, (number, count) = cast(Estimate, run.variant), part
    asked = list(dict.fromkeys(architecture for _, architecture in pairs))[number::count]

    def after(done: float, detail: str) -> None:
        report("score", done, detail)

    for record in variant.estimator.score(task_of(run, device), asked, after):
        yield {
            "arch": variant.masked_space.text(record.architecture),
            "measure": record.measure,
            "score": record.score,
            "loss": record.loss,
            "status": record.status,
            "seconds": record.seconds,
            "steps": record.steps,
            "macs": record.macs,
            "details": json.dumps(dict(record.details)) if record.details else None,
        }
