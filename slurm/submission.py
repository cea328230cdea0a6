"""From runs to arrays of jobs in the queue, through submitit."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slurm.job import Job
from slurm.profile import Profile
from slurm.records import Submission

if TYPE_CHECKING:
    from submitit import SlurmExecutor

REPOSITORY = Path(__file__).parents[1]


def submit(submission: Submission) -> Submission:
    """Put an array into the queue; its record with the id that the cluster gave. ValueError with sbatch's words if
    it refuses."""
    submission.folder.mkdir(parents=True)
    submission.write()
    device = "cuda" if submission.profile.gpus else "cpu"
    calls = [Job(submission.words, runs, device) for runs in submission.jobs]
    try:
        with outside_jobs():
            jobs = executor(submission).submit_array(calls)
    except RuntimeError as error:  # what submitit raises when sbatch fails
        shutil.rmtree(submission.folder, ignore_errors=True)
        raise ValueError(f"slurm: sbatch refused: {' '.join(str(error).split())}") from error
    done = Submission(**vars(submission) | {"job_id": jobs[0].job_id.split("_")[0]})
    done.write()
    return done


def script(submission: Submission) -> str:
    """The batch script of an array."""
    made: Any = executor(submission)
    if len(submission.jobs) > 1:
        made.parameters["map_count"] = len(submission.jobs)
    text: str = made._make_submission_file_text(made._submitit_command_str, "")
    return text


def executor(submission: Submission, minutes: int | None = None) -> SlurmExecutor:
    """submitit's executor with what the profile says. minutes: a limit other than the profile's."""
    from submitit import SlurmExecutor

    profile = submission.profile
    made = SlurmExecutor(submission.folder, max_num_timeout=profile.time_outs, python=profile.python)
    made.update_parameters(
        job_name=submission.name,
        time=minutes or profile.minutes,
        nodes=1,
        ntasks_per_node=1,
        cpus_per_task=profile.cpus,
        mem=f"{round(1024 * profile.memory_gb)}M",
        gpus_per_node=profile.gpus or None,
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
