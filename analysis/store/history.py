"""`history.csv`: the epochs of a run's training, a row an epoch, the run's id in the first column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.store.result import HISTORY
from supernet.files import write_atomic

FILE = HISTORY
SAMPLES = (
    "samples/"  # columns 'samples/CHOICE POINT/OPERATION': how often the operation was drawn in the epoch
)


@dataclass(frozen=True, kw_only=True)
class EpochRow:
    """A row without its columns of samples; empty where it is not known.

    epoch: from 1. updates: of the epoch. lr: at its end. loss: mean cross-entropy in nats and accuracy: mean in
    percent, of the training images as they were seen. seconds: of the epoch. images: passes of an image through a path.
    gradient_norm: mean L2 norm before clipping.
    """

    epoch: int
    updates: int
    lr: float
    loss: float
    accuracy: float
    seconds: float
    images: int | None = None
    gradient_norm: float | None = None


COLUMNS = [field.name for field in fields(EpochRow)]


def row(epoch: Any) -> dict[str, Any]:
    """An epoch (supernet.training.trainer.Epoch) as a flat row: its fields, and a column for the samples of each
    operation at each choice point."""
    flat = dict(vars(epoch))
    samples = flat.pop("samples")
    return flat | {f"{SAMPLES}{name}": count for name, count in samples.items()}


def write(epochs: Sequence[Any], folder: Path, run_id: str) -> pd.DataFrame:
    """Write the file; the table. Without an epoch it has COLUMNS and no row."""
    frame = pd.DataFrame([row(epoch) for epoch in epochs])
    if frame.empty:
        frame = pd.DataFrame(columns=COLUMNS)
    frame.insert(0, "run_id", run_id)
    write_atomic(folder / FILE, lambda file: frame.to_csv(file, index=False))
    return frame


def read(folder: Path, run_id: str | None = None) -> list[dict[str, Any]]:
    """The rows, NaN for what is not known.

    Args:
        run_id: of the run that they must be of, if they say so.

    Raises:
        ValueError: the file is missing, damaged or of another run.
    """
    path = folder / FILE
    try:
        frame = pd.read_csv(path, dtype={"run_id": str})
    except (OSError, ValueError) as error:
        raise ValueError(f"history: {path} cannot be read ({error})") from error
    if "run_id" in frame:
        others = set(map(str, frame.pop("run_id"))) - {run_id}
        if others and run_id is not None:
            raise ValueError(f"history: {path} is of the run {min(others)}, not of {run_id}")
    for name in ("epoch", "seconds"):
        if name not in frame:
            raise ValueError(f"history: {path} has no column {name!r}")
        if not np.isfinite(pd.to_numeric(frame[name], errors="coerce")).all():
            raise ValueError(f"history: {path}: not every {name} is a number")
    return [{str(name): value for name, value in one.items()} for one in frame.to_dict("records")]
