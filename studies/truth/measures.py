"""What a table says of architectures, by name: a column, or as COLUMN@E its value after epoch E = 1, 2, ..."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from analysis.store.column_names import parse
from studies.truth import table
from supernet.spaces import Architecture


class Measure(NamedTuple):
    """epoch: None for the column itself."""

    column: str
    epoch: int | None

    @classmethod
    def of(cls, text: str) -> Measure:
        """ValueError if what follows the @ is no epoch."""
        column, at, epoch = text.partition("@")
        if not at:
            return cls(column, None)
        if not (epoch.isascii() and epoch.isdigit() and int(epoch) > 0):
            raise ValueError(f"columns: {text!r}: epoch {epoch!r} is not a positive integer")
        return cls(column, int(epoch))


def read(found: table.TruthTable, texts: Sequence[str]) -> dict[str, np.ndarray]:
    """Each measure, (n,) in the table's order, NaN for none. ValueError for what the table does not have."""
    measures = {text: Measure.of(text) for text in texts}
    names = [str(name) for name in found.frame if found.frame[name].dtype.kind in "fiu"]
    for column in (one.column for one in measures.values() if one.epoch is None):
        if column not in names:
            raise ValueError(f"columns: {column!r} is not one of {', '.join(names)} ({found.path})")
    per_epoch = sorted({one.column for one in measures.values() if one.epoch is not None})
    curves = table.curves(found.path, per_epoch) if per_epoch else {}
    values = {}
    for text, (column, epoch) in measures.items():
        if epoch is None:
            values[text] = found.frame[column].to_numpy(dtype=float)
            continue
        last = curves[column].shape[1]
        if epoch > last:
            raise ValueError(f"columns: {text!r}: epoch {epoch} is not in 1..{last} ({found.path})")
        values[text] = curves[column][:, epoch - 1].astype(float)
    return values


def rows(found: table.TruthTable) -> dict[Architecture, int]:
    """Where an architecture stands in the table, by its own encoding and by its canonical form."""
    own = {architecture: row for row, architecture in enumerate(found.architectures)}
    same: dict[Architecture, int] = {}
    for architecture, row in own.items():
        same.setdefault(found.space.canonical(architecture), row)
    return same | own


def whole_training(found: table.TruthTable) -> int | None:
    """Epochs of the benchmark's full training; None if the manifest does not say."""
    epochs = found.manifest.get("epochs")
    if isinstance(epochs, dict):
        epochs = epochs.get("full")
    return epochs if isinstance(epochs, int) else None


def epochs_of(found: table.TruthTable, text: str) -> int | None:
    """The epochs after which a measure was taken; None if that is not known, or it is of no training."""
    column, epoch = Measure.of(text)
    name = parse(column)
    if epoch is not None or name is None:
        return epoch
    return int(name.epochs) if name.epochs else whole_training(found)
