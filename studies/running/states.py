"""How far runs are, as their own files and their locks say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.store.result import CHECKPOINT
from analysis.store.run import look
from studies.model.study import Run
from studies.running import lock
from studies.running.execute import Plan
from studies.running.run import has_all, is_complete
from supernet.spaces import Architecture

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


def incomplete(plan: Plan) -> list[Run]:
    """The selected runs of a plan that have something left to do. Others lose the lock of a killed owner."""
    left = []
    for run in plan.selected:
        if is_complete(run, plan.architectures(run), with_checkpoint=True):
            lock.remove_dead(run.folder)
        else:
            left.append(run)
    return left
