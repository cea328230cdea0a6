"""Which architectures of a ground-truth table a supernet scores: all, or its true top-N and a random sample."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pandas as pd

from supernet.spaces import Architecture, Space


@dataclass(frozen=True)
class ScoredSet:
    """top: the true best N. random: so many of the table, drawn without replacement. Both None: the whole table.

    A masked space has no architecture that uses a masked operation: those are left out first.
    """

    top: int | None = None
    random: int | None = None
    random_seed: int = 0

    def choose(self, table: pd.DataFrame, column: str, space: Space) -> list[Architecture]:
        """The architectures, in the order of the table. Ties in the truth go by the order of the table."""
        parsed = [space.parse(text) for text in table["arch"]]
        inside = [row for row, architecture in enumerate(parsed) if space.in_mask(architecture)]
        if self.top is None and self.random is None:
            return [parsed[row] for row in inside]
        values = table[column].to_numpy()
        known = [row for row in inside if values[row] == values[row]]  # a missing truth is nobody's top
        best = sorted(known, key=lambda row: -values[row])[: self.top or 0]
        drawn = random.Random(self.random_seed).sample(inside, min(self.random or 0, len(inside)))
        return [parsed[row] for row in sorted({*best, *drawn})]
