"""What DARTS-PT has chosen, trained. The projections themselves: studies/search/projections.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from studies.search.bench import Bench
from studies.search.methods.registry import at_least
from studies.search.price import Price


@dataclass(frozen=True, kw_only=True)
class Projecting:
    """How operations of a supernet are chosen by perturbation (supernet/training/projection.py).

    Args:
        adapt: epochs of tuning the mixture of all operations before the first choice.
        tune: epochs after each choice but the last.
        rate: of the learning rate of tuning to the first one of the supernet's training.
        orders: projections of each supernet, each with choices and batches in an order of its own.
    """

    adapt: int = 5
    tune: int = 5
    rate: float = 0.1
    orders: int = 1

    def __post_init__(self) -> None:
        at_least(self, adapt=0, tune=0, orders=1, rate=0)


@dataclass(frozen=True, kw_only=True, eq=False)
class DartsPt:
    """Pay for a supernet and for its projection, and train what that chose: one training, then the search has ended.

    Source: Wang et al., "Rethinking architecture selection in differentiable NAS" (ICLR 2021).

    Args:
        settings: of the projections.
        chosen: the architecture of each, as a text; run r takes the one at r modulo their number.
        prices: of each with its supernet's.
    """

    settings: Projecting
    chosen: Sequence[str]
    prices: Sequence[Price] = field(repr=False)

    @property
    def told(self) -> dict[str, Any]:
        return {
            "rankings": len(self.chosen),
            "paid": True,
            **vars(self.settings),
            "chosen": list(self.chosen),
        }

    def run(self, bench: Bench, rng: np.random.Generator) -> None:
        place = bench.number % len(self.chosen)
        bench.pay_for(self.prices[place])
        code = bench.pool.code_of(bench.pool.space.parse(self.chosen[place]))
        if code is not None:
            bench.train(code)
