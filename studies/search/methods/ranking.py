"""Searches that a ranking guides: its best is trained, then the next, and so on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.statistics.pairs import Floats
from studies.search.bench import Bench
from studies.search.methods.integer_program import Separable, best_sums


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """Train networks in the order of their scores, the highest first, ties at random. What the scores cost is no event.

    Args:
        scores: (rankings, n), NaN for what has none, which is not trained. Run r takes ranking r modulo their number, a
            seed's each.
    """

    scores: Floats

    def run(self, bench: Bench, rng: np.random.Generator) -> None:
        codes = bench.pool.one_of_each_row
        scores = self.scores[bench.number % len(self.scores)][bench.pool.rows[codes]]
        codes, scores = codes[~np.isnan(scores)], scores[~np.isnan(scores)]
        for place in np.lexsort((rng.random(len(codes)), -scores)):
            bench.train(int(codes[place]))


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
    """

    score: Separable
    cost: Separable | None = None
    limit: float = np.inf

    @cached_property
    def _found(self) -> list[int | None]:
        return []

    @cached_property
    def _solutions(self) -> Iterator[tuple[int, ...]]:
        cost = None if self.cost is None else self.cost.values
        offset = 0.0 if self.cost is None else self.cost.offset
        return best_sums(self.score.values, cost, self.limit - offset)

    def run(self, bench: Bench, rng: np.random.Generator) -> None:
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
