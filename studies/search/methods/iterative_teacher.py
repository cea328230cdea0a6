"""Searches whose teacher becomes better: networks of blocks distilled from a teacher show which network to train from
scratch, and that is the next teacher. What is computed: studies/search/workshop.py.

Source: Chau et al., Blox (NeurIPS 2022), question Q6, figure 12 and appendix D.3 (table 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np

from analysis.statistics.pairs import Floats
from studies.estimators.blockwise import MEASURES, TEACHERS
from studies.search.bench import Bench
from studies.search.methods.registry import at_least
from studies.search.price import Costs, Price

ALTERNATING, SCRATCH_ONCE = ORDERS = ("alternating", "scratch-once")


@dataclass(frozen=True, kw_only=True)
class Iterating:
    """How a teacher is followed by the next.

    A round: the teacher's stages are distilled into all blocks that the mask allows; networks are ranked by the sum of
    a signature; the best `candidates` are fine-tuned from the teacher. What follows, the paper leaves open in part:

    * alternating: the best `scratch` of the fine-tuned are trained from scratch. The best from scratch is the next
      teacher, whose blocks give a new ranking.
    * scratch-once: as the paper's question Q6 and table 5 have it. In the first round the best `scratch` of the
      fine-tuned (there all five) are trained from scratch, the best of them is the next teacher. From then on the
      candidates stay, nothing is trained from scratch, and the best fine-tuned network itself is the next teacher.

    The search ends when a round gives no network that is better than its teacher, by the objective, or after `rounds`.
    What was trained from scratch before costs nothing again.

    Args:
        signature: one of the measures of blockwise distillation; mse is DONNA's, accuracy_change LANA's.
        candidates: of each round; in table 5 there are 5.
        scratch: of those.
        rounds: at most.
        seeds: of trainings, distillation and fine-tuning; run r takes seed r modulo their number.
        distil_epochs, finetune_epochs, finetune_lr: as of `truth build`; None for the default there.
    """

    order: str = ALTERNATING
    signature: str = "mse"
    candidates: int = 5
    scratch: int = 1
    rounds: int = 10
    seeds: int = 2
    distil_epochs: int | None = None
    finetune_epochs: int | None = None
    finetune_lr: float | None = None

    def __post_init__(self) -> None:
        for name, allowed in (("order", ORDERS), ("signature", MEASURES)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}: {getattr(self, name)!r} is not one of {', '.join(allowed)}")
        at_least(self, candidates=1, scratch=1, rounds=1, seeds=1)
        if self.scratch > self.candidates:
            raise ValueError(f"scratch: {self.scratch} is more than the {self.candidates} candidates")


class Chosen(NamedTuple):
    """A teacher. row: of the table. value: its objective. made: where it is kept if it is a student that was
    fine-tuned (`Student`), '' for one that was trained from scratch."""

    row: int
    value: float
    made: str = ""


class Library(NamedTuple):
    """Blocks distilled from a teacher. scores: (n,) of the table's rows, the sum of a signature, NaN for none."""

    scores: Floats
    costs: Costs


class Student(NamedTuple):
    """A network that was fine-tuned. value, truth: as the table's objective and truth; None if it diverged. made: where
    it is kept."""

    value: float | None
    truth: float | None
    costs: Costs
    made: str


class Workshop(Protocol):
    """What computes, or knows what was computed."""

    def distil(self, teacher: Chosen, seed: int) -> Library: ...
    def fine_tune(self, teacher: Chosen, row: int, seed: int) -> Student: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class IterativeTeacher:
    """teacher: the first, 'best', 'median' or 'worst' of the networks by the objective that the search sees, or an
    architecture's text, then `row` is its row. Its training is the first that is paid for."""

    settings: Iterating
    teacher: str
    row: int | None = None
    workshop: Workshop = field(repr=False)

    @property
    def told(self) -> dict[str, Any]:
        return {"rankings": self.settings.seeds, "paid": True, "teacher": self.teacher, **vars(self.settings)}

    @property
    def prices(self) -> Sequence[Price]:
        return ()

    def run(self, bench: Bench, rng: np.random.Generator) -> None:
        settings, seed = self.settings, bench.number % self.settings.seeds
        code_of = {int(bench.pool.rows[code]): int(code) for code in bench.pool.one_of_each_network}
        from_scratch: dict[int, float] = {}

        def train(row: int) -> Chosen:
            if row not in from_scratch:
                value = bench.train(code_of[row])
                assert value is not None
                from_scratch[row] = value
            return Chosen(row, from_scratch[row])

        teacher = train(self._first(bench, list(code_of)))
        candidates: list[int] = []
        for number in range(settings.rounds):
            library = self.workshop.distil(teacher, seed)
            bench.pay("distilled", library.costs, teacher.row)
            if number == 0 or settings.order == ALTERNATING:
                candidates = _best(library.scores, list(code_of), settings.candidates)
            tuned = []
            for row in candidates:
                student = self.workshop.fine_tune(teacher, row, seed)
                bench.pay("fine_tuned", student.costs, row, student.value, student.truth)
                if student.value is not None:
                    tuned.append(Chosen(row, student.value, student.made))
            following = sorted(
                tuned, key=lambda one: -one.value
            )  # stable: of equals, the better by signature
            if number == 0 or settings.order == ALTERNATING:
                following = [train(one.row) for one in following[: settings.scratch]]
            best = max(following, key=lambda one: one.value, default=teacher)
            if best.value <= teacher.value:
                return
            teacher = best

    def _first(self, bench: Bench, rows: list[int]) -> int:
        if self.row is not None:
            network = bench.pool.network_of_row
            return next(row for row in rows if network[row] == network[self.row])
        order = sorted(rows, key=lambda row: -bench.worth.objective[row])  # of equals, the first in the table
        places = dict(zip(TEACHERS, (0, (len(order) - 1) // 2, -1), strict=True))
        return order[places[self.teacher]]


def _best(scores: Floats, rows: Sequence[int], count: int) -> list[int]:
    """The rows of the highest scores, the highest first; of equal ones, the first in the table."""
    known = [row for row in rows if np.isfinite(scores[row])]
    return sorted(known, key=lambda row: (-scores[row], row))[:count]
