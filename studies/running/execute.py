"""The runs of a study that are left, in worker processes: each is one task, or its training and then its scoring in
several parts."""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from statistics import mean
from typing import Any

from studies.model.study import Run, generations
from studies.model.variant import Variant
from studies.running.lock import Lock, lock_run, remove_dead
from studies.running.parallel import default_workers, message_queue, run_tasks, send
from studies.running.plan import Plan
from studies.running.progress import Reporter, RunsProgress
from studies.running.repair import is_complete_and_whole
from studies.running.run import failure, finish, run_one, score, to_score, train
from supernet.spaces import Architecture

ENDING = 10.0  # seconds that the last messages may take


def incomplete(plan: Plan) -> list[Run]:
    """The selected runs of a plan that have something left to do. Others lose the lock of a killed owner."""
    left = []
    for run in plan.selected:
        if is_complete_and_whole(run, plan.architectures(run)):
            remove_dead(run.folder)
        else:
            left.append(run)
    return left


def execute(
    plan: Plan, todo: list[Run], device: str, workers: int | None
) -> list[tuple[Run, dict[str, Any]]]:
    """Do the runs of `todo`; (run, result) of each. Runs that others start from come before those others."""
    waves = generations(todo)
    return [done for wave in waves for done in _execute(plan, wave, device, workers)]


def _execute(
    plan: Plan, todo: list[Run], device: str, workers: int | None
) -> list[tuple[Run, dict[str, Any]]]:
    """Do runs of which none starts from another. Progress goes to standard error.

    Runs go to worker processes of one thread. Where runs are fewer than workers, or the last round has fewer,
    such a run trains in one process and is then scored in several.
    """
    cores = workers or default_workers(device)
    jobs = [
        Job(run, plan.architectures(run), parts)
        for run, parts in zip(todo, split(len(todo), cores), strict=True)
    ]
    count = min(cores, sum(job.parts for job in jobs))
    progress = RunsProgress(plan.study.name, todo, measured_seconds(plan, todo), count)
    scoring = max(job.parts for job in jobs)
    shared = f"; scoring of a run in up to {scoring} parts" if scoring > 1 else ""
    print(
        f"{plan.study.name}: {len(todo)} to do on {device}; workers: {count}, of one thread each{shared}",
        file=sys.stderr,
    )
    results = []
    with message_queue() as messages:
        listener = threading.Thread(target=progress.listen, args=(messages,), daemon=True)
        listener.start()
        tasks = [(number, job.first(), device, messages) for number, job in enumerate(jobs)]
        owner = list(range(len(jobs)))  # of each task, the job that it belongs to

        def then(position: int, result: dict[str, Any] | None) -> list[tuple[Any, ...]]:
            number = owner[position]
            more = jobs[number].after(result)
            owner.extend([number] * len(more))
            return [(number, work, device, messages) for work in more]

        try:
            for position, _ in run_tasks(_work, tasks, count, then):
                number = owner[position]
                if jobs[number].pending == 0:
                    result = jobs[number].result
                    send(messages, (number, (0, 1), "done", 1.0, outcome(result)))
                    results.append((todo[number], result))
        finally:
            for job in jobs:
                job.release()
            with suppress(OSError):
                send(messages, None)
            listener.join(timeout=ENDING)
            progress.close()
    return results


def measured_seconds(plan: Plan, todo: list[Run]) -> dict[Variant, float]:
    """Mean seconds of training and scoring of the runs of a plan that are complete, of those variants that have more to
    do."""
    wanted, left = {run.variant for run in todo}, {run.folder for run in todo}
    seconds: dict[Variant, list[float]] = {}
    for run in plan.selected:
        if run.variant in wanted and run.folder not in left and (result := run.result()):
            spent = [result.get(name) for name in ("train_seconds", "score_seconds")]
            if result["status"] == "finished" and None not in spent:
                seconds.setdefault(run.variant, []).append(sum(filter(None, spent)))
    return {variant: mean(values) for variant, values in seconds.items()}


def outcome(result: dict[str, Any]) -> str:
    """A result in a few words."""
    if result["status"] == "finished":
        return f"finished ({result['train_seconds'] + result['score_seconds']:.0f} s)"
    if result["status"] == "held":
        return f"{result['reason']}; skipped"
    return f"{result['status']}: {result['reason']}"


def _work(number: int, work: Work, device: str, messages: Any) -> dict[str, Any] | None:
    """What a worker process does."""
    report = Reporter(number, work.part, messages)
    if work.kind == "train":
        return train(work.run, device, report)
    if work.kind == "score":
        return score(work.run, work.what, work.part, device, report)
    return run_one(work.run, work.what, device, report)


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
        self.pending -= 1
        trained = not self.result
        if result is not None:
            self.result = result
        if self.parts > 1 and self.result["status"] == "finished":
            if trained:
                try:
                    self.lock = self.held.enter_context(lock_run(self.run.folder))
                    pairs = to_score(self.run, self.architectures)
                except Exception as error:
                    self.release()
                    self.result = failure(self.run, error)
                    return []
                self.pending = self.parts
                return [Work("score", self.run, pairs, (part, self.parts)) for part in range(self.parts)]
            if self.pending == 0:
                assert self.lock is not None
                self.result = finish(self.run, self.result, self.architectures, self.lock)
        if self.pending == 0:
            self.release()
        return []

    def release(self) -> None:
        """Give the lock back, if it was taken."""
        self.held.close()
