"""Hyperband. Source: Li et al., "Hyperband: a novel bandit-based approach to hyperparameter optimization" (JMLR 2018),
algorithm 1; R = 100 percent of the epochs and eta = 3: Blox, supplement C.2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from studies.search.bench import Bench, Over
from studies.search.methods.registry import at_least, register


class Rung(NamedTuple):
    """models: how many are trained; resource: until they have had so much of it."""

    models: int
    resource: Fraction


@register("hyperband")
@dataclass(frozen=True, kw_only=True)
class Hyperband:
    """Brackets of successive halving, from the one that begins with the most models to the one that trains all fully;
    then all of them again with new models.

    Bracket s begins with ceil((s_max + 1) / (s + 1) * eta^s) random models and R * eta^-s of the resource. Each rung
    keeps the best of 1 / eta, rounded down, the first of equals, and gives them eta times as much. A training is a part
    of the recorded one: its learning-rate schedule is that of the whole. A rung of x percent is round(x / 100 * epochs)
    epochs, halves up, at least 1; so rungs may be equally long where trainings are short.

    Args:
        R: the whole resource, 100 percent of the epochs; only its powers of eta matter.
        eta: the factor between rungs.
        resumed: whether a rung goes on from the last one; else a model is trained anew, and paid for, in each rung.
    """

    R: int = 100
    eta: int = 3
    resumed: bool = True

    def __post_init__(self) -> None:
        at_least(self, R=1, eta=2)

    def brackets(self) -> list[list[Rung]]:
        """The rungs of each bracket, the longest bracket first."""
        most = 0
        while self.eta ** (most + 1) <= self.R:
            most += 1
        found = []
        for s in range(most, -1, -1):
            models = -(-(most + 1) * self.eta**s // (s + 1))  # rounded up
            found.append(
                [Rung(models // self.eta**i, self.R * Fraction(self.eta) ** (i - s)) for i in range(s + 1)]
            )
        return found

    def epochs(self, rung: Rung, whole: int) -> int:
        """Of a rung, where a whole training has `whole`."""
        return max(1, int(rung.resource / self.R * whole + Fraction(1, 2)))

    def run(self, bench: Bench, rng: np.random.Generator) -> None:
        worth = bench.worth
        if worth.curves is None or worth.epochs is None:
            raise ValueError(
                "--method: hyperband needs the objective after every epoch, which the table does not have; "
                "`truth build --curves` keeps it"
            )
        drawn = self._models(bench, rng)
        while True:
            for bracket in self.brackets():
                members = [next(drawn) for _ in range(bracket[0].models)]
                done = 0
                for rung in bracket:
                    epochs = self.epochs(rung, worth.epochs)
                    if rung is not bracket[0]:
                        members = members[: rung.models]
                    values = [bench.train_for(code, epochs, done if self.resumed else 0) for code in members]
                    order = sorted(range(len(members)), key=lambda place: -values[place])
                    members, done = [members[place] for place in order], epochs

    def _models(self, bench: Bench, rng: np.random.Generator) -> Iterator[int]:
        if not bench.pool.unique:
            while True:
                yield bench.draw(rng)
        yield from map(int, rng.permutation(bench.pool.valid))
        raise Over
