"""What one search sees of a pool: it proposes encodings and learns what their training says, until the budget is spent.

Nothing is trained: values and costs are looked up. Every proposal and every training is an event of the ledger.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np

from analysis.store.costs import PASSES
from studies.search.ledger import Ledger
from studies.search.pool import INVALID, Pool, Worth
from studies.search.units import LOOKED_UP

PERCENT = 100
FREE = 500  # proposals without a cost, one after another, after which a search is taken to have ended

if TYPE_CHECKING:
    from studies.search.price import Price


class Over(Exception):
    """The budget is spent, or the search proposes nothing new any more."""


class Search(Protocol):
    """A way to search: settings as a frozen dataclass, and what it does with a bench until that says `Over`."""

    def run(self, bench: Bench, rng: np.random.Generator) -> None: ...


class Bench:
    """One search over a pool.

    Units of cost: trainings (whole ones; a part counts as its share of the epochs); epochs; macs (multiply-accumulates
    of the training for each training image); seconds. One that the table does not know is NaN.

    Args:
        pool, worth: what is searched.
        budget: in `unit`. The search ends with the first event that reaches it; that one still counts.
        number: of the search among its runs, from 0.
    """

    def __init__(
        self, pool: Pool, worth: Worth, *, budget: float, unit: str = "trainings", number: int = 0
    ) -> None:
        self.pool, self.worth, self.budget, self.unit, self.number = pool, worth, budget, unit, number
        self.ledger: Ledger[int] = Ledger(LOOKED_UP)
        self._epochs = math.nan if worth.epochs is None else float(worth.epochs)
        self._known: dict[int, float] = {}
        self._free = 0

    def draw(self, rng: np.random.Generator) -> int:
        """A valid encoding, uniformly: of all, or with `unique` of those that stand for a network each.

        The same as a draw of any encoding that is repeated, at no cost, while it is invalid."""
        return int(self.pool.valid[rng.integers(len(self.pool.valid))])

    def is_new(self, code: int) -> bool:
        """Whether the encoding is valid and, where networks are unique, the search has not trained it."""
        row = self.pool.rows[code]
        return bool(row != INVALID) and not (self.pool.unique and row in self._known)

    def train(self, code: int) -> float | None:
        """Propose an encoding and train it to the end: the objective in percent, None if it is invalid.

        An invalid one costs nothing. So does, where networks are unique, one that the search has trained before; else
        it is trained, and paid for, once more. Raises Over, once what was trained has been entered."""
        row = int(self.pool.rows[code])
        if row == INVALID or (self.pool.unique and row in self._known):
            self._at_no_cost(row)
            return self._known.get(row)
        value = self._known[row] = float(self.worth.objective[row])
        self._enter("trained", row, 0, None, value)
        return value

    def train_for(self, code: int, epochs: int, done: int = 0) -> float:
        """Train a valid encoding for `epochs` epochs, of which it has `done` from before: the objective after them.

        Raises Over, once that has been entered."""
        assert self.worth.curves is not None
        row = int(self.pool.rows[code])
        value = float(self.worth.curves[row, epochs - 1])
        if done < epochs:
            self._enter("resumed" if done else "trained", row, done, epochs, value)
        return value

    def pay(
        self,
        kind: str,
        costs: Mapping[str, float],
        row: int = INVALID,
        value: float | None = None,
        truth: float | None = None,
    ) -> None:
        """Enter what something cost (ledger.py). row: that it is of, if it is of one. value, truth: as of Ledger.add.

        Raises Over, once that has been entered."""
        self.ledger.add(kind, row, costs, value, truth)
        # A sum of shares such as 3/8 may fall short of a whole number by a rounding error.
        if self.ledger.spent[self.unit] >= self.budget * (1 - 1e-12):
            raise Over

    def pay_for(self, price: Price) -> None:
        """Enter what a ranking rests on."""
        for kind, costs in price.made:
            self.pay(kind, costs)

    def _at_no_cost(self, row: int) -> None:
        self.ledger.add("drawn", row)
        self._free += 1
        if self._free >= FREE:
            raise Over

    def _enter(self, kind: str, row: int, done: int, epochs: int | None, value: float) -> None:
        """epochs: None for all of a whole training."""
        self._free = 0
        if kind == "trained":
            self.ledger.add("drawn", row)
        share = 1.0 if epochs is None else (epochs - done) / self._epochs
        passed = self._epochs if epochs is None else epochs - done
        seconds = self.worth.seconds
        costs = {
            "trainings": share,
            "epochs": passed,
            "macs": PASSES * float(self.worth.macs[row]) * passed,
            "seconds": math.nan if seconds is None else float(seconds[row]) * share,
        }
        self.pay(kind, costs, row, value)
