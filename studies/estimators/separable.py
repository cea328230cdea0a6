"""The best that a sum of one value for each choice can do: a bound for rankings that know of no interaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from studies.estimators.estimator import Estimator, register
from supernet.data.config import ABSENT_BY_DEFAULT

BY = ("choices", "blocks")


@register("separable")
@dataclass(frozen=True, kw_only=True)
class Separable(Estimator):
    """The sum over an architecture's choices (`Space.choices_by_place`) of values that fit a ground truth in least
    squares: all labels are used, so it is no estimate but a reference.

    by: 'choices', or 'blocks', a value for each block of each stage (of Blox 135), which is what any sum of blocks'
    signatures could reach. table: as of `TableColumn`; '{space}' stands for the name of the task's space. column: what
    is fitted. Measures: 'values', fitted to the column itself, and 'ranks', to the ranks of its values, ties at their
    mean. A choice that the table does not have leaves an architecture 'unknown'.
    """

    needs_images: ClassVar[bool] = False
    draws: ClassVar[bool] = False
    prepares: ClassVar[bool] = True

    table: str = "{space}-digits"
    column: str = "digits_test"
    by: str = field(default="choices", metadata=ABSENT_BY_DEFAULT)

    def __post_init__(self) -> None:
        if self.by not in BY:
            raise ValueError(f"by: {self.by!r} is not one of {', '.join(BY)}")

    @property
    def measures(self) -> tuple[str, ...]:
        return ("values", "ranks")

    def told_by(self, space: str) -> tuple[tuple[str, str], ...]:
        return ((self.table.replace("{space}", space), self.column),)

    def small(self) -> Separable:
        return Separable(by=self.by)
