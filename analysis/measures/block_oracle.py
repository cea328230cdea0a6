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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.blockwise import SCRATCH, BlockwiseStudy, Distilled
from analysis.statistics.best_of import expected_best
from analysis.statistics.correlation import spearman
from analysis.statistics.crossed import (
    Group,
    Mean,
    both_variance,
    crossed_half,
    mean_of,
    standard_error,
    trainings_half,
)
from analysis.statistics.pairs import Floats
from analysis.statistics.uncertainty import spearman_group

MODELS = 6  # of each block, where there are so many
SPLITS = 200
KINDS = ("best", "mean")
ORACLE = ("half", "reliability", "bound")  # what is known of one
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


@dataclass(frozen=True, kw_only=True)
class Judged:
    """How one signature ranks the blocks of one stage, beside an oracle.

    teacher: its name. oracle: 'normal training' or 'fine-tuned', and of how many models. rho: Spearman's, a value a
    training of teacher and blocks, with the influence of each block; None where it is undefined. known: half,
    reliability and bound of the oracle."""

    teacher: str
    oracle: str
    stage: int
    signature: str
    blocks: int
    seeds: int
    rho: Group | None
    known: Mapping[str, float]

    @property
    def row(self) -> dict[str, Any]:
        """For a frame: the mean over trainings with its 95 % interval, over blocks and trainings."""
        mean = Mean(None, None, None, self.blocks) if self.rho is None else mean_of(self.rho)
        ends = {"rho": mean.value, "low": mean.low, "high": mean.high}
        names = {
            "teacher": self.teacher,
            "oracle": self.oracle,
            "stage": self.stage,
            "signature": self.signature,
        }
        numbers = {name: np.nan if value is None else value for name, value in ends.items()}
        return {**names, "blocks": self.blocks, "seeds": self.seeds, **numbers, **self.known}


def gap(last: Judged, others: Sequence[Judged]) -> Mean:
    """rho of a stage less the mean of others, with its interval over blocks and trainings. Stages rank unlike blocks,
    so their errors over blocks are independent; those over trainings are not, as a training has one teacher."""
    groups = [one.rho for one in (last, *others)]
    if any(group is None for group in groups):
        return Mean(None, None, None, last.blocks)
    weights = np.array([1.0, *(-1 / len(others) for _ in others)])
    weighted = [(w, group) for w, group in zip(weights, groups, strict=True) if group is not None]
    values = sum(w * rhos for w, (rhos, _, _) in weighted)
    errors = [w * standard_error(influences.mean(axis=0)) for w, (_, influences, _) in weighted]
    both = sum(w**2 * both_variance(group) for w, group in weighted)
    value = float(np.mean(values))
    half = crossed_half(math.hypot(*errors), trainings_half([np.asarray(values)]), float(both))
    return Mean(value, value - half, value + half, last.blocks)


def by_case(judged: Sequence[Judged]) -> dict[tuple[str, str, str], list[Judged]]:
    """By teacher, oracle and signature the stages in their order."""
    cases: dict[tuple[str, str, str], list[Judged]] = {}
    for one in sorted(judged, key=lambda one: one.stage):
        cases.setdefault((one.teacher, one.oracle, one.signature), []).append(one)
    return cases


def against_oracle(data: BlockwiseStudy) -> list[Judged]:
    """Of each teacher's blocks that were distilled longest: each oracle, stage and signature."""
    found = []
    by_teacher: dict[str, list[Distilled]] = {}
    for one in data.longest():
        by_teacher.setdefault(one.name, []).append(one)
    for teacher, seeds in by_teacher.items():
        normal = "normal training" if data.trained == SCRATCH else data.trained
        accuracies = {normal: data.truth.numbers}
        accuracies |= {f"fine-tuned, {teacher} teacher": one.test for one in data.tuned_from(teacher)[:1]}
        for kind, accuracy in accuracies.items():
            models = held(data.blocks, accuracy)
            count = enough(models)
            best = oracle(models, count)
            of_best = reliability(models, count).query("oracle == 'best'")
            known = {row["stage"]: {name: row[name] for name in ORACLE} for row in of_best.to_dict("records")}
            for stage, own in best.groupby("stage"):
                for measure in MEASURES:
                    found.append(
                        Judged(
                            teacher=teacher,
                            oracle=f"{kind}, best of {count}",
                            stage=int(str(stage)),
                            signature=measure,
                            blocks=len(own),
                            seeds=len(seeds),
                            rho=_of_blocks(seeds, measure, int(str(stage)), own),
                            known=known[stage],
                        )
                    )
    return found


def _of_blocks(seeds: Sequence[Distilled], measure: str, stage: int, own: pd.DataFrame) -> Group | None:
    """On the blocks that have a signature in every training."""
    says = np.array(
        [[one.added[measure].get((stage, block), np.nan) for block in own["block"]] for one in seeds]
    )
    finite = np.isfinite(says).all(axis=0)
    return spearman_group(own["best"].to_numpy(dtype=float)[finite], list(says[:, finite]))
