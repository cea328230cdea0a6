"""Columns of a ground-truth table as ways to score: short training for free, where a benchmark has recorded it.

NAS-Bench-201 has its 12-epoch schedule (`cifar10_valid_ep12`) and every epoch of the full one (`cifar10_valid@4`), Blox
every epoch; also anything else that a table says of an architecture, its parameters for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from studies.estimators.estimator import Estimator, register

SIGNS = (1, -1)
SMALL = ("digits_valid", "digits_valid_seed0")  # columns of both embedded tables
SMALL_TUNED = ("digits_test", "digits_valid")  # of those of fine-tuned networks


class Measure(NamedTuple):
    """What a table says of an architecture: a column, or as COLUMN@E its value after epoch E = 1, 2, ... (epoch; else
    None)."""

    column: str
    epoch: int | None

    @classmethod
    def of(cls, text: str) -> Measure:
        """ValueError if what follows the @ is no epoch."""
        column, at, epoch = text.partition("@")
        if not at:
            return cls(column, None)
        if not (epoch.isascii() and epoch.isdigit() and int(epoch) > 0):
            raise ValueError(f"columns: {text!r}: epoch {epoch!r} is not a positive integer")
        return cls(column, int(epoch))


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

    An architecture is looked up by its text, and if the table does not have that, as any other encoding of the same
    network; what is absent has the status 'unknown'. A record's details, as far as they are known: epochs, and what so
    many epochs would have cost: alone_steps, alone_macs (of a network of the task's size) and alone_seconds (the
    benchmark's).

    Args:
        table: a Parquet file or a table's name, as everywhere; '{space}' stands for the name of the task's space.
        columns: any of its columns of numbers, or as COLUMN@E the column's value after epoch E = 1, 2, ... Each is a
            measure.
        sign: 1 if higher is better, -1 for losses.
        recorded: of the trainings, where known.
    """

    needs_images: ClassVar[bool] = False
    prepares: ClassVar[bool] = True

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
            Measure.of(text)

    @property
    def measures(self) -> tuple[str, ...]:
        return self.columns

    def told_by(self, space: str) -> tuple[tuple[str, str], ...]:
        return tuple((self.table.replace("{space}", space), Measure.of(text).column) for text in self.columns)

    def small(self) -> TableColumn:
        if "-digits-" in self.table:  # small as it is
            return self
        _, tuned, teacher = self.table.partition("-fine-tuned-")
        if tuned:  # the embedded table of that teacher
            columns = SMALL_TUNED[: len(self.columns)]
            return TableColumn(table=f"{{space}}-digits-fine-tuned-{teacher}", columns=columns)
        return TableColumn(columns=SMALL[: len(self.columns)])
