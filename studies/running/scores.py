"""A run's scores on disk: `scores.parquet`, and while several processes score, a file of each beside it.

Scores are the same bits whoever computes them, so files may be put together in any order.
"""

from __future__ import annotations

import hashlib
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.store import sealed
from analysis.store.result import SCORES, is_as_written
from analysis.store.run import check_rows
from studies.model.study import Run
from supernet.spaces import Architecture, Space

PARTS = "scores.part-*.parquet"
COLUMNS = ["arch", "measure", "score", "loss", "status", "seconds"]
WRITE_EVERY = 500  # scores; what a kill may cost

WRITE_AFTER = 30.0  # seconds; the same for scores that take long

Pair = tuple[str, Architecture]  # measure (of a supernet: BN mode), architecture
Row = dict[str, Any]  # COLUMNS, and of other estimators than supernets also steps, macs, details (JSON)


def files(folder: Path) -> list[Path]:
    """The files of scores that there are."""
    return [path for path in (folder / SCORES, *sorted(folder.glob(PARTS))) if path.exists()]


def read_file(path: Path, run_id: str | None = None) -> pd.DataFrame:
    """The rows of one file. ValueError if it is damaged or of another run."""
    frame = sealed.read(path, run_id)
    check_rows(frame, path)
    return frame


def read(folder: Path, run_id: str | None = None) -> pd.DataFrame:
    """The scores so far, in a fixed order; an empty frame if there are none. run_id: of the run that they must be of,
    if they say so. ValueError if a file is damaged or of another run."""
    frames = []
    for path in files(folder):
        try:
            frames.append(read_file(path, run_id))
        except ValueError as error:
            raise ValueError(f"scores: {error}; delete it to score again") from error
    frames = [frame for frame in frames if len(frame)]
    if not frames:
        return pd.DataFrame(columns=COLUMNS)
    scores = pd.concat(frames, ignore_index=True).drop_duplicates(["measure", "arch"])
    return scores.sort_values(["measure", "arch"], ignore_index=True)


def missing(run: Run, architectures: list[Architecture]) -> list[Pair]:
    """(measure, architecture) pairs that have no score yet."""
    scores, space = read(run.folder, run.run_id), run.variant.masked_space
    have = set(zip(scores["measure"], scores["arch"], strict=True))
    texts = [(space.text(architecture), architecture) for architecture in architectures]
    return [(mode, a) for mode in run.variant.measures for text, a in texts if (mode, text) not in have]


def record(run: Run, architectures: list[Architecture], known: dict[str, Any] | None) -> dict[str, Any]:
    """What says, without the file of scores being parsed, that these architectures have theirs: `sets`, hashes of all
    sets that were asked for. known: the record before, to which this one adds."""
    return {"sets": sorted({*(known or {}).get("sets", []), _hash(run, architectures)})}


def is_recorded(run: Run, architectures: list[Architecture], result: dict[str, Any]) -> bool:
    """Whether a result says so, and was written with the file that is there."""
    recorded = _hash(run, architectures) in result.get("scored", {}).get("sets", [])
    return recorded and (run.folder / SCORES).exists() and bool(is_as_written(run.folder, result, SCORES))


def _hash(run: Run, architectures: list[Architecture]) -> str:
    return _hash_of(run.variant.masked_space, run.variant.measures, tuple(architectures))


@lru_cache(maxsize=256)
def _hash_of(space: Space, modes: tuple[str, ...], architectures: tuple[Architecture, ...]) -> str:
    text = "\n".join([*sorted(modes), "", *sorted(map(space.text, architectures))])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def merge(run: Run) -> pd.DataFrame:
    """Put all files into `scores.parquet`; the scores."""
    path = run.folder / SCORES
    scores = read(run.folder, run.run_id)
    parts = list(run.folder.glob(PARTS))
    if parts or not path.exists() or not sealed.read_with_seal(path, run.run_id)[1]:
        sealed.write(scores, path, run.run_id)
    for path in parts:
        path.unlink(missing_ok=True)
    return scores


class Part:
    """What one process adds, rewritten after every `WRITE_EVERY` scores and every `WRITE_AFTER` seconds."""

    def __init__(self, run: Run, number: int) -> None:
        self.path, self.run_id = run.folder / PARTS.replace("*", f"{number}"), run.run_id
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
