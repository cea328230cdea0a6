"""The events of one search, in their order, with what each cost: the one account of a search.

What a search spent, found and gave up are sums and maxima of its events; nothing else is counted anywhere. The kinds:

* drawn: an architecture was proposed. No cost.
* trained: it was trained for so many epochs, from random weights.
* resumed: an earlier training of it went on for so many epochs more.
* cut_off: its training was given up after so many epochs.
* unfinished: the budget ended while it was trained.
* fine_tuned: its network of blocks distilled from a teacher was fine-tuned. It is another network than that which is
  trained from random weights, so the event has a truth of its own.

What guides a search is paid for by events of no architecture (distilled: of the teacher, where the search chose it):

* supernet: a supernet was trained.
* distilled: the stages of a teacher were distilled into all candidate blocks, and before that the teacher was trained,
  where no other event says so.
* labelled: networks were trained to tell a predictor their labels, and it was fitted.
* projected: operations of a supernet were chosen by perturbation (DARTS-PT).
* prepared: anything else that scores need.
* scored: scores were computed; of one architecture where a search asks for them one by one.

An event has a value, the objective that the search saw, if the search learnt one from it.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Generic, TypeVar

import pandas as pd

KINDS = (
    *("drawn", "trained", "resumed", "cut_off", "unfinished", "fine_tuned"),
    *("supernet", "distilled", "labelled", "projected", "prepared", "scored"),
)
Choice = TypeVar("Choice", bound=Hashable)


class Ledger(Generic[Choice]):
    """Events of one search. units: of cost, in which each event says what it took.

    spent: the sum of all events, by unit. chosen, score: the architecture of the highest value so far, the first of
    equals, and that value; None before there is one."""

    def __init__(self, units: Sequence[str]) -> None:
        self.units = tuple(units)
        self.spent = dict.fromkeys(self.units, 0.0)
        self.chosen: Choice | None = None
        self.score: float | None = None
        self._kinds: list[str] = []
        self._subjects: list[Choice] = []
        self._values: list[float] = []
        self._truths: list[float] = []
        self._costs: list[tuple[float, ...]] = []

    def __len__(self) -> int:
        return len(self._kinds)

    def add(
        self,
        kind: str,
        subject: Choice,
        costs: Mapping[str, float] | None = None,
        value: float | None = None,
        truth: float | None = None,
    ) -> None:
        """Enter an event. costs: by unit, None for nothing. value: None if the search learnt none. truth: where it is
        not what the table says of the subject."""
        assert kind in KINDS, kind
        row = (0.0,) * len(self.units) if costs is None else tuple(costs[unit] for unit in self.units)
        for unit, cost in zip(self.units, row, strict=True):
            self.spent[unit] += cost
        self._kinds.append(kind)
        self._subjects.append(subject)
        self._values.append(math.nan if value is None else value)
        self._truths.append(math.nan if truth is None else truth)
        self._costs.append(row)
        if value is not None and (self.score is None or value > self.score):
            self.chosen, self.score = subject, value

    def count(self, kind: str) -> int:
        """Events of a kind."""
        return self._kinds.count(kind)

    @property
    def valued(self) -> int:
        """Events from which the search learnt a value."""
        return sum(value == value for value in self._values)

    def frame(self) -> pd.DataFrame:
        """A row an event: kind, subject, a column a unit, value and truth (NaN for none)."""
        costs = pd.DataFrame(self._costs, columns=list(self.units), dtype=float)
        return pd.DataFrame(
            {
                "kind": self._kinds,
                "subject": self._subjects,
                **costs,
                "value": self._values,
                "truth": self._truths,
            }
        ).astype({"value": float, "truth": float})
