"""The epochs of a training as a table: `history.csv`, a row an epoch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from supernet.files import write_atomic
from supernet.training import Epoch

FILE = "history.csv"
SAMPLES = "samples/"  # columns 'samples/CHOICE POINT/OPERATION'


def row(epoch: Epoch) -> dict[str, Any]:
    """An epoch as a flat row: its fields, and one for the samples of each operation at each choice point."""
    flat = dict(vars(epoch))
    samples = flat.pop("samples")
    return flat | {f"{SAMPLES}{name}": count for name, count in samples.items()}


def write(epochs: Iterable[Epoch], folder: Path) -> pd.DataFrame:
    """Write `history.csv`; the table. Without an epoch it has its columns and no row."""
    frame = pd.DataFrame([row(epoch) for epoch in epochs])
    if frame.empty:
        frame = pd.DataFrame(columns=[name for name in Epoch.__dataclass_fields__ if name != "samples"])
    write_atomic(folder / FILE, lambda file: frame.to_csv(file, index=False))
    return frame


def read(folder: Path) -> list[dict[str, Any]]:
    """The rows of `history.csv`, NaN for what is not known. ValueError if the file is missing or damaged."""
    path = folder / FILE
    try:
        frame = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise ValueError(f"history: {path} cannot be read ({error})") from error
    if lacking := [name for name in ("epoch", "seconds") if name not in frame]:
        raise ValueError(f"history: {path} has no column {lacking[0]!r}")
    return [{str(name): value for name, value in one.items()} for one in frame.to_dict("records")]
