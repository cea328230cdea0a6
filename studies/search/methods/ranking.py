"""Searches that a ranking guides: its best is trained, then the next, and so on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from analysis.statistics.pairs import Floats
from studies.search.bench import Bench
from studies.search.methods.genetic import Genetic
from studies.search.methods.integer_program import Separable, best_sums
from studies.search.price import Price


@runtime_checkable
class Guided(Protocol):
    """A search that something guides. told: what is saved of it; paid: whether what guides it is an event.
    prices: of what guides it, where they are known."""

    @property
    def told(self) -> dict[str, Any]: ...
    @property
    def prices(self) -> Sequence[Price]: ...


class Scores(NamedTuple):
    """A ranking: (n,) scores of the pool's rows, NaN for none, and what it cost, None if that is not known."""

    values: Floats
    price: Price | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """Pay for a ranking of all networks, then train them in the order of their scores, the highest first, ties at
    random.

    Args:
        rankings: run r takes the one at r modulo their number, a seed's each; what has no score is not trained.
    """

    rankings: Sequence[Scores]

    @property
    def told(self) -> dict[str, Any]:
        return {"rankings": len(self.rankings), "paid": bool(self.prices)}

    @property
    def prices(self) -> Sequence[Price]:
        return [one.price for one in self.rankings if one.price is not None]

    def run(self, bench: Bench, rng: np.random.Generator) -> None:
        ranking = self.rankings[bench.number % len(self.rankings)]
        if ranking.price is not None:
            bench.pay_for(ranking.price)
            if ranking.price.scoring:
                bench.pay("scored", ranking.price.of_scoring())
        codes = bench.pool.one_of_each_row
        scores = ranking.values[bench.pool.rows[codes]]
        codes, scores = codes[~np.isnan(scores)], scores[~np.isnan(scores)]
        for place in np.lexsort((rng.random(len(codes)), -scores)):
            bench.train(int(codes[place]))


@dataclass(frozen=True, kw_only=True, eq=False)
class OneShot(Genetic):
    """Pay for what scores networks, a trained supernet for one; evolve encodings on the scores, each paid for when it
    is asked for; train the fittest that were looked at in turn. When all are, evolution begins anew, until it meets
    nothing new.

    Source: Guo et al., "Single path one-shot neural architecture search with uniform sampling" (ECCV 2020), section
    3.3, which trains the fittest alone.

    Args:
        rankings: as of Ranking.
        population, generations, crossover: as of Genetic.
    """

    rankings: Sequence[Scores] = ()

    @property
    def told(self) -> dict[str, Any]:
        own = {one.name: getattr(self, one.name) for one in fields(Genetic)}
        return {"rankings": len(self.rankings), "paid": bool(self.prices)} | own

    @property
    def prices(self) -> Sequence[Price]:
        return [one.price for one in self.rankings if one.price is not None]

    def run(self, bench: Bench, rng: np.random.Generator) -> None:
        ranking = self.rankings[bench.number % len(self.rankings)]
        if ranking.price is not None:
            bench.pay_for(ranking.price)
        rows = bench.pool.rows
        code_of = {int(rows[code]): int(code) for code in bench.pool.one_of_each_row}
        asked, trained = set[int](), set[int]()

        def fitness(code: int) -> float | None:
            row = int(rows[code])
            value = ranking.values[row]
            if np.isnan(value):
                return None
            if row not in asked and ranking.price is not None and ranking.price.scoring:
                bench.pay("scored", ranking.price.of_scoring(np.array([row])), row)
            asked.add(row)
            return float(value)

        for found in self.found(bench.pool, fitness, rng):
            for row in dict.fromkeys(rows[found].tolist()):
                if row not in trained:
                    trained.add(row)
                    bench.train(code_of[row])


@dataclass(frozen=True, kw_only=True, eq=False)
class SumRanking:
    """Train networks in the order of a score that is a sum over places (an operation on an edge, a block in a stage),
    found one after another by an integer program, within a limit on a cost that is such a sum as well. No list of
    networks is sorted, so this works in spaces of any size. Ties are in the solver's order, the same in every run. A
    sum that is of no row is passed over.

    Source: Molchanov et al., "LANA: latency aware network acceleration" (2021), its search.

    Args:
        score: of a place's choices, the higher the better.
        cost: the same places; None for no limit.
        limit: on the sum of the costs.
        price: of the score; None if it is not known.
    """

    score: Separable
    cost: Separable | None = None
    limit: float = np.inf
    price: Price | None = None

    @property
    def told(self) -> dict[str, Any]:
        return {"paid": bool(self.prices)} | ({"limit": self.limit} if np.isfinite(self.limit) else {})

    @property
    def prices(self) -> Sequence[Price]:
        return [] if self.price is None else [self.price]

    @cached_property
    def _found(self) -> list[int | None]:
        return []

    @cached_property
    def _solutions(self) -> Iterator[tuple[int, ...]]:
        cost = None if self.cost is None else self.cost.values
        offset = 0.0 if self.cost is None else self.cost.offset
        return best_sums(self.score.values, cost, self.limit - offset)

    def run(self, bench: Bench, rng: np.random.Generator) -> None:
        if self.price is not None:
            bench.pay_for(self.price)
            if self.price.scoring:
                bench.pay("scored", self.price.of_scoring())
        pool = bench.pool
        code_of = {int(pool.rows[code]): int(code) for code in pool.one_of_each_row}
        row_of = {choice: row for row, choice in enumerate(map(tuple, self.score.choices))}
        number = 0
        while True:
            while number >= len(self._found):
                solution = next(self._solutions, None)
                if solution is None:
                    return
                self._found.append(row_of.get(solution))
            row = self._found[number]
            if row is not None:
                # Where networks are unique another row may stand for this one.
                code = code_of.get(row, pool.code_of(pool.architectures[row]))
                if code is not None:
                    bench.train(code)
            number += 1
