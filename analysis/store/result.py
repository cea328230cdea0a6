"""`result.json`: how a run ended, and the digests that bind the run's files together.

files: the SHA-256 of the run's other files as they were when the result was written. seal: that of the result itself,
as canonical JSON without this key. Results written before these existed have neither and are taken as they are.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

from supernet.files import digest, read_object, write_text

FILE = "result.json"
SCORES, HISTORY, CONFIG = "scores.parquet", "history.csv", "config.json"
MILESTONES = "milestones.parquet"
CHECKPOINT = "checkpoint.pt"  # written and read by supernet/training/checkpoint.py
RANKED, LABELS = "ranked.parquet", "labels.parquet"
BOUND = (
    SCORES,
    CHECKPOINT,
    HISTORY,
    CONFIG,
    MILESTONES,
    RANKED,
    LABELS,
)  # the files whose digests a result holds
REMEDY = "`python -m studies run` makes it again"


class Scored(TypedDict):
    """sets: hashes of all sets of architectures that were asked for and have their scores."""

    sets: list[str]


class Labels(TypedDict):
    """What the labels that a predictor was told cost whoever trained them: of all together; None where the table does
    not say. functions: how many were trained. macs: multiply-accumulates."""

    functions: int
    epochs: int | None
    updates: int | None
    train_seconds: float | None
    macs: float | None


class Result(TypedDict):
    """seconds and counts as far as they are known. Other keys are the estimator's own."""

    run_id: NotRequired[str]
    status: Literal["finished", "diverged", "failed"]
    reason: NotRequired[str | None]
    updates: NotRequired[int | None]
    epochs: NotRequired[int | None]
    train_seconds: NotRequired[float | None]
    score_seconds: NotRequired[float | None]
    scored: NotRequired[Scored]
    labels: NotRequired[Labels]
    versions: NotRequired[dict[str, str]]
    files: NotRequired[dict[str, str]]
    seal: NotRequired[str]


def write(folder: Path, result: dict[str, Any], bind: bool = True) -> dict[str, Any]:
    """Write the result of a run; returns it with its seal. bind: with the digests of its files as they are now."""
    content = sealed(folder, result, bind)
    write_text(folder / FILE, json.dumps(content, indent=1) + "\n")
    return content


def sealed(folder: Path, result: dict[str, Any], bind: bool = True) -> dict[str, Any]:
    """What is to be written."""
    content = {key: value for key, value in result.items() if key not in ("files", "seal")}
    if bind:
        paths = [folder / name for name in BOUND]
        content["files"] = {path.name: digest(path) for path in paths if path.is_file()}
    return content | {"seal": _seal(content)}


def read(folder: Path, run_id: str) -> dict[str, Any] | None:
    """The result of a run; None while there is none. ValueError, naming the file, if it is damaged or of another run;
    OSError if it cannot be read."""
    path = folder / FILE
    if not path.exists():
        return None
    result = read_object(path, Result)
    if ("seal" in result or "files" in result) and result.get("seal") != _seal(result):
        raise ValueError(f"{path} is damaged: its content is not what was written")
    if result.get("run_id", run_id) != run_id:
        raise ValueError(f"{path} is of the run {result['run_id']!r:.40}, not of {run_id}")
    return result


def is_as_written(folder: Path, result: dict[str, Any], name: str) -> bool | None:
    """Whether a file of the run is the one that its result was written with; None if the result does not say."""
    known = result.get("files", {}).get(name)
    return None if known is None else digest(folder / name) == known


def _seal(content: dict[str, Any]) -> str:
    text = json.dumps(
        {k: v for k, v in content.items() if k != "seal"}, sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()
