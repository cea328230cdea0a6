"""Regularised evolution. Source: Real et al., "Regularized evolution for image classifier architecture search" (2019);
pool of 64 and samples of 16: Blox, supplement C.2."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from studies.search.bench import Bench, Over
from studies.search.methods.registry import at_least, register

TRIES = 1000  # children in a row that are not new, after which the search has ended


@register("evolution")
@dataclass(frozen=True, kw_only=True)
class Evolution:
    """The pool begins with random encodings. Each step mutates the best of a sample of the pool, the first of equals;
    the child enters the pool and its oldest member leaves.

    The paper of Blox leaves open, and here is: a mutation changes one position, drawn uniformly among all changes, to
    another value. An invalid child costs nothing and does not enter the pool: another sample is drawn. So is it for a
    network that was trained before where networks are unique; else a duplicate is trained again and enters.

    Args:
        pool: members.
        sample: members in a tournament.
        replacement: whether a member may be in a sample more than once, as in some public code.
    """

    pool: int = 64
    sample: int = 16
    replacement: bool = False

    def __post_init__(self) -> None:
        at_least(self, pool=1, sample=1)
        if self.sample > self.pool and not self.replacement:
            raise ValueError(f"sample: {self.sample} is more than the pool of {self.pool}")

    def run(self, bench: Bench, rng: np.random.Generator) -> None:
        members: deque[tuple[float, int]] = deque(maxlen=self.pool)
        if bench.pool.unique:
            first = [int(code) for code in rng.permutation(bench.pool.valid)[: self.pool]]
        else:
            first = [bench.draw(rng) for _ in range(self.pool)]
        for code in first:
            members.append((_value(bench, code), code))
        while True:
            code = self.child(bench, members, rng)
            members.append((_value(bench, code), code))  # and the oldest leaves

    def child(self, bench: Bench, members: deque[tuple[float, int]], rng: np.random.Generator) -> int:
        """A new encoding. Raises Over if there seems to be none."""
        changes = bench.pool.choices
        for _ in range(TRIES):
            parent = members[self.parent(members, rng)][1]
            child = bench.pool.changed(parent, *changes[rng.integers(len(changes))])
            if bench.is_new(child):
                return child
        raise Over

    def parent(self, members: deque[tuple[float, int]], rng: np.random.Generator) -> int:
        """The place of the best of a sample, the first drawn of equals."""
        drawn = rng.choice(len(members), min(self.sample, len(members)), replace=self.replacement)
        return int(max(drawn, key=lambda place: members[place][0]))


def _value(bench: Bench, code: int) -> float:
    value = bench.train(code)
    assert value is not None
    return value
