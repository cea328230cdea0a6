"""Which architectures a predictor is told the labels of, the labels, and what these cost. Imports no torch."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.pairs import Floats
from analysis.store.costs import PASSES
from analysis.store.result import Labels
from studies.configuration import derived_seed
from studies.estimators.compute.table_column import epochs_of, values_of, whole_training
from studies.truth.table import TruthTable, load, resolve
from supernet.spaces import Architecture, Size, Space

if TYPE_CHECKING:
    from studies.estimators.predictor import Predictor

Functions = dict[Architecture, list[Architecture]]  # by their form, the encodings that have a label


def form_of(space: Space, architecture: Architecture) -> Architecture:
    """One encoding for all of a function, also for those that only `canonical` counts as one."""
    return space.stand_alone_form(space.canonical(architecture))


def functions(settings: Predictor, space: Space) -> Functions:
    """The functions of the table that the mask allows and that have a label, by rising form. ValueError if the table is
    of another space or lacks the column, and if it has fewer functions than labels are asked for."""
    path = _path(settings, space)
    found = _functions(path, settings.column, space)
    if len(found) <= settings.labels:
        raise ValueError(
            f"labels: {settings.labels} of {len(found)} functions with a label in {path} leave none to rank"
        )
    return found


def draw(settings: Predictor, space: Space, seed: int) -> list[Architecture]:
    """All labelled functions of the table in the random order of a run's seed, each by one of its encodings."""
    rng = random.Random(derived_seed("labels", space.name, seed))
    known = functions(settings, space)
    forms = list(known)
    rng.shuffle(forms)
    return [rng.choice(known[form]) for form in forms]


def split(predicted: Floats, count: int, place: int, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Of (n,) predictions for what has no label: the rows of those that the place-th round after the first adds as the
    best, the share `alpha` of `count`; and the rows of which it draws the others, the rest of the best 1 / 2^place.

    Source: Dudziak et al., BRP-NAS (NeurIPS 2020), section 3.2."""
    order = np.argsort(-predicted, kind="stable")
    best = round(alpha * count)
    return order[:best], order[best : max(count, len(order) // 2**place)]


def told(settings: Predictor, space: Space, architectures: Sequence[Architecture]) -> Floats:
    """(n,): the labels of architectures of the table."""
    rows, values = _labels(_path(settings, space), settings.column)
    return np.array([values[rows[architecture]] for architecture in architectures])


def costs(settings: Predictor, space: Space, size: Size, architectures: Sequence[Architecture]) -> Labels:
    """What training these once, as the table says, cost; of networks of that size."""
    table = load(_path(settings, space))
    count, recorded = len(architectures), settings.recorded
    epochs = epochs_of(table, settings.column) or _own_epochs(table)
    found: Labels = {
        "functions": count,
        "epochs": None if epochs is None else count * epochs,
        "updates": None,
        "train_seconds": None if settings.label_seconds is None else count * settings.label_seconds,
        "macs": None,
    }
    if recorded is None or epochs is None:
        return found
    macs = sum(space.cost(architecture, size).macs for architecture in architectures)
    found["updates"] = count * epochs * math.ceil(recorded.images / recorded.batch_size)
    found["macs"] = float(PASSES * macs * recorded.images * epochs)
    whole = whole_training(table) or _own_epochs(table)
    if recorded.seconds is not None and whole:
        (seconds,) = values_of(table, [recorded.seconds]).values()
        rows, _ = _labels(_path(settings, space), settings.column)
        spent = sum(float(seconds[rows[architecture]]) for architecture in architectures) * epochs / whole
        if math.isfinite(spent):
            found["train_seconds"] = spent
    return found


def _own_epochs(table: TruthTable) -> int | None:
    """Of tables that this project built."""
    training = table.manifest.get("training")
    epochs = training.get("epochs") if isinstance(training, dict) else None
    return epochs if isinstance(epochs, int) else None


def _path(settings: Predictor, space: Space) -> Path:
    return resolve(settings.table.replace("{space}", space.name))


@lru_cache(maxsize=8)
def _labels(path: Path, column: str) -> tuple[dict[Architecture, int], Floats]:
    table = load(path)
    return {one: row for row, one in enumerate(table.architectures)}, values_of(table, [column])[column]


@lru_cache(maxsize=8)
def _functions(path: Path, column: str, space: Space) -> Functions:
    table = load(path)
    if table.space.name != space.name:
        raise ValueError(f"table: {path} is of {table.space.name}, not of {space.name}")
    rows, values = _labels(path, column)
    found: Functions = {}
    for architecture, row in rows.items():
        if math.isfinite(values[row]) and space.in_mask(architecture):
            found.setdefault(form_of(space, architecture), []).append(architecture)
    return dict(sorted(found.items()))
