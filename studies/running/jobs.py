"""What workers do for a run: all of it as one task, or its training and then its scoring in several parts."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from studies.model.study import Run
from studies.running.lock import Lock, hold
from supernet.spaces import Architecture


def split(runs: int, workers: int) -> list[int]:
    """Into how many parts the scoring of each run goes: one, but in an incomplete last round of the workers as many
    as there are workers for each run of it."""
    last = runs % workers
    return [1] * (runs - last) + ([workers // last] * last if last else [])


@dataclass(frozen=True)
class Work:
    """One task of a worker. kind: 'all' of a run, 'train' it or 'score' part k of n. what: the architectures to
    score, for 'score' the (BN mode, architecture) pairs of all parts."""

    kind: str
    run: Run
    what: list[Any] = field(default_factory=list)
    part: tuple[int, int] = (0, 1)


@dataclass
class Job:
    """A run on its way. parts: of its scoring. pending: tasks that have not come back. result: of the run, final
    once nothing is pending.

    The process that trains the run has its lock; where it is scored in parts, the process that this object is in takes
    the lock then, and has it until the last part is back or `release` is called."""

    run: Run
    architectures: list[Architecture]
    parts: int
    pending: int = 1
    result: dict[str, Any] = field(default_factory=dict)
    lock: Lock | None = field(default=None, init=False)
    held: ExitStack = field(default_factory=ExitStack, init=False)

    def first(self) -> Work:
        if self.parts == 1:
            return Work("all", self.run, self.architectures)
        return Work("train", self.run)

    def after(self, result: dict[str, Any] | None) -> list[Work]:
        """The tasks that follow when one has come back with this result; None: a part of the scores is done."""
        from studies.running import run

        self.pending -= 1
        trained = not self.result
        if result is not None:
            self.result = result
        if self.parts > 1 and self.result["status"] == "finished":
            if trained:
                try:
                    self.lock = self.held.enter_context(hold(self.run.folder))
                    pairs = run.to_score(self.run, self.architectures)
                except Exception as error:
                    self.release()
                    self.result = run.failure(self.run, error)
                    return []
                self.pending = self.parts
                return [Work("score", self.run, pairs, (part, self.parts)) for part in range(self.parts)]
            if self.pending == 0:
                assert self.lock is not None
                self.result = run.finish(self.run, self.result, self.architectures, self.lock)
        if self.pending == 0:
            self.release()
        return []

    def release(self) -> None:
        """Give the lock back, if it was taken."""
        self.held.close()
