"""How good a block is, by the trained models that hold it, and how well so few models tell.

The oracle value of a block at a stage is the accuracy of the best model that holds it there (Chau et al., Blox, section
3.2, Q3), or their mean. A maximum grows with the number of models, so all blocks are given the same number: the value
is the expectation over all choices of so many of a block's models, exactly (statistics/best_of.py); a block that fewer
models hold has none.

Two halves of the models give two oracles. With a correlation r between them, the reliability of the whole is
2 r / (1 + r) (Spearman and Brown, 1910; for a maximum an approximation), and no ranking that is made without these
models can be expected to correlate with the oracle by more than the square root of that (attenuation).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.statistics.best_of import expected_best
from analysis.statistics.correlation import spearman
from analysis.statistics.pairs import Floats

MODELS = 6  # of each block, where there are so many
SPLITS = 200
KINDS = ("best", "mean")
Held = dict[tuple[int, str], Floats]  # by stage and block, the accuracies of the models that hold it


def held(blocks: Sequence[Sequence[str]], accuracy: Floats) -> Held:
    """blocks: of each model, one a stage. accuracy: (n,); a model without one does not count."""
    found: dict[tuple[int, str], list[float]] = {}
    for own, value in zip(blocks, accuracy, strict=True):
        if math.isfinite(value):
            for place in enumerate(own):
                found.setdefault(place, []).append(float(value))
    return {place: np.array(values) for place, values in sorted(found.items())}


def enough(of: Held) -> int:
    """So many models of each block that at least half of the blocks have them, an even number of 2 to MODELS."""
    middle = int(np.median([len(values) for values in of.values()])) if of else 0
    return max(2, min(MODELS, middle - middle % 2))


def oracle(of: Held, models: int = MODELS) -> pd.DataFrame:
    """A row for each block that `models` models hold: stage, block, models (all that hold it), best, mean (percent)."""
    rows = [
        {
            "stage": stage,
            "block": block,
            "models": len(values),
            "best": float(expected_best(values, models)[0][-1]),
            "mean": float(values.mean()),
        }
        for (stage, block), values in of.items()
        if len(values) >= models
    ]
    return pd.DataFrame(rows, columns=["stage", "block", "models", *KINDS])


def reliability(of: Held, models: int = MODELS, splits: int = SPLITS, seed: int = 0) -> pd.DataFrame:
    """A row for each stage and kind of oracle: stage, oracle, blocks, half (Spearman's rho of the oracles of two
    disjoint halves of `models` models of each block, the mean over random splits), reliability, bound.

    NaN where the halves do not correlate positively: then the oracle says nothing that could be correlated with."""
    rng, rows = np.random.default_rng(seed), []
    for stage in sorted({stage for stage, _ in of}):
        own = [values for (at, _), values in of.items() if at == stage and len(values) >= models]
        halves: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for _ in range(splits if len(own) > 2 else 0):
            drawn = np.array([rng.permutation(values)[: models - models % 2] for values in own])
            pair = drawn.reshape(len(own), 2, -1)
            for kind, values in (("best", pair.max(2)), ("mean", pair.mean(2))):
                found = spearman(values[:, 0], values[:, 1]).value
                halves[kind] += [] if found is None else [found]
        for kind, correlations in halves.items():
            half = float(np.mean(correlations)) if correlations else math.nan
            whole = 2 * half / (1 + half) if half > 0 else math.nan
            rows.append(
                {
                    "stage": stage,
                    "oracle": kind,
                    "blocks": len(own),
                    "half": half,
                    "reliability": whole,
                    "bound": math.sqrt(whole),
                }
            )
    return pd.DataFrame(rows)
