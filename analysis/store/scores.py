"""`scores.parquet`: the scores of a run; while several processes score, a file of each, `scores.part-K.parquet`.

Scores are the same bits whoever computes them, so that files may be put together in any order.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.store import sealed
from analysis.store.result import SCORES

FILE = SCORES
PARTS = "scores.part-*.parquet"
WRITE_EVERY = 500  # scores; what a kill may cost
WRITE_AFTER = 30.0  # seconds; the same for scores that take long

Row = dict[str, Any]  # the fields of Score by name; those of the estimator's own may be absent


@dataclass(frozen=True, kw_only=True)
class Score:
    """A row: one architecture by one measure. Only supernets have a loss, only other estimators the last three.

    arch: official text. measure: how it was scored, of a supernet the BatchNorm mode. score: accuracy in percent where
    it is one; higher is better, NaN for none. loss: cross-entropy in nats. status: 'ok', or why there is no score.
    seconds: of this score. steps: optimizer updates. macs: multiply-accumulates. details: JSON, the estimator's own.
    """

    arch: str
    measure: str
    score: float
    loss: float
    status: str
    seconds: float
    steps: float | None = None
    macs: float | None = None
    details: str | None = None


COLUMNS = [field.name for field in fields(Score)][:6]  # which every file has that this project writes
NUMBERS = ("score", "loss", "seconds")


def files(folder: Path) -> list[Path]:
    """The files of scores that a run has."""
    return [path for path in (folder / FILE, *sorted(folder.glob(PARTS))) if path.exists()]


def read_file(path: Path, run_id: str | None = None) -> pd.DataFrame:
    """The rows of one file.

    Raises:
        ValueError: the file is damaged or of another run.
    """
    return _checked(path, run_id)[0]


def read(folder: Path, run_id: str | None = None) -> pd.DataFrame:
    """The scores so far of all files, in a fixed order; an empty frame if there are none.

    Args:
        run_id: of the run that they must be of, if they say so.

    Raises:
        ValueError: a file is damaged or of another run.
    """
    return _read(folder, run_id)[0]


def merge(folder: Path, run_id: str) -> pd.DataFrame:
    """Put all files into one, sealed; the scores."""
    path, parts = folder / FILE, list(folder.glob(PARTS))
    scores, is_sealed = _read(folder, run_id)
    if parts or not is_sealed:
        sealed.write(scores, path, run_id)
    for part in parts:
        part.unlink(missing_ok=True)
    return scores


def check_rows(frame: pd.DataFrame, path: Path) -> None:
    """ValueError unless the rows of a file are scores, one for each architecture and measure."""
    for name in ("arch", "measure", "score"):
        if name not in frame:
            raise ValueError(f"{path}: no column {name!r}")
    for name in NUMBERS:
        if name in frame and len(frame) and not _is_numeric(frame[name]):
            raise ValueError(f"{path}: column {name!r} is not numeric")
    twice = frame.duplicated(["measure", "arch"])
    if twice.any():
        row = frame[twice].iloc[0]
        raise ValueError(f"{path}: {row['arch']!r} has more than one row of the measure {row['measure']!r}")


def _is_numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) or bool(column.isna().all())


def _checked(path: Path, run_id: str | None) -> tuple[pd.DataFrame, bool]:
    """The rows of a file, and whether it is sealed."""
    frame, is_sealed = sealed.read_with_seal(path, run_id)
    check_rows(frame, path)
    return frame, is_sealed


def _read(folder: Path, run_id: str | None) -> tuple[pd.DataFrame, bool]:
    """The scores of all files, and whether the main one is there and sealed."""
    frames, main_is_sealed = [], False
    for path in files(folder):
        try:
            frame, is_sealed = _checked(path, run_id)
        except ValueError as error:
            raise ValueError(f"scores: {error}; delete it to score again") from error
        main_is_sealed = main_is_sealed or (path.name == FILE and is_sealed)
        if len(frame):
            frames.append(frame)
    if not frames:
        return pd.DataFrame(columns=COLUMNS), main_is_sealed
    scores = pd.concat(frames, ignore_index=True).drop_duplicates(["measure", "arch"])
    return scores.sort_values(["measure", "arch"], ignore_index=True), main_is_sealed


class Part:
    """What one process adds to a run, rewritten after every `WRITE_EVERY` scores and every `WRITE_AFTER` seconds."""

    def __init__(self, folder: Path, run_id: str, number: int) -> None:
        self.path, self.run_id = folder / PARTS.replace("*", f"{number}"), run_id
        self.rows: list[Row] = []
        self.written, self.when = 0, time.monotonic()

    def add(self, row: Row) -> None:
        self.rows.append(row)
        late = time.monotonic() - self.when > WRITE_AFTER
        if late or len(self.rows) - self.written >= WRITE_EVERY:
            self.write()

    def write(self) -> None:
        if len(self.rows) > self.written:
            sealed.write(pd.DataFrame(self.rows), self.path, self.run_id)
            self.written, self.when = len(self.rows), time.monotonic()
