"""Zero-cost proxies of networks that were never trained."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterator, Sequence
from typing import Any

from studies.estimators.compute.task import Task
from studies.estimators.estimator import Record, Report, without_score
from studies.estimators.proxies import Batch, Value, fixed_batch, proxies_of
from studies.estimators.zero_cost import ZeroCost, ZeroCostWhileTraining
from supernet.files import write_text
from supernet.spaces import Architecture

BATCH_FILE = "proxies_batch.json"


def prepare(settings: ZeroCost | ZeroCostWhileTraining, task: Task, report: Report) -> dict[str, Any]:
    """Write which images the batch holds to the run's folder."""
    return {"batch": keep_batch(task, batch_of(settings, task))}


def batch_of(settings: ZeroCost | ZeroCostWhileTraining, task: Task) -> Batch:
    """The same for every architecture and every process of the run."""
    return fixed_batch(task.data, settings.batch_size, task.seed)


def score(
    settings: ZeroCost, task: Task, architectures: Sequence[Architecture], report: Report
) -> Iterator[Record]:
    """Records of every measure."""
    batch = batch_of(settings, task)
    for done, architecture in enumerate(architectures):
        report(done / len(architectures), f"{done} of {len(architectures)} architectures")
        if task.space.is_valid(architecture):
            yield from records_of(settings, task, architecture, batch)
        else:
            yield from without_score(architecture, settings.measures, "disconnected")


def records_of(settings: ZeroCost, task: Task, architecture: Architecture, batch: Batch) -> Iterator[Record]:
    """Of one connected architecture."""
    form = task.space.stand_alone_form(architecture)
    values: list[dict[str, Value]] = []
    for index in range(settings.initialisations):
        network = task.network(form, f"zero-cost weights {index}")
        seed = task.seed_of(f"zen {index}", form)
        values.append(
            proxies_of(network, batch, settings.measures, zen_images=settings.zen_images, seed=seed)
        )
    macs = task.space.cost(form, task.size).macs
    for name in settings.measures:
        yield record(architecture, name, [found[name] for found in values], macs)


def keep_batch(task: Task, batch: Batch) -> str:
    """Write which images the batch holds, and a digest of them, to the task's folder; the digest."""
    content = {"data": task.data.name, "train": batch.positions.tolist(), "sha256": batch.digest()}
    write_text(task.folder / BATCH_FILE, json.dumps(content) + "\n")
    return str(content["sha256"])


def record(architecture: Architecture, measure: str, values: Sequence[Value], macs: int) -> Record:
    """The record of the values of all initialisations; macs: of one image's forward pass."""
    numbers = [value.value for value in values]
    status = status_of(numbers)
    details: dict[str, Any] = {"values": [x if math.isfinite(x) else str(x) for x in numbers]}
    if status == "ok" and len(numbers) > 1:
        details["sd"] = statistics.stdev(numbers)
    return Record(
        architecture=architecture,
        measure=measure,
        score=statistics.fmean(numbers) if status == "ok" else None,
        status=status,
        seconds=sum(value.seconds for value in values),
        macs=macs * sum(value.passes for value in values),
        details=details,
    )


def status_of(numbers: Sequence[float]) -> str:
    """'ok' if all are finite; 'overflow' if what is not is +infinity; else 'nan'."""
    bad = [x for x in numbers if not math.isfinite(x)]
    if not bad:
        return "ok"
    return "overflow" if all(x == math.inf for x in bad) else "nan"
