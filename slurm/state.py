"""How far each run of a study is: by its own files, its lock, and the queue.

SLURM's accounting is not asked: not every site has it, and the files know better.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from slurm import queue, records
from slurm.queue import Entry
from slurm.records import Submission

if TYPE_CHECKING:
    from studies.model.study import Run
    from studies.running.execute import Plan

ACTIVE = ("running", "queued")
COMPLETE = ("done", "diverged")
WRONG = ("failed", "lost")
ORDER = (*COMPLETE, *ACTIVE, *WRONG, "interrupted", "to score", "to do")


@dataclass(frozen=True)
class Submitted:
    """The job of a run. entry: None if it is not in the queue."""

    job_id: str
    log: Path
    entry: Entry | None


@dataclass(frozen=True)
class State:
    """state: one of ORDER, which are those of running/states.py and 'queued', in SLURM, and 'lost': its job ended and
    left no result. reason: why, '' where there is nothing to say."""

    run: Run
    state: str
    reason: str = ""
    job: Submitted | None = None

    @property
    def run_id(self) -> str:
        return self.run.variant.run_id(self.run.seed)


def in_queue(root: Path) -> tuple[list[Submission], list[Entry]]:
    """Every submission of every study under `root`, and what the clusters that they went to have in the queue."""
    submissions = records.read_all(root)
    return submissions, queue.entries(records.clusters(submissions) or [""])


def found_again(submissions: list[Submission], entries: list[Entry]) -> list[Submission]:
    """The submissions; those whose submitter was killed before it knew their id have it from the queue."""
    by_name = {entry.name: entry.id.split("_")[0] for entry in entries}
    return [s if s.job_id else replace(s, job_id=by_name.get(s.name)) for s in submissions]


def jobs_of(submissions: list[Submission], entries: list[Entry]) -> dict[str, Submitted]:
    """By run, its job: one in the queue if there is one, else the last."""
    queued = {(entry.name, entry.id): entry for entry in entries}  # two clusters may give one id
    jobs: dict[str, Submitted] = {}
    for submission in found_again(submissions, entries):
        for job_id, runs in zip(
            submission.ids(), submission.jobs, strict=False
        ):  # no ids: not in the queue either
            job = Submitted(job_id, submission.log(job_id), queued.get((submission.name, job_id)))
            for run_id in runs:
                before = jobs.get(run_id)
                if job.entry or not (before and before.entry):
                    jobs[run_id] = job
    return jobs


def states(plan: Plan, jobs: dict[str, Submitted]) -> list[State]:
    """The state of every selected run of a plan."""
    return [_state(plan, run, jobs.get(run.variant.run_id(run.seed))) for run in plan.selected]


def _state(plan: Plan, run: Run, job: Submitted | None) -> State:
    from studies.running.states import state_of

    own = state_of(run, plan.architectures(run))
    if own.name not in (*COMPLETE, "running"):
        if job and job.entry:
            waits = f"{job.entry.state.lower()}: {job.entry.reason}"
            return State(run, "queued", waits if job.entry.waits else "in a running job", job)
        if job and own.name != "failed":
            return State(run, "lost", last_line(job.log), job)
    return State(run, own.name, own.detail, job)


def last_line(log: Path) -> str:
    """What a job said last; srun's word on how it ended only where there is no error of the job's own just before."""
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return "its job ended and left no log"
    if not lines:
        return "its job ended without a word"
    before = next((line for line in reversed(lines) if not line.startswith(("srun:", "slurmstepd"))), "")
    own = re.match(r"[\w.]*(Error|Exception): ", before)
    return f"its job ended: {(before if own else lines[-1]).strip()}"
