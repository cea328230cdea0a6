"""Which architectures of a ground-truth table a study scores: all, or its true top-N and a random sample.

A correlation over both sets together would describe neither, so what is said of the space as a whole is of the random
sample alone, and what is said of the true top-N is of those sets.

Samples are nested: the table's rows are put in one random order, and the sample of a subset is the first of them that
lie in it. So two subsets have as many sampled architectures in common as can be, and what is sampled of a larger one
and lies in a smaller one is sampled there too.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from supernet.spaces import Architecture, Space


@dataclass(frozen=True)
class ScoredSet:
    """What part of a table is scored. Both None: the whole table.

    A masked space has no architecture that uses a masked operation: those are left out first.

    Args:
        top: number of the true best.
        random: number of architectures drawn from the table without replacement.
    """

    top: int | None = None
    random: int | None = None
    random_seed: int = 0

    def __post_init__(self) -> None:
        for name in ("top", "random"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise ValueError(f"scored: {name}: {value!r} is neither a positive integer nor none")

    @property
    def whole(self) -> bool:
        """Whether the whole table is scored."""
        return self.top is None and self.random is None

    def sample(self, inside: ArrayLike) -> list[int]:
        """Which rows of a table stand for those of a subset, in rising order; inside: bool (n,), the subset.

        So many of the subset in the table's random order; all of it where there is no sample, or no more rows."""
        subset = np.asarray(inside, dtype=bool)
        if self.random is None or self.random >= subset.sum():
            return [int(row) for row in np.flatnonzero(subset)]
        return sorted(
            [row for row in _order(len(subset), self.random, self.random_seed) if subset[row]][: self.random]
        )

    def rows(self, truth: ArrayLike, inside: ArrayLike) -> list[int]:
        """Which rows of a table with this truth (n,) are scored for a subset, bool (n,), in rising order. Ties go by
        the order of the table; a missing truth is nobody's top."""
        subset = np.asarray(inside, dtype=bool)
        if self.whole:
            return [int(row) for row in np.flatnonzero(subset)]
        values = np.where(subset, np.asarray(truth, dtype=float), np.nan)
        best = np.argsort(-values, kind="stable")[: min(self.top or 0, int(np.isfinite(values).sum()))]
        drawn = self.sample(subset) if self.random is not None else []
        return sorted({*best.tolist(), *drawn})

    def choose(
        self, architectures: Sequence[Architecture], truth: ArrayLike, *spaces: Space
    ) -> list[Architecture]:
        """Those of a table's architectures, with this truth (n,), that are scored for these masks of its space."""
        chosen: set[int] = set()
        for space in spaces:
            chosen.update(self.rows(truth, [space.in_mask(architecture) for architecture in architectures]))
        return [architectures[row] for row in sorted(chosen)]


USUAL = ScoredSet(random=1000)  # the random sample of the catalogue's studies of whole spaces


@lru_cache(maxsize=4)
def _order(rows: int, first: int, seed: int) -> tuple[int, ...]:
    """So many rows: the `first` drawn at random without replacement, then the others at random. The last ones are
    kept: every mask of a table asks for its order."""
    rng = random.Random(seed)
    drawn = rng.sample(range(rows), min(rows, first))
    others = sorted(set(range(rows)) - set(drawn))
    rng.shuffle(others)
    return (*drawn, *others)
