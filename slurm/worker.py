"""What a job does: some runs of a study, one after the other or several at a time, each from where it stands."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from multiprocessing import resource_tracker
from typing import Any

import torch

from studies.commands.plan import plan_from_words
from studies.model.study import Run
from studies.running import lock, parallel
from studies.running import run as one_run
from studies.running.execute import outcome
from studies.running.plan import Plan
from studies.running.state import is_complete
from supernet.spaces import Architecture

LINE_EVERY = 30.0  # seconds between two lines of progress in the log
OF_THE_JOB = {signal.SIGUSR2, signal.SIGTERM, signal.SIGCONT}  # time-out and preemption
TRY_EVERY = 20.0  # seconds between two looks at a run that another process has


def work(
    words: tuple[str, ...], run_ids: tuple[str, ...], device: str, patience: float | None, at_a_time: int
) -> dict[str, str]:
    """Do what is left of a job's runs (slurm/job.py); by run, its status and reason. ValueError if the study has no
    such run, or no GPU is there for a job that is to have one."""
    parallel.start_worker()
    check_device(device)
    plan = plan_from_words(words)
    known = {run.run_id: run for run in plan.runs}
    for run_id in run_ids:
        if run_id not in known:
            raise ValueError(
                f"job: the study {plan.study.name} has no run {run_id} any more: its code has changed since "
                "it was submitted; submit it again"
            )
    return do_all(plan, {run_id: known[run_id] for run_id in run_ids}, device, patience, at_a_time)


def do_all(
    plan: Plan, runs: dict[str, Run], device: str, patience: float | None, at_a_time: int = 1
) -> dict[str, str]:
    """Each run once; then again those that another process had, until none is left or the patience is at its end."""
    outcomes: dict[str, str] = {}
    held = do_each(plan, runs, device, outcomes, at_a_time)
    deadline = time.monotonic() + (lock.LIMIT + 2 * lock.INTERVAL if patience is None else patience)
    while held and time.monotonic() < deadline:
        time.sleep(min(TRY_EVERY, max(0.0, deadline - time.monotonic())))
        held = do_each(plan, held, device, outcomes, at_a_time)
    for run_id, run in held.items():
        print(f"{run.name} ({run_id}): not done here: {outcomes[run_id]}", flush=True)
    return outcomes


def do_each(
    plan: Plan, runs: dict[str, Run], device: str, outcomes: dict[str, str], at_a_time: int = 1
) -> dict[str, Run]:
    """Bring each run to its end; what came of it goes to `outcomes`. Returns those that another process has."""
    held = {}
    for run_id, result in results(plan, runs, device, at_a_time):
        outcomes[run_id] = result.get("outcome") or outcome(result)
        if "outcome" not in result:  # it was worked on
            print(f"{runs[run_id].name} ({run_id}): {outcomes[run_id]}", flush=True)
        if result["status"] == "held":
            held[run_id] = runs[run_id]
    return held


def results(
    plan: Plan, runs: dict[str, Run], device: str, at_a_time: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """By run, its result, as they come: of one run after the other, or of so many at a time in processes."""
    if at_a_time == 1:
        for run_id, run in runs.items():
            yield run_id, do_one(run, plan.architectures(run), device)
        return
    start_helpers()
    tasks = [(run, plan.architectures(run), device) for run in runs.values()]
    ids = list(runs)
    for position, result in parallel.run_tasks(do_one, tasks, min(at_a_time, len(tasks))):
        yield ids[position], result


def do_one(run: Run, architectures: list[Architecture], device: str) -> dict[str, Any]:
    """The result of a run that is brought to its end here, unless it is complete or another process has it."""
    if is_complete(run, architectures):
        return {"status": "complete", "outcome": "complete before"}
    if holder := lock.holder(run.folder):
        return {"status": "held", "outcome": f"held by {holder}"}
    print(f"{run.name} ({run.run_id}): starts", flush=True)
    return one_run.run_one(run, architectures, device, Log(run.name))


def start_helpers() -> None:
    """Start what worker processes are forked from, deaf to SLURM's signals, and so will they be.

    SLURM signals every process of a job, and only this one, which submitit's handlers are in, is to act: it has the
    job queued again, and its workers end with it. A worker that handled the signal as well would queue the job again
    once more, and one that did not know it would die of it first."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, OF_THE_JOB)
    try:
        resource_tracker.ensure_running()  # lets SIGTERM through again
        signal.pthread_sigmask(signal.SIG_BLOCK, OF_THE_JOB)
        parallel.context()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Log:
    """A line of progress now and then, and after every training."""

    def __init__(self, name: str) -> None:
        self.name, self.last = name, 0.0

    def __call__(self, phase: str, fraction: float, detail: str) -> None:
        now = time.monotonic()
        if now - self.last >= LINE_EVERY or (phase == "train" and fraction >= 1):
            self.last = now
            print(f"{self.name}: {detail}", flush=True)


def check_device(device: str) -> None:
    """ValueError if a GPU is to be used and there is none."""
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"job: the profile asks for a GPU, but on {socket.gethostname()} PyTorch {torch.__version__} finds none"
        )
