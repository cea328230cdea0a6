"""Evolution of encodings on a fitness that costs little: predictions, or scores of a supernet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from studies.search.methods.registry import at_least
from studies.search.pool import Pool

TRIES = 1000  # children in a row that are not new, after which there seem to be none
Fitness = Callable[[int], float | None]  # of an encoding; None: it has none and is not in the population


@dataclass(frozen=True, kw_only=True)
class Genetic:
    """An elitist genetic algorithm: what NSGA-II (Deb et al., 2002) is with one objective, as DONNA uses it.

    Each generation has as many children as the population has members. A child has two parents, each the better of two
    members; takes each position from either with equal probability; and then one position, drawn uniformly among all
    changes, is changed to another value. Of members and children the best are the next population. An encoding is
    looked at once.

    Args:
        population: members; the first are random encodings.
        generations: after the first population.
        crossover: probability that a child has two parents; else it has one.
    """

    population: int = 64
    generations: int = 20
    crossover: float = 0.5

    def __post_init__(self) -> None:
        at_least(self, population=2, generations=0, crossover=0)
        if self.crossover > 1:
            raise ValueError(f"crossover: {self.crossover!r} is not a number from 0 to 1")

    def found(self, pool: Pool, fitness: Fitness, rng: np.random.Generator) -> Iterator[list[int]]:
        """What evolution has looked at and has a fitness, the fittest first; then, with new random members, what it
        looks at then; until there is nothing new."""
        seen: dict[int, float | None] = {}
        while True:
            before = len(seen)
            self.evolve(pool, fitness, rng, seen)
            fresh = [(value, code) for code, value in list(seen.items())[before:] if value is not None]
            if not fresh:
                return
            yield [code for _, code in sorted(fresh, key=lambda one: -one[0])]

    def evolve(
        self, pool: Pool, fitness: Fitness, rng: np.random.Generator, seen: dict[int, float | None]
    ) -> None:
        """Enter every encoding that is looked at into `seen`, in that order; those that are in it are met no more."""
        members = self._first(pool, fitness, rng, seen)
        for _ in range(self.generations):
            children: list[tuple[float, int]] = []
            for _ in range(TRIES):
                if len(children) == self.population or not members:
                    break
                code = self.child(pool, members, rng)
                if code not in seen and (value := _look(pool, fitness, code, seen)) is not None:
                    children.append((value, code))
            # Of equal ones the older: sorting is stable.
            members = sorted([*members, *children], key=lambda one: -one[0])[: self.population]

    def _first(
        self, pool: Pool, fitness: Fitness, rng: np.random.Generator, seen: dict[int, float | None]
    ) -> list[tuple[float, int]]:
        members: list[tuple[float, int]] = []
        for code in map(int, rng.permutation(pool.valid)):
            if len(members) == self.population:
                break
            if code not in seen and (value := _look(pool, fitness, code, seen)) is not None:
                members.append((value, code))
        return members

    def child(self, pool: Pool, members: list[tuple[float, int]], rng: np.random.Generator) -> int:
        """A new encoding, perhaps invalid, perhaps one that was met before."""
        code = self.parent(members, rng)
        if rng.random() < self.crossover:
            own, other = pool.values(code), pool.values(self.parent(members, rng))
            taken = rng.random(len(own)) < 0.5
            code = pool.code([b if take else a for a, b, take in zip(own, other, taken, strict=True)])
        return pool.changed(code, *pool.choices[rng.integers(len(pool.choices))])

    def parent(self, members: list[tuple[float, int]], rng: np.random.Generator) -> int:
        """The better of two members, the first drawn of equals."""
        a, b = rng.integers(len(members), size=2)
        return max(members[a], members[b], key=lambda one: one[0])[1]


def _look(pool: Pool, fitness: Fitness, code: int, seen: dict[int, float | None]) -> float | None:
    seen[code] = fitness(code) if pool.rows[code] >= 0 else None
    return seen[code]
