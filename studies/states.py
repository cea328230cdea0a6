"""How far runs are, as their own files and their locks say."""

from __future__ import annotations

from dataclasses import dataclass

from studies import lock
from studies.execute import Plan
from studies.run import is_complete
from studies.study import Run
from supernet.spaces import Architecture

STATES = ("done", "diverged", "running", "interrupted", "failed", "to score", "to do")
COMPLETE = ("done", "diverged")


@dataclass(frozen=True)
class State:
    """name: one of STATES; 'to score': it is trained, and scores are asked for that it lacks. seconds: of training and
    scoring, None while not known. detail: who has it, or why it failed and where that is written."""

    name: str
    seconds: float | None = None
    detail: str = ""


def state_of(run: Run, architectures: list[Architecture]) -> State:
    """The state of a run that is to score these architectures. ValueError if a file of it is damaged."""
    result = run.result()
    ended = result is not None and result["status"] != "failed"
    seconds = result["train_seconds"] + result["score_seconds"] if result and ended else None
    if result and ended and is_complete(run, architectures):
        diverged = result["status"] == "diverged"
        return State("diverged" if diverged else "done", seconds, result["reason"] if diverged else "")
    if (holder := lock.holder(run.folder)) is not None:
        return State("running", seconds, f"on {holder}")
    if result and not ended:
        log = run.folder / "error.log"
        return State("failed", None, result["reason"] + (f"; {log}" if log.exists() else ""))
    if result:
        return State("to score", seconds)
    return State("interrupted" if (run.folder / "checkpoint.pt").exists() else "to do")


def incomplete(plan: Plan) -> list[Run]:
    """The selected runs of a plan that have something left to do. Others lose the lock of a killed owner."""
    left = []
    for run in plan.selected:
        if is_complete(run, plan.architectures(run)):
            lock.remove_dead(run.folder)
        else:
            left.append(run)
    return left
