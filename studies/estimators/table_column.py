"""Columns of a ground-truth table as ways to score: short training for free, where a benchmark has recorded it.

NAS-Bench-201 has its 12-epoch schedule (`cifar10_valid_ep12`) and every epoch of the full one (`cifar10_valid@4`), Blox
every epoch; also anything else that a table says of an architecture, its parameters for one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from studies.estimators.estimator import Estimator, Record, Report, Task, register
from studies.truth import measures as recorded_measures
from studies.truth import table as tables
from supernet.spaces import Architecture, Space

SIGNS = (1, -1)
PASSES = 3  # a training's, of an image: one forward, and one backward that is counted as two
SMALL = ("digits_valid", "digits_valid_seed0")  # columns of both embedded tables


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What an epoch of the trainings that a table has recorded took: training images, and those of a mini-batch.

    seconds: a column with the seconds of the whole training, all of whose epochs are taken to be equally long.
    """

    images: int
    batch_size: int
    seconds: str | None = None

    def __post_init__(self) -> None:
        for name in ("images", "batch_size"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name}: {value!r} is not a positive integer")


@register("table-column")
@dataclass(frozen=True, kw_only=True)
class TableColumn(Estimator):
    """Looked up, not computed: costs nothing here, whatever the table once cost.

    table: a Parquet file or a table's name, as everywhere; '{space}' stands for the name of the task's space.
    columns: any of its columns of numbers, or as COLUMN@E the column's value after epoch E = 1, 2, ... Each is a
    measure. sign: 1 if higher is better, -1 for losses. recorded: of the trainings, where known. An architecture is
    looked up by its text, and if the table does not have that, as any other encoding of the same network; what is
    absent has the status 'unknown'.

    details, as far as they are known: epochs, and what so many epochs would have cost: alone_steps, alone_macs (of a
    network of the task's size) and alone_seconds (the benchmark's).
    """

    needs_images: ClassVar[bool] = False

    table: str = "{space}-digits"
    columns: tuple[str, ...] = SMALL[:1]
    sign: int = 1
    recorded: Recorded | None = None

    def __post_init__(self) -> None:
        if self.sign not in SIGNS:
            raise ValueError(f"sign: {self.sign!r} is not one of {', '.join(map(str, SIGNS))}")
        if not self.columns or len(set(self.columns)) < len(self.columns):
            raise ValueError(f"columns: {', '.join(self.columns) or '()'} is not a list of different columns")
        for text in self.columns:
            recorded_measures.Measure.of(text)

    @property
    def measures(self) -> tuple[str, ...]:
        return self.columns

    def small(self) -> TableColumn:
        return TableColumn(columns=SMALL[: len(self.columns)])

    def prepare(self, task: Task, report: Report) -> dict[str, Any]:
        """ValueError if the table is of another space or has no such column or epoch."""
        self._read(task.space)
        return super().prepare(task, report)

    def score(self, task: Task, architectures: Sequence[Architecture], report: Report) -> Iterator[Record]:
        table, values, seconds = self._read(task.space)
        rows = recorded_measures.rows(table)
        after = {measure: recorded_measures.epochs_of(table, measure) for measure in self.measures}
        for architecture in architectures:
            row = rows.get(architecture, rows.get(task.space.canonical(architecture)))
            price = self._epoch_price(task, architecture, math.nan if row is None else float(seconds[row]))
            for measure, epochs in after.items():
                value = math.nan if row is None else float(values[measure][row])
                known = math.isfinite(value)
                yield Record(
                    architecture=architecture,
                    measure=measure,
                    score=self.sign * value if known else None,
                    status="ok" if known else "unknown",
                    details={} if epochs is None else {"epochs": epochs} | _times(price, epochs),
                )

    def _read(self, space: Space) -> tuple[tables.TruthTable, dict[str, np.ndarray], np.ndarray]:
        """The table, (n,) values of each measure, and (n,) seconds of an epoch, NaN if not known."""
        table = tables.load(tables.resolve(self.table.replace("{space}", space.name)))
        if table.space.name != space.name:
            raise ValueError(f"table: {table.path} is of {table.space.name}, not of {space.name}")
        values = recorded_measures.read(table, self.measures)
        seconds, epochs = np.full(len(table.frame), np.nan), recorded_measures.whole_training(table)
        if self.recorded is not None and self.recorded.seconds is not None and epochs:
            (whole,) = recorded_measures.read(table, [self.recorded.seconds]).values()
            seconds = whole / epochs
        return table, values, seconds

    def _epoch_price(self, task: Task, architecture: Architecture, seconds: float) -> dict[str, float]:
        """What an epoch would have cost, as far as it is known."""
        if self.recorded is None:
            return {}
        images, macs = self.recorded.images, task.space.cost(architecture, task.size).macs
        price: dict[str, float] = {
            "alone_steps": math.ceil(images / self.recorded.batch_size),
            "alone_macs": PASSES * macs * images,
        }
        return price | ({"alone_seconds": seconds} if math.isfinite(seconds) else {})


def _times(price: dict[str, float], epochs: int) -> dict[str, float]:
    return {name: value * epochs for name, value in price.items()}
