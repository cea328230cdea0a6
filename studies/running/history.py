"""The epochs of a training as a table: `history.csv`, a row an epoch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.store.result import HISTORY
from supernet.files import write_atomic
from supernet.training.trainer import Epoch

FILE = HISTORY
SAMPLES = "samples/"  # columns 'samples/CHOICE POINT/OPERATION'


def row(epoch: Epoch) -> dict[str, Any]:
    """An epoch as a flat row: its fields, and one for the samples of each operation at each choice point."""
    flat = dict(vars(epoch))
    samples = flat.pop("samples")
    return flat | {f"{SAMPLES}{name}": count for name, count in samples.items()}


def write(epochs: Iterable[Epoch], folder: Path, run_id: str) -> pd.DataFrame:
    """Write `history.csv` of a run, whose id is its first column; the table. Without an epoch it has its columns and no
    row."""
    frame = pd.DataFrame([row(epoch) for epoch in epochs])
    if frame.empty:
        frame = pd.DataFrame(columns=[name for name in Epoch.__dataclass_fields__ if name != "samples"])
    frame.insert(0, "run_id", run_id)
    write_atomic(folder / FILE, lambda file: frame.to_csv(file, index=False))
    return frame


def read(folder: Path, run_id: str | None = None) -> list[dict[str, Any]]:
    """The rows of `history.csv`, NaN for what is not known. run_id: of the run that they must be of, if they say so.
    ValueError if the file is missing, damaged or of another run."""
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
