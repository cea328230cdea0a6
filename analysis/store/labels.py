"""`labels.parquet`: the architectures whose labels a predictor was told, in the order in which it asked for them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from analysis.store import sealed
from analysis.store.result import LABELS

FILE = LABELS


@dataclass(frozen=True, kw_only=True)
class Label:
    """A row: one architecture. label: of its table's column, in that column's unit. round: from 1, in which it was
    chosen. fitted: whether the last fit had it; a member that cannot score it leaves it out."""

    arch: str
    label: float
    round: int
    fitted: bool


COLUMNS = [field.name for field in fields(Label)]


def write(frame: pd.DataFrame, folder: Path, run_id: str) -> None:
    """Write rows of COLUMNS."""
    sealed.write(frame[COLUMNS], folder / FILE, run_id)


def read(folder: Path, run_id: str | None = None) -> pd.DataFrame:
    """COLUMNS of a run. ValueError, naming the file, if it is damaged, of another run, or lacks a column; OSError if it
    is not there."""
    frame = sealed.read(folder / FILE, run_id)
    if lacking := [name for name in COLUMNS if name not in frame]:
        raise ValueError(f"labels: {folder / FILE} has no column {lacking[0]!r}")
    return frame
