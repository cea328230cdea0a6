"""One run: prepare (train a supernet), score architectures, write the results. Finished work is never done twice.

The run's folder holds `config.json`, `scores.parquet`, `result.json` and what the preparation keeps: of a supernet
`checkpoint.pt` (after every epoch) and `history.csv`. A run that was killed goes on from there and from its scores
and ends with the same bits. Its parts, `train`, `score` (several of them, in as many processes) and `finish`, can be
done apart. Whoever works on a run holds its lock. What a ranker does in them: studies/estimators/one_shot.py for
supernets, studies/estimators/estimating.py for the other estimators.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

from analysis.store import config as config_file
from analysis.store import result as result_file
from analysis.store import scores as score_files
from analysis.store.run import Look, look
from studies.estimators import estimating, one_shot
from studies.model.study import Run
from studies.model.variant import Variant
from studies.running import repair, scores
from studies.running.failures import in_one_line
from studies.running.lock import Held, Lock, hold
from studies.running.progress import Report
from studies.running.provenance import versions
from studies.tracking.live import write_end
from supernet.files import remove_stale, write_text
from supernet.spaces import Architecture


def run_one(run: Run, architectures: list[Architecture], device: str, report: Report) -> dict[str, Any]:
    """Bring a run to its end; its result, also written to `result.json`.

    result: run_id, status ('finished', 'diverged' or 'failed'), reason, updates, epochs, train_seconds,
    score_seconds, scored (what `is_complete` goes by), and the digests of the run's files. A failure is a result: other
    runs go on, and this one is tried again next time. A result that is not written has status 'held': another process
    has the run.
    """

    def work(lock: Lock) -> dict[str, Any]:
        if is_complete(run, architectures, with_checkpoint=True):  # since this process looked, by another
            return run.result() or {}
        result = _prepare(run, device, report, lock)
        if result["status"] != "finished":
            return result
        if pairs := to_score(run, architectures):
            _score(run, pairs, (0, 1), device, report)
        return finish(run, result, architectures, lock)

    return _alone(run, work)


def train(run: Run, device: str, report: Report) -> dict[str, Any]:
    """Prepare: train a supernet to the end of its budget. The result so far, written unless scores are to come."""
    return _alone(run, lambda lock: _prepare(run, device, report, lock))


def _alone(run: Run, work: Callable[[Lock], dict[str, Any]]) -> dict[str, Any]:
    """The result of work that has the run to itself, or of its failure."""
    try:
        with hold(run.folder) as lock:
            try:
                return work(lock)
            except Exception as error:
                lock.check()
                return failure(run, error)
    except Exception as error:
        return failure(run, error)


def to_score(run: Run, architectures: list[Architecture]) -> list[scores.Pair]:
    """What is left to score, with the files of an interrupted scoring put together."""
    score_files.merge(run.folder, run.run_id)
    return scores.missing(run, architectures)


def score(
    run: Run, pairs: list[scores.Pair], part: tuple[int, int], device: str, report: Report
) -> dict[str, Any] | None:
    """Score part k of n of the pairs, by the trained network's checkpoint; None, or the result of a failure."""
    try:
        _score(run, pairs, part, device, report)
        return None
    except Exception as error:
        return failure(run, error)


def finish(run: Run, result: dict[str, Any], architectures: list[Architecture], lock: Lock) -> dict[str, Any]:
    """Put all scores into one file, add their time to the result of the training, and write it."""
    try:
        lock.check()
        found = score_files.merge(run.folder, run.run_id)
        known = (run.result() or {}).get("scored")
        result = result | {
            "score_seconds": round(float(found["seconds"].sum()), 2),
            "scored": scores.record(run, architectures, known),
            "versions": versions(),
        }
        write_end(run)
        return result_file.write(run.folder, result)
    except Exception as error:
        return failure(run, error)


def failure(run: Run, error: Exception) -> dict[str, Any]:
    """The result of a run that failed, written down unless it has finished before: what failed then was added. A run
    that another process has did not fail."""
    result = {
        "run_id": run.run_id,
        "status": "held" if isinstance(error, Held) else "failed",
        "reason": in_one_line(error),
    }
    if isinstance(error, Held):
        return result
    if not isinstance(error, (ValueError, OSError)):
        with suppress(OSError):
            write_text(run.folder / "error.log", "".join(traceback.format_exception(error)))
    with suppress(OSError, ValueError):
        if (run.result() or {}).get("status") != "finished":
            return result_file.write(run.folder, result, bind=False)
    return result


def is_complete(run: Run, architectures: list[Architecture], with_checkpoint: bool = False) -> bool:
    """Whether nothing is left to do: diverged, or finished with every architecture scored by every measure, and no file
    of the run is damaged. with_checkpoint: look at the checkpoint as well, which takes longest and which only more
    scores would need."""
    seen = look(run.folder, run.run_id)
    if seen.damage or (with_checkpoint and not repair.checkpoint_is_whole(run, seen.result)):
        return False
    return has_all(run, architectures, seen)


def has_all(run: Run, architectures: list[Architecture], seen: Look) -> bool:
    """The same of a run whose files have been looked at, without its checkpoint."""
    if seen.damage or seen.result["status"] in ("failed", "missing"):
        return False
    if seen.result["status"] == "diverged" or scores.is_recorded(run, architectures, seen):
        return True
    return not scores.missing(run, architectures)


def _prepare(run: Run, device: str, report: Report, lock: Lock) -> dict[str, Any]:
    """Do what comes before any score; the result so far. It is written at once if no score will follow."""
    remove_stale(run.folder, age=0)  # nobody else is writing here
    for line in repair.repair(run):
        print(f"note: {run.name}: {line}", file=sys.stderr, flush=True)
    before = run.result()
    if before and before["status"] == "diverged":
        return before
    config_file.write(run.folder, run.variant.config(run.seed))
    found = _worker(run).prepare(run, device, report, lock.check)
    result = {"run_id": run.run_id, **found, "score_seconds": 0.0}
    if result["status"] != "finished":
        lock.check()
        write_end(run)
        return result_file.write(run.folder, result)
    return result


def _score(run: Run, pairs: list[scores.Pair], part: tuple[int, int], device: str, report: Report) -> None:
    written = score_files.Part(run.folder, run.run_id, part[0])
    for row in _worker(run).score(run, pairs, part, device, report):
        written.add(row)
    written.write()


def _worker(run: Run) -> ModuleType:
    """What prepares and scores such a run."""
    return one_shot if isinstance(run.variant, Variant) else estimating
