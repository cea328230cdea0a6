"""submitit's SLURM executor, for a controller that is slow to answer: an array is submitted once, and only once.

A busy controller may accept a job and answer too late: sbatch then reports a time-out although the job is in the
queue. So after a time-out the queue is asked for the array by its name, which no other array has, and only if it is
not there is it submitted again.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from submitit import SlurmExecutor
from submitit.core.utils import DelayedSubmission, JobPaths

from slurm import queue
from slurm.job import Job

PAUSES = (5.0, 15.0, 45.0)  # seconds before the queue is asked, after each try but the last
# What sbatch says where the controller may or may not have accepted the job.
NO_ANSWER = re.compile(
    r"timed? ?out|unable to contact slurm controller|zero bytes were transmitted|connection (refused|reset)"
    r"|transport endpoint is not connected|communication connection failure",
    re.IGNORECASE,
)


class Unanswered(ValueError):
    """Whether the array is in the queue is not known: neither sbatch nor squeue got an answer."""


class Executor(SlurmExecutor):
    """SlurmExecutor that can also show a batch script where there is no SLURM."""

    @classmethod
    def affinity(cls) -> int:
        """Whoever submits has looked for SLURM's commands before (slurm/queue.py)."""
        return 1


def submit_once(executor: Executor, jobs: Sequence[Job], clusters: Sequence[str]) -> str:
    """Submit the jobs as one array (a single one as a job); the cluster's id of it. RuntimeError with sbatch's words
    if it refuses; Unanswered."""
    name = executor.parameters["job_name"]
    for tries, pause in enumerate((*PAUSES, None)):
        try:
            job_id = _base(executor.submit_array(jobs)[0].job_id)
        except RuntimeError as error:  # what submitit raises when sbatch fails
            if pause is None or not NO_ANSWER.search(str(error)):
                raise
        else:
            if tries:
                _cancel_others(name, job_id, clusters)
            return job_id
        print(f"slurm: sbatch had no answer in time; looking for {name} in the queue", file=sys.stderr)
        for path in executor.folder.glob("*.pkl"):  # of the try that failed
            path.unlink()
        if found := _find(name, clusters, pause):
            adopt(executor, found, jobs)
            return found
    raise AssertionError("the last try returns or raises")


def adopt(executor: SlurmExecutor, job_id: str, jobs: Sequence[Job]) -> None:
    """Give an array that is in the queue what its jobs start from, which submitit writes once it knows the id."""
    minutes = executor.parameters["time"]
    ids = [job_id] if len(jobs) == 1 else [f"{job_id}_{number}" for number in range(len(jobs))]
    for own, job in zip(ids, jobs, strict=True):
        path = Path(JobPaths(executor.folder, own).submitted_pickle)
        if not path.exists():
            delayed = DelayedSubmission(job)
            delayed.set_timeout(minutes, executor.max_num_timeout)
            delayed.dump(path)


def _base(job_id: str) -> str:
    return job_id.split("_")[0]


def _entries(name: str, clusters: Sequence[str]) -> list[queue.Entry]:
    return [entry for entry in queue.entries(clusters or [""]) if entry.name == name]


def _find(name: str, clusters: Sequence[str], pause: float) -> str | None:
    """The id of the array in the queue, None if it is not there. Unanswered if the queue does not answer either."""
    for wait in (pause, *PAUSES):
        time.sleep(wait)
        try:
            return next((_base(entry.id) for entry in _entries(name, clusters)), None)
        except queue.Unreachable as error:
            last = error
    raise Unanswered(
        f"slurm: sbatch had no answer in time, nor has the queue ({last}), so it is not known whether {name} was "
        "submitted; the same command, once the controller answers, finds it or submits it"
    )


def _cancel_others(name: str, job_id: str, clusters: Sequence[str]) -> None:
    """Take out of the queue what was accepted under this name only after it was looked for."""
    with suppress(queue.Unreachable):
        queue.cancel(entry for entry in _entries(name, clusters) if _base(entry.id) != job_id)
