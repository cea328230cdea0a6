"""Zero-cost proxies as estimators: a few passes through networks that were never trained."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from studies.estimators.estimator import Estimator, Record, Report, Task, register
from studies.estimators.proxies import PROXIES, Batch, Value, fixed_batch, together
from supernet.files import write_text
from supernet.spaces import Architecture

VOTERS = ("synflow", "jacob_cov", "snip")  # as published: Abdelfattah et al. (ICLR 2021)
BATCH_FILE = "proxies_batch.json"


@register("zero-cost")
@dataclass(frozen=True, kw_only=True)
class ZeroCost(Estimator):
    """measures: of PROXIES, computed together. batch_size: training images of the one batch, un-augmented, drawn from
    the run's seed. initialisations: networks of other random weights; a score is the mean over them. zen_images:
    Gaussian images of zen, whose authors take 16.

    Details of a record: 'values', one an initialisation, in order, and 'sd', their standard deviation. An
    architecture has a score only if all its values are finite."""

    measures: tuple[str, ...] = PROXIES
    batch_size: int = 64
    initialisations: int = 3
    zen_images: int = 16

    def __post_init__(self) -> None:
        check_proxies("measures", self.measures, PROXIES)
        for name, least in (("batch_size", 2), ("initialisations", 1), ("zen_images", 2)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ValueError(f"{name}: {value!r} is not an integer of at least {least}")

    @property
    def voters(self) -> tuple[str, ...]:
        return VOTERS if set(VOTERS) <= set(self.measures) else ()

    def small(self) -> ZeroCost:
        return ZeroCost(measures=self.measures, batch_size=8, initialisations=2, zen_images=4)

    def prepare(self, task: Task, report: Report) -> dict[str, Any]:
        """Writes which images the batch holds to the run's folder."""
        return super().prepare(task, report) | {"batch": keep_batch(task, self.batch(task))}

    def batch(self, task: Task) -> Batch:
        """The same for every architecture and every process of the run."""
        return fixed_batch(task.data, self.batch_size, task.seed)

    def score(self, task: Task, architectures: Sequence[Architecture], report: Report) -> Iterator[Record]:
        batch = self.batch(task)
        for done, architecture in enumerate(architectures):
            report(done / len(architectures), f"{done} of {len(architectures)} architectures")
            if task.space.is_valid(architecture):
                yield from self.records(task, architecture, batch)
            else:
                for name in self.measures:
                    yield Record(architecture=architecture, measure=name, score=None, status="disconnected")

    def records(self, task: Task, architecture: Architecture, batch: Batch) -> Iterator[Record]:
        """Of one connected architecture."""
        own = task.space.stand_alone_form(architecture)
        values: list[dict[str, Value]] = []
        for index in range(self.initialisations):
            network = task.network(own, f"zero-cost weights {index}")
            seed = task.seed_of(f"zen {index}", own)
            values.append(together(network, batch, self.measures, zen_images=self.zen_images, seed=seed))
        macs = task.space.cost(own, task.size).macs
        for name in self.measures:
            yield record(architecture, name, [found[name] for found in values], macs)


def check_proxies(field: str, names: Sequence[str], allowed: Sequence[str]) -> None:
    """ValueError unless the names, the value of a setting, are some of those allowed, each once."""
    unknown = [name for name in names if name not in allowed]
    if unknown or not names:
        found = repr(unknown[0]) if unknown else "()"
        raise ValueError(f"{field}: {found} is not one of {', '.join(allowed)}")
    if len(set(names)) < len(names):
        raise ValueError(f"{field}: {', '.join(names)} names one twice")


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
