"""Look values up in a ground-truth table: nothing is computed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.store.column_names import parse
from analysis.store.costs import PASSES
from studies.estimators.estimator import Record, Report
from studies.estimators.table_column import Measure, TableColumn
from studies.truth.table import TruthTable, load, resolve
from studies.truth.table import curves as curves_of
from supernet.spaces import Architecture, Space

if TYPE_CHECKING:
    from studies.estimators.compute.task import Task


def prepare(settings: TableColumn, task: Task, report: Report) -> dict[str, Any]:
    """What a table of fine-tuned networks says of its teacher. ValueError if the table is of another space or has no
    such column or epoch."""
    facts = read(settings, task.space)[0].manifest.get("fine_tuned")
    return {} if facts is None else {"fine_tuned": facts}


def score(
    settings: TableColumn, task: Task, architectures: Sequence[Architecture], report: Report
) -> Iterator[Record]:
    """Records of every measure."""
    table, values, seconds = read(settings, task.space)
    row_of = rows(table)
    after = {measure: epochs_of(table, measure) for measure in settings.measures}
    for architecture in architectures:
        row = row_of.get(architecture, row_of.get(task.space.canonical(architecture)))
        price = epoch_price(settings, task, architecture, math.nan if row is None else float(seconds[row]))
        for measure, epochs in after.items():
            value = math.nan if row is None else float(values[measure][row])
            known = math.isfinite(value)
            yield Record(
                architecture=architecture,
                measure=measure,
                score=settings.sign * value if known else None,
                status="ok" if known else "unknown",
                details={} if epochs is None else {"epochs": epochs} | _times(price, epochs),
            )


def read(settings: TableColumn, space: Space) -> tuple[TruthTable, dict[str, np.ndarray], np.ndarray]:
    """The table, (n,) values of each measure, and (n,) seconds of an epoch, NaN if not known."""
    table = load(resolve(settings.table.replace("{space}", space.name)))
    if table.space.name != space.name:
        raise ValueError(f"table: {table.path} is of {table.space.name}, not of {space.name}")
    values = values_of(table, settings.measures)
    seconds, epochs = np.full(len(table.frame), np.nan), whole_training(table)
    if settings.recorded is not None and settings.recorded.seconds is not None and epochs:
        (whole,) = values_of(table, [settings.recorded.seconds]).values()
        seconds = whole / epochs
    return table, values, seconds


def epoch_price(
    settings: TableColumn, task: Task, architecture: Architecture, seconds: float
) -> dict[str, float]:
    """What an epoch would have cost, as far as it is known."""
    if settings.recorded is None:
        return {}
    images, macs = settings.recorded.images, task.space.cost(architecture, task.size).macs
    price: dict[str, float] = {
        "alone_steps": math.ceil(images / settings.recorded.batch_size),
        "alone_macs": PASSES * macs * images,
    }
    return price | ({"alone_seconds": seconds} if math.isfinite(seconds) else {})


def _times(price: dict[str, float], epochs: int) -> dict[str, float]:
    return {name: value * epochs for name, value in price.items()}


def values_of(table: TruthTable, texts: Sequence[str]) -> dict[str, np.ndarray]:
    """Each measure, (n,) in the table's order, NaN for none. ValueError for what the table does not have."""
    measures = {text: Measure.of(text) for text in texts}
    names = [str(name) for name in table.frame if table.frame[name].dtype.kind in "fiu"]
    for column in (one.column for one in measures.values() if one.epoch is None):
        if column not in names:
            raise ValueError(f"columns: {column!r} is not one of {', '.join(names)} ({table.path})")
    per_epoch = sorted({one.column for one in measures.values() if one.epoch is not None})
    curves = curves_of(table.path, per_epoch) if per_epoch else {}
    values = {}
    for text, (column, epoch) in measures.items():
        if epoch is None:
            values[text] = table.frame[column].to_numpy(dtype=float)
            continue
        last = curves[column].shape[1]
        if epoch > last:
            raise ValueError(f"columns: {text!r}: epoch {epoch} is not in 1..{last} ({table.path})")
        values[text] = curves[column][:, epoch - 1].astype(float)
    return values


def rows(table: TruthTable) -> dict[Architecture, int]:
    """Where an architecture stands in the table, by its own encoding and by its canonical form."""
    by_encoding = {architecture: row for row, architecture in enumerate(table.architectures)}
    by_function: dict[Architecture, int] = {}
    for architecture, row in by_encoding.items():
        by_function.setdefault(table.space.canonical(architecture), row)
    return by_function | by_encoding


def whole_training(table: TruthTable) -> int | None:
    """Epochs of the benchmark's full training; None if the manifest does not say."""
    epochs = table.manifest.get("epochs")
    if isinstance(epochs, dict):
        epochs = epochs.get("full")
    return epochs if isinstance(epochs, int) else None


def epochs_of(table: TruthTable, text: str) -> int | None:
    """The epochs after which a measure was taken; None if that is not known, or it is of no training."""
    column, epoch = Measure.of(text)
    name = parse(column)
    if epoch is not None or name is None:
        return epoch
    return int(name.epochs) if name.epochs else whole_training(table)
