"""What is pickled for a job: the words of a study (studies/commands/plan.py) and the ids of its runs, nothing else; the
results of record are the runs' own files. So a job that is queued again, one that is submitted again and one whose
node was lost are the same thing.

Jobs that were submitted before a change start after it: this module keeps its name, and `Job` its fields.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from submitit import JobEnvironment
from submitit.helpers import DelayedSubmission


@dataclass(frozen=True)
class Job:
    """Runs of a study; submitit calls it, and calls `checkpoint` before it queues the job again.

    Args:
        words: The study (studies/commands/plan.py).
        runs: Ids of the runs.
        device: 'cpu' or 'cuda'.
        patience: Seconds to wait at the end for runs that another process has; None: until a dead one's lock can be
            taken over.
        at_a_time: Runs that are done at the same time, each in a process of its own.
    """

    words: tuple[str, ...]
    runs: tuple[str, ...]
    device: str
    patience: float | None = None
    at_a_time: int = 1

    def __call__(self) -> dict[str, str]:
        """Do what is left; by run, its status and reason. ValueError if the study has no such run, or no GPU is
        there for a job that is to have one."""
        remove_stale_checkpoint()
        from slurm.worker import work  # PyTorch takes seconds: after submitit has set its handlers of signals

        return work(self.words, self.runs, self.device, self.patience, self.at_a_time)

    def checkpoint(self) -> DelayedSubmission:
        """The same job again: every run has its state in its own folder."""
        return DelayedSubmission(replace(self))


def remove_stale_checkpoint() -> None:
    """Remove the temporaries of a job that was killed while submitit wrote: it would refuse to write again."""
    if "SUBMITIT_FOLDER" not in os.environ:
        return  # not in a job
    paths: Any = JobEnvironment().paths
    for path in (paths.submitted_pickle, paths.result_pickle):
        Path(f"{path}.save_tmp").unlink(missing_ok=True)
