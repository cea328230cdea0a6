"""What to ask a cluster for: a TOML file, checked before anything is submitted.

`slurm/example.toml` is such a file with every key explained.
"""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

# What sbatch options are for the keys of the profile or for submitit; `options` may not set them.
TAKEN = {
    "partition": "partition",
    "time": "time",
    "gpus-per-node": "gpus",
    "mem": "memory_gb",
    "cpus-per-task": "cpus",
    "account": "account",
    "signal": "signal_delay_s",
    "array": "parallel_jobs",
} | dict.fromkeys(
    (
        "dependency",
        "error",
        "job-name",
        "nodes",
        "ntasks",
        "ntasks-per-node",
        "open-mode",
        "output",
        "requeue",
    ),
    "",
)
_TIME = re.compile(r"(?:(\d+)-)?(\d{1,4}):([0-5]\d):([0-5]\d)")


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One job on a cluster, and how a study is cut into jobs.

    time: limit of a job, '[days-]hours:minutes:seconds' in whole minutes. cpus, memory_gb (GiB), gpus: of a job.
    partition, account: the site's default if not given. signal_delay_s: seconds before the limit at which a job
    is told to stop; it is then queued again and goes on from its last epoch. time_outs: how often one job may
    reach its limit. runs_per_job: runs that a job does one after the other. parallel_jobs: of one array that run
    at the same time. setup: shell lines before the job's Python. python: the command for it; the one that submits if
    not given. options: further options of sbatch, by their long names.
    """

    time: str
    cpus: int = 1
    memory_gb: float = 4
    gpus: int = 0
    partition: str | None = None
    account: str | None = None
    signal_delay_s: int = 120
    time_outs: int = 20
    runs_per_job: int = 1
    parallel_jobs: int = 50
    setup: tuple[str, ...] = ()
    python: str | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        match = _TIME.fullmatch(self.time) if isinstance(self.time, str) else None
        if not match or match[4] != "00" or self.minutes < 1:
            raise ValueError(
                f"time: {self.time!r} is not '[days-]hours:minutes:00' such as '12:00:00' or '2-00:00:00', "
                "at least a minute"
            )
        for name, least in (
            ("cpus", 1),
            ("gpus", 0),
            ("signal_delay_s", 1),
            ("time_outs", 0),
            ("runs_per_job", 1),
            ("parallel_jobs", 1),
        ):
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise ValueError(f"{name}: {value!r} is not an integer >= {least}")
        if type(self.memory_gb) not in (int, float) or not 0 < self.memory_gb < math.inf:
            raise ValueError(f"memory_gb: {self.memory_gb!r} is not a number > 0")
        if self.signal_delay_s >= 60 * self.minutes:
            raise ValueError(
                f"signal_delay_s: {self.signal_delay_s} is not below the time, {60 * self.minutes} s"
            )
        for name in ("partition", "account"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, str) and re.fullmatch(r"\S+", value)):
                raise ValueError(f"{name}: {value!r} is not a name")
        if self.python is not None and not (isinstance(self.python, str) and self.python.strip()):
            raise ValueError(f"python: {self.python!r} is not a command")
        setup = [self.setup] if isinstance(self.setup, str) else self.setup
        if not (isinstance(setup, list | tuple) and all(isinstance(line, str) for line in setup)):
            raise ValueError(f"setup: {self.setup!r} is not a list of shell lines")
        object.__setattr__(self, "setup", tuple(setup))
        self._check_options()
        self._check_lines()

    def _check_lines(self) -> None:
        """A line break would begin another line of the batch script."""
        for name, value in (
            ("python", self.python),
            *((f"options: {k}", v) for k, v in self.options.items()),
        ):
            if isinstance(value, str) and len(value.splitlines()) > 1:
                raise ValueError(f"{name}: {value!r} has a line break")
        for line in self.setup:
            if len(line.splitlines()) > 1:
                raise ValueError(f"setup: {line!r} has a line break; give one text for each line")

    def _check_options(self) -> None:
        if not isinstance(self.options, dict):
            raise ValueError(f"options: {self.options!r} is not a table of sbatch options")
        for name, value in self.options.items():
            if name in TAKEN:
                instead = f"use the key {TAKEN[name]}" if TAKEN[name] else "it is set for every job"
                raise ValueError(f"options: {name!r} cannot be given here; {instead}")
            if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
                raise ValueError(f"options: {name!r} is not the long name of an sbatch option such as 'qos'")
            if not (value is True or type(value) in (int, float, str)):
                raise ValueError(f"options: {name} is {value!r}, not a text, a number or true")

    @property
    def minutes(self) -> int:
        """The limit in minutes."""
        match = _TIME.fullmatch(self.time)
        assert match
        days, hours, minutes = (int(part or 0) for part in match.groups()[:3])
        return (24 * days + hours) * 60 + minutes


def read(path: Path) -> Profile:
    """The profile of a TOML file. ValueError that names the file for anything wrong in it, with the valid keys for
    a key that there is not."""
    try:
        return parse(tomllib.loads(path.read_text()))
    except FileNotFoundError:
        raise ValueError(
            f"--profile: {path} does not exist; slurm/example.toml is one to start from"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"--profile: {path} is not TOML ({error})") from None
    except RecursionError:
        raise ValueError(f"--profile: {path} is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"--profile: {path}: {error}") from None


def parse(content: dict[str, Any]) -> Profile:
    """The profile of a table of keys and values."""
    valid = [f.name for f in fields(Profile)]
    if unknown := [name for name in content if name not in valid]:
        raise ValueError(f"{unknown[0]}: no such key; valid keys are {', '.join(valid)}")
    if "time" not in content:
        raise ValueError(f"time: missing, the limit of a job; valid keys are {', '.join(valid)}")
    return Profile(**content)
