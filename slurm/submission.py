"""From runs to arrays of jobs in the queue, through submitit."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slurm.job import Job
from slurm.profile import Profile
from slurm.records import Submission

if TYPE_CHECKING:
    from slurm.executor import Executor

REPOSITORY = Path(__file__).parents[1]


def submit(submission: Submission) -> Submission:
    """Put an array into the queue; its record with the id that the cluster gave. ValueError with sbatch's words if
    it refuses, or if it is not known whether the array is in the queue: then its record stays."""
    from slurm.executor import submit_once

    submission.folder.mkdir(parents=True)
    submission.write()
    try:
        with outside_jobs():
            job_id = submit_once(executor(submission), jobs(submission), submission.profile.clusters)
    except RuntimeError as error:
        shutil.rmtree(submission.folder, ignore_errors=True)
        raise ValueError(f"slurm: sbatch refused: {' '.join(str(error).split())}") from error
    return with_id(submission, job_id)


def recover(submission: Submission) -> Submission:
    """An array of which the submitter did not learn the id, but the queue knows it by name: its jobs get what they
    start from, and the record its id."""
    from slurm.executor import adopt

    assert submission.job_id is not None
    adopt(executor(submission), submission.job_id, jobs(submission))
    return with_id(submission, submission.job_id)


def jobs(submission: Submission) -> list[Job]:
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
    made: Any = executor(submission)
    if len(submission.jobs) > 1:
        made.parameters["map_count"] = len(submission.jobs)
    text: str = made._make_submission_file_text(made._submitit_command_str, "")
    return text


def executor(submission: Submission, minutes: int | None = None) -> Executor:
    """The executor with what the profile says. minutes: a limit other than the profile's."""
    from slurm.executor import Executor

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
        setup=setup(profile),
        array_parallelism=profile.parallel_jobs,
        stderr_to_stdout=True,
        wckey=None,
        # A site may have jobs not queued again when their node is lost, unless they say so.
        dependency=f"afterany:{':'.join(submission.after)}" if submission.after else None,
        additional_parameters={"requeue": True, **profile.options},
    )
    return made


def setup(profile: Profile) -> list[str]:
    """Shell lines before Python: the profile's, then what our results depend on."""
    return [
        *profile.setup,
        f"export SRUN_CPUS_PER_TASK={profile.cpus}",  # since SLURM 22.05 srun does not take it from sbatch
        "export OMP_NUM_THREADS=1",  # the same bits as on any other machine
        f'export PYTHONPATH="{REPOSITORY}${{PYTHONPATH:+:$PYTHONPATH}}"',
    ]


@contextmanager
def outside_jobs() -> Iterator[None]:
    """Hide that this process may itself be in a job, whose settings sbatch would take over; but not which cluster."""
    from submitit.helpers import clean_env

    configuration = os.environ.get("SLURM_CONF")
    with clean_env():
        if configuration is not None:
            os.environ["SLURM_CONF"] = configuration
        yield
