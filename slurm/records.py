"""What was submitted, one folder an array under ROOT/STUDY/slurm/ with `array.json` and what submitit keeps; and how
far each run is by it, by the queue and by the run's own files.

The record is written before the array goes to the cluster and again when its id is known: whoever is killed in between
has lost nothing, because the array can be found in the queue by its name. SLURM's accounting is not asked: not every
site has it, and the files know better.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict

from slurm import queue
from slurm.profile import HERE, Profile, recorded
from slurm.queue import Entry
from studies.model.study import Run
from studies.running.plan import Plan
from studies.running.state import state_of
from supernet.files import read_object, write_text

FILE = "array.json"
ACTIVE = ("running", "queued")
COMPLETE = ("done", "diverged")
WRONG = ("failed", "lost")
ORDER = (*COMPLETE, *ACTIVE, *WRONG, "interrupted", "to score", "to do")


class Record(TypedDict):
    """What `array.json` holds."""

    name: str
    words: list[str]
    jobs: list[list[str]]
    profile: dict[str, Any]
    after: list[str]
    job_id: str | None


@dataclass(frozen=True)
class Submission:
    """One array of jobs.

    Args:
        folder: Named by time, and a part of `name`.
        name: The jobs' name in the queue.
        words: The study (studies/commands/plan.py).
        jobs: The ids of the runs of each.
        after: Jobs that must have ended before.
        job_id: The array's id; None until the cluster has given one.
    """

    folder: Path
    name: str
    words: tuple[str, ...]
    jobs: tuple[tuple[str, ...], ...]
    profile: Profile
    after: tuple[str, ...] = ()
    job_id: str | None = None

    @classmethod
    def new(
        cls,
        study_folder: Path,
        words: tuple[str, ...],
        jobs: Sequence[tuple[str, ...]],
        profile: Profile,
        after: tuple[str, ...] = (),
    ) -> Submission:
        label = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}"
        folder = study_folder / "slurm" / label
        return cls(folder.absolute(), f"{study_folder.name}-{label}", words, tuple(jobs), profile, after)

    def write(self) -> None:
        content = asdict(replace(self, folder=Path()))
        del content["folder"]
        write_text(self.folder / FILE, json.dumps(content) + "\n")

    @classmethod
    def read(cls, path: Path) -> Submission:
        """The record in `path`. ValueError that names it if it is damaged."""
        try:
            content = read_object(path, Record)
            content["profile"] = recorded({k: v for k, v in content["profile"].items() if v is not None})
            content["jobs"] = tuple(map(tuple, content["jobs"]))
            content["words"], content["after"] = tuple(content["words"]), tuple(content["after"])
            return cls(path.parent.absolute(), **content)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(
                f"slurm: {path} is damaged ({error}); delete it when its jobs have ended"
            ) from error

    def ids(self) -> list[str]:
        """The cluster's id of each job; none while it has not given one."""
        if self.job_id is None:
            return []
        if len(self.jobs) == 1:  # submitted as a job, not as an array
            return [self.job_id]
        return [f"{self.job_id}_{number}" for number in range(len(self.jobs))]

    def log(self, job_id: str) -> Path:
        """Where a job's output is, all its starts after each other."""
        return self.folder / f"{job_id}_0_log.out"


def clusters(submissions: Iterable[Submission]) -> list[str]:
    """Where their jobs may be, as `queue.entries` takes it."""
    return sorted({name for each in submissions for name in each.profile.clusters} or HERE)


def read_all(root: Path) -> list[Submission]:
    """Every submission of every study under `root`, oldest first: studies share runs."""
    return _read(root.glob(f"*/slurm/*/{FILE}"))


def read_study(study_folder: Path) -> list[Submission]:
    """Every submission of one study, oldest first."""
    return _read(study_folder.glob(f"slurm/*/{FILE}"))


def _read(paths: Iterable[Path]) -> list[Submission]:
    return [Submission.read(path) for path in sorted(paths, key=lambda path: path.parent.name)]


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
    submissions = read_all(root)
    return submissions, queue.entries(clusters(submissions))


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


def current_states(plan: Plan) -> list[State]:
    """The state of every selected run, by the files and the queue of this moment."""
    return states(plan, jobs_of(*in_queue(plan.root)))


def states(plan: Plan, jobs: dict[str, Submitted]) -> list[State]:
    """The state of every selected run of a plan."""
    return [_state(plan, run, jobs.get(run.run_id)) for run in plan.selected]


def _state(plan: Plan, run: Run, job: Submitted | None) -> State:
    by_files = state_of(run, plan.architectures(run))
    if by_files.name not in (*COMPLETE, "running"):
        if job and job.entry:
            waits = f"{job.entry.state.lower()}: {job.entry.reason}"
            return State(run, "queued", waits if job.entry.waits else "in a running job", job)
        if job and by_files.name != "failed":
            return State(run, "lost", last_line(job.log), job)
    return State(run, by_files.name, by_files.detail, job)


def last_line(log: Path) -> str:
    """What a job said last; srun's word on how it ended only where there is no error of the job's own just before."""
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return "its job ended and left no log"
    if not lines:
        return "its job ended without a word"
    before = next((line for line in reversed(lines) if not line.startswith(("srun:", "slurmstepd"))), "")
    raised = re.match(r"[\w.]*(Error|Exception): ", before)
    return f"its job ended: {(before if raised else lines[-1]).strip()}"
