"""Files of a run that cannot be used are taken away, so that the parts of the run that made them are done again.

A damaged file is removed. A whole one of another run, put there by mistake, may be the only one of its kind: it stays,
under a name that says whose it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from analysis.store import labels, milestones, ranked, scores, sealed, signatures
from analysis.store import result as result_file
from analysis.store.run import check_scores, look
from studies.model.study import Run
from studies.running.state import has_all
from supernet.files import read_object
from supernet.spaces import Architecture
from supernet.training import checkpoint


def is_complete_and_whole(run: Run, architectures: list[Architecture]) -> bool:
    """Whether nothing is left to do and the checkpoint is whole as well, which takes longest to tell."""
    seen = look(run.folder, run.run_id)
    return has_all(run, architectures, seen) and checkpoint_is_whole(run, seen.result)


def repair(run: Run) -> list[str]:
    """Take away what cannot be used; a line for each file: what was wrong with it and what became of it. Whoever calls
    has the run's lock."""
    return list(_repairs(run))


def checkpoint_is_whole(run: Run, result: dict[str, Any]) -> bool:
    """Whether the checkpoint can be used; also true if there is none. One that was replaced since the result was
    written can be: a training that is done again leaves that."""
    path = run.folder / result_file.CHECKPOINT
    if not path.exists() or result_file.is_as_written(run.folder, result, result_file.CHECKPOINT):
        return True
    try:
        checkpoint.load(path, run_id=run.run_id)
    except ValueError:
        return False
    return True


def _repairs(run: Run) -> Iterator[str]:
    folder, run_id = run.folder, run.run_id

    def attempt(path: Path, read: Callable[[], object]) -> Iterator[str]:
        """Take the file away if reading it fails."""
        try:
            if path.exists():
                read()
        except ValueError as error:
            yield f"{_what_is_wrong(error)}; {_take_away(path, run_id)}"

    result_path = folder / result_file.FILE
    yield from attempt(result_path, lambda: result_file.read(folder, run_id))
    result = result_file.read(folder, run_id) or {}
    path = folder / result_file.CHECKPOINT
    if not checkpoint_is_whole(run, result):
        yield from attempt(path, lambda: checkpoint.load(path, run_id=run_id))
    for part in scores.files(folder):
        yield from attempt(part, partial(scores.read_file, part, run_id))
    if result.get("status") == "finished" and (folder / scores.FILE).exists():
        yield from attempt(folder / scores.FILE, lambda: check_scores(folder, run_id, result))
    for name in (milestones.FILE, ranked.FILE, labels.FILE, signatures.FILE):
        yield from attempt(folder / name, partial(sealed.read, folder / name, run_id))
    for path in sorted(folder.glob("*.pt")):
        if path.name != result_file.CHECKPOINT:  # what an estimator keeps of its preparation
            yield from attempt(path, partial(checkpoint.load, path, run_id=run_id))


def _take_away(path: Path, run_id: str) -> str:
    """What became of the file."""
    owner = _owner(path)
    if owner is None or owner == run_id:
        path.unlink()
        return "removed, made again"
    kept = path.with_name(f"{path.name}.of-{owner}")
    path.replace(kept)
    return f"kept as {kept.name}, made again"


def _owner(path: Path) -> str | None:
    """The run that a file says it is of, if it is whole."""
    try:
        if path.suffix == ".parquet":
            found: Any = sealed.owner(path)
        elif path.suffix == ".pt":
            found = checkpoint.load(path).get("run_id")
        else:
            found = read_object(path).get("run_id")
    except ValueError:
        return None
    return found if isinstance(found, str) and found.isalnum() and len(found) <= 40 else None


def _what_is_wrong(error: ValueError) -> str:
    return " ".join(str(error).split()).split("; delete it")[0]
