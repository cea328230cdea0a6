"""`milestones.parquet`: scores of a small fixed part of the score sets, taken while a run trained."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from analysis.store import sealed
from analysis.store.result import MILESTONES

FILE = MILESTONES


@dataclass(frozen=True, kw_only=True)
class MilestoneScore:
    """A row: one architecture after one epoch. epoch: from 1. budget: architectures that the milestone was to score.
    The others are as in scores.parquet (analysis/store/scores.py)."""

    epoch: int
    budget: int
    arch: str
    measure: str
    score: float
    loss: float
    status: str
    seconds: float


COLUMNS = [field.name for field in fields(MilestoneScore)]


def read(folder: Path, run_id: str | None = None) -> pd.DataFrame:
    """The milestones of a run; an empty frame if there are none.

    Args:
        run_id: of the run that they must be of, if they say so.

    Raises:
        ValueError: the file is damaged or of another run.
    """
    path = folder / FILE
    if not path.exists():
        return pd.DataFrame(columns=COLUMNS)
    try:
        frame = sealed.read(path, run_id)
    except ValueError as error:
        raise ValueError(f"milestones: {error}; delete it") from error
    if lacking := [name for name in COLUMNS if name not in frame]:
        raise ValueError(f"milestones: {path} has no column {lacking[0]!r}; delete it")
    return frame


def write(frame: pd.DataFrame, folder: Path, run_id: str) -> None:
    """Write the milestones of a run, all of them so far: COLUMNS."""
    sealed.write(frame, folder / FILE, run_id)
