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

from analysis.measures.blockwise import BlockwiseStudy, Distilled, epochs_of, rho
from analysis.statistics.best_of import expected_best
from analysis.statistics.correlation import spearman
from analysis.statistics.pairs import Floats
from analysis.statistics.uncertainty import Interval

MODELS = 6  # of each block, where there are so many
SPLITS = 200
KINDS = ("best", "mean")
MEASURES = ("mse", "nsr", "accuracy_change", "loss_change")  # of a block
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


def against_oracle(data: BlockwiseStudy) -> pd.DataFrame:
    """A row for each teacher, oracle ('normal training', 'fine-tuned'), stage and signature: blocks, rho (mean over
    seeds), seeds, low, high (95 % over blocks, of the first seed), half, reliability and bound of the oracle."""
    rows = []
    by_teacher: dict[str, list[Distilled]] = {}
    for one in data.longest():
        by_teacher.setdefault(one.name, []).append(one)
    for teacher, seeds in by_teacher.items():
        accuracies = {"normal training": data.truth.numbers}
        accuracies |= {
            f"fine-tuned, {epochs_of(one.epochs)}": one.test for one in data.tuned_from(teacher)[:1]
        }
        for kind, accuracy in accuracies.items():
            models = held(data.blocks, accuracy)
            count = enough(models)
            best = oracle(models, count)
            known = reliability(models, count).query("oracle == 'best'").set_index("stage")
            for stage, own in best.groupby("stage"):
                for measure in MEASURES:
                    found = [_of_blocks(one, measure, int(str(stage)), own) for one in seeds]
                    rows.append(
                        {
                            "teacher": teacher,
                            "oracle": f"{kind}, best of {count}",
                            "stage": stage,
                            "signature": measure,
                            "blocks": len(own),
                            "rho": float(np.mean([value for value, _ in found])),
                            "seeds": len(seeds),
                            "low": found[0][1].low,
                            "high": found[0][1].high,
                            **known.loc[stage, ["half", "reliability", "bound"]].to_dict(),
                        }
                    )
    return pd.DataFrame(rows)


def _of_blocks(one: Distilled, measure: str, stage: int, own: pd.DataFrame) -> tuple[float, Interval]:
    says = np.array([one.added[measure].get((stage, block), np.nan) for block in own["block"]])
    value, found, _ = rho(says, own["best"].to_numpy())
    return value, found
