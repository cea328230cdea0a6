"""Which architectures of a ground-truth table a study scores: all, or its true top-N and a random sample.

A correlation over both sets together would be of neither, so what is said of the space as a whole is of the random
sample alone, and what is said of the true top-N is of those sets.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from supernet.spaces import Architecture, Space


@dataclass(frozen=True)
class ScoredSet:
    """top: the true best N. random: so many of the table, drawn without replacement. Both None: the whole table.

    A masked space has no architecture that uses a masked operation: those are left out first.
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

    def sample(self, rows: int) -> list[int]:
        """Which of so many rows stand for all of them, in rising order: the random sample; all where there is none."""
        if self.random is None or self.random >= rows:
            return list(range(rows))
        return sorted(random.Random(self.random_seed).sample(range(rows), self.random))

    def rows(self, truth: ArrayLike) -> list[int]:
        """Which rows of a table with this truth (n,) are scored, in rising order. Ties go by the order of the table; a
        missing truth is nobody's top."""
        values = np.asarray(truth, dtype=float)
        if self.whole:
            return list(range(len(values)))
        best = np.argsort(-values, kind="stable")[: min(self.top or 0, int(np.isfinite(values).sum()))]
        drawn = self.sample(len(values)) if self.random is not None else []
        return sorted({*best.tolist(), *drawn})

    def choose(self, table: pd.DataFrame, column: str, space: Space) -> list[Architecture]:
        """The architectures to score, in the order of the table."""
        parsed = [space.parse(text) for text in table["arch"]]
        inside = [row for row, architecture in enumerate(parsed) if space.in_mask(architecture)]
        values = table[column].to_numpy(dtype=float)[inside]
        return [parsed[inside[row]] for row in self.rows(values)]
