"""What the files of one run say, and whether they are that run's and as they were written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.store import result as result_file
from analysis.store import sealed
from analysis.store.result import CONFIG, HISTORY, MILESTONES, REMEDY, SCORES
from supernet.files import read_object

NOT_RUN = "not run yet"
NUMBERS = ("score", "loss", "seconds")


@dataclass(frozen=True)
class Look:
    """result: of `result.json`; {'status': 'missing'} while there is none, and 'failed' if a file cannot be used.
    damage: then which and why, with what to do; None if all is well. sealed: False for a run that has ended and was
    written before files were bound together."""

    result: dict[str, Any]
    damage: str | None = None
    sealed: bool = True


def look(folder: Path, run_id: str) -> Look:
    """Read and check the result of a run and, if it has finished, its scores."""
    try:
        found = result_file.read(folder, run_id)
        if found is None:
            return Look({"status": "missing", "reason": NOT_RUN})
        for name in (HISTORY, CONFIG, MILESTONES):
            check_as_written(folder, found, name)
        if CONFIG not in found.get("files", {}) and (folder / CONFIG).is_file():
            read_object(folder / CONFIG)
        if found["status"] == "finished":
            check_scores(folder, run_id, found)
    except (ValueError, OSError) as error:
        damage = f"{_told(error)}; {REMEDY}"
        return Look({"status": "failed", "reason": damage}, damage)
    return Look(found, sealed="seal" in found)


def check_as_written(folder: Path, result: dict[str, Any], name: str) -> None:
    """ValueError if the result says what a file of the run is, and it is something else or gone."""
    path = folder / name
    if name in result.get("files", {}):
        if not path.is_file():
            raise ValueError(f"{path} is missing")
        if not result_file.is_as_written(folder, result, name):
            raise ValueError(f"{path} is damaged: it is not the file that {result_file.FILE} describes")


def check_scores(folder: Path, run_id: str, result: dict[str, Any]) -> None:
    """ValueError or OSError unless the scores are the run's own and whole. A file that was replaced since the result
    was written passes if its own seal says so: a run that was killed between the two writes leaves that."""
    path = folder / SCORES
    if not path.is_file():
        raise ValueError(f"{path} is missing")
    if not result_file.is_as_written(folder, result, SCORES):
        frame, has_seal = sealed.read_with_seal(path, run_id)
        if not has_seal and SCORES in result.get("files", {}):
            raise ValueError(f"{path} is damaged: it is not the file that {result_file.FILE} describes")
        check_rows(frame, path)


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


def _told(error: ValueError | OSError) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split())
