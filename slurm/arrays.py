"""Arrays of jobs: their batch scripts, and into the queue through submitit, each once and only once.

A busy controller may accept a job and answer too late: sbatch then reports a time-out although the job is in the
queue. So after a time-out the queue is asked for the array by its name, which no other array has, and only if it is
not there is it submitted again.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from submitit import SlurmExecutor
from submitit.core.utils import DelayedSubmission, JobPaths
from submitit.helpers import clean_env

from slurm import queue
from slurm.job import Job
from slurm.profile import Profile
from slurm.records import Submission
from studies.running.provenance import CHECKOUT

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


def submit(submission: Submission) -> Submission:
    """Put an array into the queue; its record with the id that the cluster gave. ValueError with sbatch's words if
    it refuses, or if it is not known whether the array is in the queue: then its record stays."""
    submission.folder.mkdir(parents=True)
    submission.write()
    try:
        with outside_jobs():
            job_id = submit_once(executor_of(submission), jobs_in(submission), submission.profile.clusters)
    except RuntimeError as error:
        shutil.rmtree(submission.folder, ignore_errors=True)
        raise ValueError(f"slurm: sbatch refused: {' '.join(str(error).split())}") from error
    return with_id(submission, job_id)


def recover(submission: Submission) -> Submission:
    """An array of which the submitter did not learn the id, but the queue knows it by name: its jobs get what they
    start from, and the record its id."""
    assert submission.job_id is not None
    adopt(executor_of(submission), submission.job_id, jobs_in(submission))
    return with_id(submission, submission.job_id)


def jobs_in(submission: Submission) -> list[Job]:
    """What the array's jobs do."""
    profile = submission.profile
    device = "cuda" if profile.gpus else "cpu"
    return [Job(submission.words, runs, device, at_a_time=profile.runs_per_gpu) for runs in submission.jobs]


def with_id(submission: Submission, job_id: str) -> Submission:
    """The same with its id, written down."""
    done = replace(submission, job_id=job_id)
    done.write()
    return done


def script(submission: Submission) -> str:
    """The batch script of an array."""
    made: Any = executor_of(submission)
    if len(submission.jobs) > 1:
        made.parameters["map_count"] = len(submission.jobs)
    text: str = made._make_submission_file_text(made._submitit_command_str, "")
    return text


def executor_of(submission: Submission, minutes: int | None = None) -> Executor:
    """The executor with what the profile says. minutes: a limit other than the profile's."""
    profile = submission.profile
    made = Executor(submission.folder, max_num_timeout=profile.time_outs, python=profile.python)
    made.update_parameters(
        job_name=submission.name,
        time=minutes or profile.minutes,
        nodes=1,
        ntasks_per_node=1,
        cpus_per_task=profile.cpus,
        mem=profile.memory,
        gpus_per_node=profile.gpus_per_node,
        partition=profile.partition,
        account=profile.account,
        signal_delay_s=min(profile.signal_delay_s, 30 * (minutes or profile.minutes)),
        setup=setup_lines(profile),
        array_parallelism=profile.parallel_jobs,
        stderr_to_stdout=True,
        wckey=None,
        # A site may have jobs not queued again when their node is lost, unless they say so.
        dependency=f"afterany:{':'.join(submission.after)}" if submission.after else None,
        additional_parameters={"requeue": True, **profile.options},
    )
    return made


def setup_lines(profile: Profile) -> list[str]:
    """Shell lines before Python: the profile's, then what our results depend on."""
    lines = [
        *profile.setup,
        f"export SRUN_CPUS_PER_TASK={profile.cpus}",  # since SLURM 22.05 srun does not take it from sbatch
        "export OMP_NUM_THREADS=1",  # the same bits as on any other machine
    ]
    if CHECKOUT is not None:
        lines.append(f'export PYTHONPATH="{CHECKOUT}${{PYTHONPATH:+:$PYTHONPATH}}"')
    return lines


@contextmanager
def outside_jobs() -> Iterator[None]:
    """Hide that this process may itself be in a job, whose settings sbatch would take over; but not which cluster."""
    configuration = os.environ.get("SLURM_CONF")
    with clean_env():
        if configuration is not None:
            os.environ["SLURM_CONF"] = configuration
        yield


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
        if known := _find(name, clusters, pause):
            adopt(executor, known, jobs)
            return known
    raise AssertionError("the last try returns or raises")


def adopt(executor: SlurmExecutor, job_id: str, jobs: Sequence[Job]) -> None:
    """Give an array that is in the queue what its jobs start from, which submitit writes once it knows the id."""
    minutes = executor.parameters["time"]
    ids = [job_id] if len(jobs) == 1 else [f"{job_id}_{number}" for number in range(len(jobs))]
    for element, job in zip(ids, jobs, strict=True):
        path = Path(JobPaths(executor.folder, element).submitted_pickle)
        if not path.exists():
            delayed = DelayedSubmission(job)
            delayed.set_timeout(minutes, executor.max_num_timeout)
            delayed.dump(path)


def _base(job_id: str) -> str:
    return job_id.split("_")[0]


def _entries(name: str, clusters: Sequence[str]) -> list[queue.Entry]:
    return [entry for entry in queue.entries(clusters) if entry.name == name]


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
