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

from studies.study import Run
from supernet.files import write_atomic
from supernet.spaces import Architecture, Space

COLUMNS = ["arch", "measure", "score", "loss", "status", "seconds"]
WRITE_EVERY = 500  # scores; what a kill may cost

WRITE_AFTER = 30.0  # seconds; the same for scores that take long

Pair = tuple[str, Architecture]  # measure (of a supernet: BN mode), architecture
Row = dict[str, Any]  # COLUMNS, and of other estimators than supernets also steps, macs, details (JSON)


def read(folder: Path) -> pd.DataFrame:
    """The scores so far, in a fixed order; an empty frame if there are none. ValueError if a file is damaged."""
    frames = []
    for path in (folder / "scores.parquet", *sorted(folder.glob("scores.part-*.parquet"))):
        if not path.exists():
            continue
        try:
            frames.append(pd.read_parquet(path))
        except Exception as error:
            raise ValueError(f"scores: {path} cannot be read ({error}); delete it to score again") from error
    frames = [frame for frame in frames if len(frame)]
    if not frames:
        return pd.DataFrame(columns=COLUMNS)
    scores = pd.concat(frames, ignore_index=True).drop_duplicates(["measure", "arch"])
    return scores.sort_values(["measure", "arch"], ignore_index=True)


def missing(run: Run, architectures: list[Architecture]) -> list[Pair]:
    """(measure, architecture) pairs that have no score yet."""
    scores, space = read(run.folder), run.variant.masked_space
    have = set(zip(scores["measure"], scores["arch"], strict=True))
    texts = [(space.text(architecture), architecture) for architecture in architectures]
    return [(mode, a) for mode in run.variant.measures for text, a in texts if (mode, text) not in have]


def record(run: Run, architectures: list[Architecture], known: dict[str, Any] | None) -> dict[str, Any]:
    """What says, without the file of scores being opened, that these architectures have theirs: `bytes`, its size,
    and `sets`, hashes of all sets that were asked for. known: the record before, to which this one adds."""
    sets = {*(known or {}).get("sets", []), _hash(run, architectures)}
    return {"bytes": (run.folder / "scores.parquet").stat().st_size, "sets": sorted(sets)}


def is_recorded(run: Run, architectures: list[Architecture], known: dict[str, Any] | None) -> bool:
    """Whether a record says so, and is of the file that is there."""
    if not known or _hash(run, architectures) not in known["sets"]:
        return False
    path = run.folder / "scores.parquet"
    return path.exists() and path.stat().st_size == known["bytes"]


def _hash(run: Run, architectures: list[Architecture]) -> str:
    return _hash_of(run.variant.masked_space, run.variant.measures, tuple(architectures))


@lru_cache(maxsize=256)
def _hash_of(space: Space, modes: tuple[str, ...], architectures: tuple[Architecture, ...]) -> str:
    text = "\n".join([*sorted(modes), "", *sorted(map(space.text, architectures))])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def merge(folder: Path) -> pd.DataFrame:
    """Put all files into `scores.parquet`; the scores."""
    scores = read(folder)
    parts = list(folder.glob("scores.part-*.parquet"))
    if parts or not (folder / "scores.parquet").exists():
        write_atomic(folder / "scores.parquet", lambda file: scores.to_parquet(file, index=False))
    for path in parts:
        path.unlink(missing_ok=True)
    return scores


class Part:
    """What one process adds, rewritten after every `WRITE_EVERY` scores and every `WRITE_AFTER` seconds."""

    def __init__(self, run: Run, number: int) -> None:
        self.path = run.folder / f"scores.part-{number}.parquet"
        self.rows: list[Row] = []
        self.written, self.when = 0, time.monotonic()

    def add(self, row: Row) -> None:
        self.rows.append(row)
        late = time.monotonic() - self.when > WRITE_AFTER
        if late or len(self.rows) - self.written >= WRITE_EVERY:
            self.write()

    def write(self) -> None:
        if len(self.rows) > self.written:
            frame = pd.DataFrame(self.rows)
            write_atomic(self.path, lambda file: frame.to_parquet(file, index=False))
            self.written, self.when = len(self.rows), time.monotonic()
