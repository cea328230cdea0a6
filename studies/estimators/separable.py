"""The best that a sum of one value for each choice can do: a bound for rankings that know of no interaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from studies.estimators.estimator import Estimator, register


@register("separable")
@dataclass(frozen=True, kw_only=True)
class Separable(Estimator):
    """The sum over an architecture's choices (`Space.choices_by_place`) of values that fit a ground truth in least
    squares: all labels are used, so it is no estimate but a reference.

    table: as of `TableColumn`; '{space}' stands for the name of the task's space. column: what is fitted. Measures:
    'values', fitted to the column itself, and 'ranks', to the ranks of its values, ties at their mean. A choice that
    the table does not have leaves an architecture 'unknown'.
    """

    needs_images: ClassVar[bool] = False
    prepares: ClassVar[bool] = True

    table: str = "{space}-digits"
    column: str = "digits_test"

    @property
    def measures(self) -> tuple[str, ...]:
        return ("values", "ranks")

    def told_by(self, space: str) -> tuple[tuple[str, str], ...]:
        return ((self.table.replace("{space}", space), self.column),)

    def small(self) -> Separable:
        return Separable()
