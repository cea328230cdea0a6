"""What was submitted: one folder an array under ROOT/STUDY/slurm/, with `array.json` and what submitit keeps.

The record is written before the array goes to the cluster and again when its id is known: whoever is killed in between
has lost nothing, because the array can be found in the queue by its name.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict

from slurm.profile import Profile, recorded
from supernet.files import read_object, write_text

FILE = "array.json"


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
    """One array of jobs. folder: named by time, and a part of `name`, the jobs' name in the queue. words: the study
    (slurm/request.py). jobs: the ids of the runs of each. after: jobs that must
    have ended before. job_id: None until the cluster has given one."""

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
    return sorted({name for each in submissions for name in each.profile.clusters or ("",)})


def read_all(root: Path) -> list[Submission]:
    """Every submission of every study under `root`, oldest first: studies share runs."""
    return _read(root.glob(f"*/slurm/*/{FILE}"))


def read_study(study_folder: Path) -> list[Submission]:
    """Every submission of one study, oldest first."""
    return _read(study_folder.glob(f"slurm/*/{FILE}"))


def _read(paths: Iterable[Path]) -> list[Submission]:
    return [Submission.read(path) for path in sorted(paths, key=lambda path: path.parent.name)]
