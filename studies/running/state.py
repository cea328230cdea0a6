"""The state of a run by its own files and its lock: which scores it has and which it lacks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from analysis.store import scores
from analysis.store.result import CHECKPOINT
from analysis.store.run import Look, look
from studies.estimators.estimator import Pair
from studies.model.study import Run
from studies.running import lock
from supernet.spaces import Architecture, Space

STATES = ("done", "diverged", "running", "interrupted", "failed", "damaged", "to score", "to do")
COMPLETE = ("done", "diverged")


@dataclass(frozen=True)
class State:
    """name: one of STATES; 'to score': it is trained, and scores are asked for that it lacks. seconds: of training and
    scoring, None while not known. detail: who has it, why it failed and where that is written, or which file is
    damaged, which `studies run` makes again."""

    name: str
    seconds: float | None = None
    detail: str = ""


def has_all(run: Run, architectures: list[Architecture], seen: Look) -> bool:
    """Whether nothing is left to do for a run whose files have been looked at: diverged, or finished with every
    architecture scored by every measure, and no file is damaged. The checkpoint, which only more scores would need, is
    not looked at: repair.py does."""
    if seen.damage or seen.result["status"] in ("failed", "missing"):
        return False
    if seen.result["status"] == "diverged" or is_recorded(run, architectures, seen):
        return True
    return not missing(run, architectures)


def is_complete(run: Run, architectures: list[Architecture]) -> bool:
    """The same of a run whose files are looked at now."""
    return has_all(run, architectures, look(run.folder, run.run_id))


def state_of(run: Run, architectures: list[Architecture]) -> State:
    """The state of a run that is to score these architectures."""
    seen = look(run.folder, run.run_id)
    result = None if seen.result["status"] == "missing" or seen.damage else seen.result
    ended = result is not None and result["status"] != "failed"
    spent = [result.get(name) for name in ("train_seconds", "score_seconds")] if result and ended else []
    seconds = sum(filter(None, spent)) if spent and None not in spent else None
    if result and ended and has_all(run, architectures, seen):
        diverged = result["status"] == "diverged"
        return State("diverged" if diverged else "done", seconds, _reason(result) if diverged else "")
    if (holder := lock.holder(run.folder)) is not None:
        return State("running", seconds, f"on {holder}")
    if seen.damage:
        return State("damaged", None, seen.damage)
    if result and not ended:
        log = run.folder / "error.log"
        return State("failed", None, _reason(result) + (f"; {log}" if log.exists() else ""))
    if result:
        return State("to score", seconds)
    return State("interrupted" if (run.folder / CHECKPOINT).exists() else "to do")


def _reason(result: dict[str, Any]) -> str:
    return result.get("reason") or "for a reason that was not written down"


def missing(run: Run, architectures: list[Architecture]) -> list[Pair]:
    """(measure, architecture) pairs that have no score yet."""
    rows, space = scores.read(run.folder, run.run_id), run.variant.masked_space
    have = set(zip(rows["measure"], rows["arch"], strict=True))
    texts = [(space.text(architecture), architecture) for architecture in architectures]
    return [(mode, a) for mode in run.variant.measures for text, a in texts if (mode, text) not in have]


def record(run: Run, architectures: list[Architecture], known: dict[str, Any] | None) -> dict[str, Any]:
    """What says, without the file of scores being parsed, that these architectures have theirs: `sets`, hashes of all
    sets that were asked for. known: the record before, to which this one adds."""
    return {"sets": sorted({*(known or {}).get("sets", []), _hash(run, architectures)})}


def is_recorded(run: Run, architectures: list[Architecture], seen: Look) -> bool:
    """Whether the result of a run, as it was read and checked, says so and was written with the file that is there."""
    recorded = _hash(run, architectures) in seen.result.get("scored", {}).get("sets", [])
    return recorded and seen.is_as_written(scores.FILE) is True


def _hash(run: Run, architectures: list[Architecture]) -> str:
    return _hash_of(run.variant.masked_space, run.variant.measures, tuple(architectures))


@lru_cache(maxsize=256)
def _hash_of(space: Space, modes: tuple[str, ...], architectures: tuple[Architecture, ...]) -> str:
    text = "\n".join([*sorted(modes), "", *sorted(map(space.text, architectures))])
    return hashlib.sha256(text.encode()).hexdigest()[:12]
