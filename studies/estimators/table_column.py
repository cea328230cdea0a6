"""A column of a ground-truth table as a way to score: short training for free, where a benchmark has recorded it.

NAS-Bench-201 has its 12-epoch schedule (`cifar10_valid_ep12`) and every epoch of the full one, Blox every epoch; also
anything else that a table says of an architecture, its parameters for one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from studies.estimators.estimator import Estimator, Record, Report, Task, register
from studies.truth import table as tables
from supernet.spaces import Architecture, Space

SIGNS = (1, -1)


@register("table-column")
@dataclass(frozen=True, kw_only=True)
class TableColumn(Estimator):
    """Looked up, not computed: costs nothing here, whatever the table once cost.

    table: a Parquet file or a table's name, as everywhere; '{space}' stands for the name of the task's space.
    column: any of its columns of numbers. epoch: 1, 2, ... of the column's values per epoch; None for the column
    itself. sign: 1 if higher is better, -1 for a loss. An architecture is looked up by its text, and if the table does
    not have that, as any other encoding of the same network; what is absent has the status 'unknown'.
    """

    table: str = "{space}-digits"
    column: str = "digits_valid"
    epoch: int | None = None
    sign: int = 1

    def __post_init__(self) -> None:
        if self.sign not in SIGNS:
            raise ValueError(f"sign: {self.sign!r} is not one of {', '.join(map(str, SIGNS))}")
        if self.epoch is not None and (not isinstance(self.epoch, int) or self.epoch < 1):
            raise ValueError(f"epoch: {self.epoch!r} is not a positive integer")

    @property
    def measures(self) -> tuple[str, ...]:
        return (self.column if self.epoch is None else f"{self.column}@{self.epoch}",)

    def score(self, task: Task, architectures: Sequence[Architecture], report: Report) -> Iterator[Record]:
        values = self.values(task.space)
        (measure,) = self.measures
        for architecture in architectures:
            value = values.get(architecture)
            if value is None:
                value = values.get(task.space.canonical(architecture), math.nan)
            known = math.isfinite(value)
            yield Record(
                architecture=architecture,
                measure=measure,
                score=self.sign * value if known else None,
                status="ok" if known else "unknown",
                details={} if self.epoch is None else {"epochs": self.epoch},
            )

    def values(self, space: Space) -> dict[Architecture, float]:
        """The column by architecture: as the table has them, then by canonical form. ValueError if the table is of
        another space or has no such column or epoch."""
        found = tables.load(tables.resolve(self.table.replace("{space}", space.name)))
        if found.space.name != space.name:
            raise ValueError(f"table: {found.path} is of {found.space.name}, not of {space.name}")
        numbers = self._numbers(found)
        raw = dict(zip(found.architectures, map(float, numbers), strict=True))
        same: dict[Architecture, float] = {}
        for architecture, value in raw.items():
            same.setdefault(found.space.canonical(architecture), value)
        return same | raw

    def _numbers(self, found: tables.TruthTable) -> np.ndarray:
        """The column in the table's order."""
        if self.epoch is not None:
            curve = tables.curves(found.path, [self.column])[self.column]
            if self.epoch > curve.shape[1]:
                raise ValueError(
                    f"epoch: {self.epoch} is not in 1..{curve.shape[1]}, those of {self.column!r}"
                )
            return curve[:, self.epoch - 1]
        names = [str(name) for name in found.frame if found.frame[name].dtype.kind in "fiu"]
        if self.column not in names:
            raise ValueError(f"column: {self.column!r} is not one of {', '.join(names)} ({found.path})")
        return found.frame[self.column].to_numpy(dtype=float)
