"""`signatures.parquet`: what blockwise distillation found out about each block of each stage."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from analysis.store import sealed

FILE = "signatures.parquet"


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A row: one block of one stage.

    stage: from 0. block: the ints of its cells, a comma between cells. epoch: whose weights are kept, from 1; 0 where
    none was finite, and then the rest is NaN. mse, nsr: of the validation images after that epoch. dead_channels: of
    the teacher's output, left out of nsr. accuracy_change (percentage points), loss_change: of the teacher with the
    block in the stage's place. train_loss: of that epoch. seconds: of its distillation, its share of what was trained
    side by side.
    """

    stage: int
    block: str
    epoch: int
    mse: float
    nsr: float
    dead_channels: int
    accuracy_change: float
    loss_change: float
    train_loss: float
    seconds: float


COLUMNS = [field.name for field in fields(Signature)]


def text(block: tuple[tuple[int, ...], ...]) -> str:
    """A block as the file spells it."""
    return ", ".join(" ".join(map(str, cell)) for cell in block)


def write(frame: pd.DataFrame, folder: Path, run_id: str) -> None:
    """Write all rows of a run: COLUMNS."""
    sealed.write(frame[COLUMNS], folder / FILE, run_id)


def read(folder: Path, run_id: str | None = None) -> pd.DataFrame:
    """The rows of a run. ValueError, naming the file, if it is missing, damaged or of another run."""
    path = folder / FILE
    if not path.exists():
        raise ValueError(f"signatures: {path} is missing; run it again")
    try:
        frame = sealed.read(path, run_id)
    except ValueError as error:
        raise ValueError(f"signatures: {error}; delete it") from error
    if lacking := [name for name in COLUMNS if name not in frame]:
        raise ValueError(f"signatures: {path} has no column {lacking[0]!r}; delete it")
    return frame
