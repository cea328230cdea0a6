"""Searches by block signatures over models that were fine-tuned, by table look-up: what is found for which cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.measures.blockwise import BLOCKWISE, BlockwiseStudy, Distilled, Tuned, finished
from analysis.statistics.best_of import expected_best
from analysis.statistics.pairs import Floats
from analysis.store import config
from analysis.store.run import Run
from analysis.store.study import Study

RANDOM = "random order"
BY = {"log_mse": "sum of log MSE", "accuracy_change": "sum of accuracy changes (LANA)"}


def curves(data: BlockwiseStudy, tuned: Tuned, distilled: list[Distilled]) -> pd.DataFrame:
    """What the best of the first m models is, by validation accuracy where it is known; a row for each order and m:
    order, epochs (of fine-tuning), distillation (epochs), trained (m), cost, accuracy (test, percent).

    Orders: by a sum of signatures, the best first, ties by the table's order; and at random, in expectation, exactly.
    cost: in trainings from scratch. A model costs its epochs of fine-tuning over those of such a training, and a block
    of S stages 1 / S of its epochs of distillation; the teacher's passes and its training are not counted."""
    usable = np.isfinite(tuned.test) & (True if tuned.valid is None else np.isfinite(tuned.valid))
    test = tuned.test[usable]
    valid = test if tuned.valid is None else tuned.valid[usable]
    whole = _epochs_from_scratch(data.study)
    each = tuned.epochs / whole
    frames = []
    for one in distilled:
        blocks = len(one.frame)
        begin = blocks * one.epochs / (data.size.stages * whole)
        for measure, name in BY.items():
            order = np.argsort(-data.sums(one, measure)[usable], kind="stable")
            best = _incumbents(valid[order], test[order])
            frames.append(_frame(name, tuned, one.epochs, begin, each, best))
    begin = min(one.epochs * len(one.frame) / (data.size.stages * whole) for one in distilled)
    _, truth = expected_best(valid, len(valid), also=test)
    frames.append(_frame(RANDOM, tuned, min(one.epochs for one in distilled), begin, each, truth))
    return pd.concat(frames, ignore_index=True)


def _frame(
    order: str, tuned: Tuned, distillation: int, begin: float, each: float, found: Floats
) -> pd.DataFrame:
    trained = np.arange(1, len(found) + 1)
    return pd.DataFrame(
        {
            "order": order,
            "epochs": tuned.epochs,
            "distillation": distillation,
            "trained": trained,
            "cost": begin + each * trained,
            "accuracy": found,
        }
    )


def _incumbents(valid: Floats, test: Floats) -> Floats:
    """Test value of the highest validation value so far, of equal ones the first."""
    places = np.arange(len(valid))
    new = valid > np.concatenate([[-np.inf], np.maximum.accumulate(valid)[:-1]])
    return test[np.maximum.accumulate(np.where(new, places, 0))]


def _epochs_from_scratch(study: Study) -> int:
    """Of the teachers, which are trained as the truth is. ValueError where it is a number of updates."""
    for run in finished(study, BLOCKWISE):
        epochs = config.of_run(run.folder)["estimator"]["training"]["epochs"]
        if isinstance(epochs, int):
            return epochs
    raise ValueError("study: no teacher was trained for a number of epochs, so searches have no cost")


class Predictor(NamedTuple):
    """A finished run. name: what it sees, as the study's entry says it. labels: how many it was told."""

    name: str
    labels: int
    seed: int
    run: Run


def predictors_of(study: Study) -> Iterator[Predictor]:
    """Finished predictors, each once."""
    for run in finished(study, "predictor"):
        labels = config.of_run(run.folder)["estimator"]["labels"]
        yield Predictor(run.variant.removeprefix(f"{labels} labels, "), labels, run.seed, run)
