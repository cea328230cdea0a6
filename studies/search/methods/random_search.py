"""Random search."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from studies.search.bench import Bench
from studies.search.methods.registry import register


@register("random")
@dataclass(frozen=True, kw_only=True)
class RandomSearch:
    """Train encodings that are drawn uniformly and independently, so that one may come again; where networks are unique
    they are drawn without replacement.

    Its expected curve is known exactly: analysis/statistics/best_of.py."""

    def run(self, bench: Bench, rng: np.random.Generator) -> None:
        if bench.pool.unique:
            for code in rng.permutation(bench.pool.valid):
                bench.train(int(code))
            return
        while True:
            bench.train(bench.draw(rng))
