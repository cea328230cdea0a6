"""Local search. Source: White et al., "Exploring the loss landscape in neural architecture search" (UAI 2021)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from studies.search.bench import Bench
from studies.search.methods.registry import register

TRIES = 1000  # starts in a row that meet nothing new, after which the search has ended


@register("local-search")
@dataclass(frozen=True, kw_only=True)
class LocalSearch:
    """From a random encoding, train all of its neighbours, which differ in one position, in random order, and go to the
    best of them while that is better; from a local optimum start anew.

    An encoding that the search has met is not trained again, in any of its starts. Invalid neighbours cost nothing.

    Args:
        first: go to the first better neighbour instead, without training the others.
    """

    first: bool = False

    def run(self, bench: Bench, rng: np.random.Generator) -> None:
        known: dict[int, float | None] = {}

        def value(code: int) -> float | None:
            if code not in known:
                known[code] = bench.train(code)
            return known[code]

        changes = bench.pool.choices
        idle = 0
        while idle < TRIES:
            here, met = bench.draw(rng), len(known)
            best = value(here)
            improved = True
            while improved:
                improved, start = False, here
                for number in rng.permutation(len(changes)):
                    there = bench.pool.changed(start, *changes[number])
                    found = value(there)
                    if found is not None and (best is None or found > best):
                        here, best, improved = there, found, True
                        if self.first:
                            break
            idle = 0 if len(known) > met else idle + 1
