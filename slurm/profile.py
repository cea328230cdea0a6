"""What to ask a cluster for: a TOML file, checked before anything is submitted.

`slurm/example.toml` is such a file with every key explained.
"""

from __future__ import annotations

import datetime
import math
import re
import tomllib
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).with_name("example.toml")
HERE = ("",)  # the cluster that SLURM's commands talk to by themselves
WHOLE_NODE = "node"  # memory_gb: all memory of the node
LEAST_MEMORY = 1 / 1024  # GiB; less would be rounded to 0, which SLURM takes for the whole node's
_TIME = re.compile(r"(?:(\d+)-)?(\d{1,4}):([0-5]\d):([0-5]\d)")


# Option -> the key of the profile that is for it.
KEYS = {
    "partition": "partition",
    "time": "time",
    "account": "account",
    "signal": "signal_delay_s",
    "array": "parallel_jobs",
    **dict.fromkeys(("mem", "mem-per-cpu", "mem-per-gpu"), "memory_gb"),
    **dict.fromkeys(("cpus-per-task", "cpus-per-gpu"), "cpus"),
    **dict.fromkeys(("gpus", "gpus-per-node", "gpus-per-task", "gpus-per-socket"), "gpus (and gpu_type)"),
}
# Every job has these.
SET = (
    *(
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
    *("no-requeue", "nodefile", "ntasks-per-core", "ntasks-per-gpu", "ntasks-per-socket", "extra-node-info"),
)
# With these sbatch submits nothing, or says nothing of what it submitted.
NOT_SUBMITTING = ("help", "parsable", "quiet", "test-only", "usage", "version", "wait", "wrap")
# Generic resources: what they are of is in the value.
RESOURCES = ("gres", "tres-per-job", "tres-per-node", "tres-per-socket", "tres-per-task")
KEY_OF_RESOURCE = {
    **dict.fromkeys(("gpu", "mps", "shard"), "gpus (and gpu_type, runs_per_gpu)"),
    "cpu": "cpus",
    "mem": "memory_gb",
}
LETTERS = {
    "A": "account", "a": "array", "B": "extra-node-info", "b": "begin", "C": "constraint", "c": "cpus-per-task",
    "D": "chdir", "d": "dependency", "e": "error", "F": "nodefile", "G": "gpus", "H": "hold", "h": "help",
    "i": "input", "J": "job-name", "k": "no-kill", "L": "licenses", "M": "clusters", "m": "distribution",
    "N": "nodes", "n": "ntasks", "O": "overcommit", "o": "output", "p": "partition", "Q": "quiet", "q": "qos",
    "S": "core-spec", "s": "oversubscribe", "t": "time", "V": "version", "v": "verbose", "W": "wait",
    "w": "nodelist", "x": "exclude",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One job on a cluster, and how a study is cut into jobs.

    Args:
        time: limit of a job, '[days-]hours:minutes:seconds' in whole minutes.
        cpus: of a job; as many as runs share a GPU if not given.
        memory_gb: of a job, in GiB, or 'node' for all of a node's.
        gpus: of a job.
        gpu_type: the cluster's name for the kind of GPU.
        partition: the site's default if not given.
        account: the site's default if not given.
        signal_delay_s: seconds before the limit at which a job is told to stop; it is then queued again and continues
            from its last epoch.
        time_outs: how often one job may reach its limit.
        runs_per_gpu: runs that share a job's one GPU at the same time, each in a process of its own.
        runs_per_job: runs of a job, so many at a time, the others after them; as many as runs share a GPU if not given.
        parallel_jobs: of one array that run at the same time.
        setup: shell lines before the job's Python.
        python: the command for it; the one that submits if not given.
        options: further options of sbatch, by their long names.
    """

    time: str
    cpus: int = None  # type: ignore[assignment]  # filled in
    memory_gb: float | str = 4
    gpus: int = 0
    gpu_type: str | None = None
    runs_per_gpu: int = 1
    partition: str | None = None
    account: str | None = None
    signal_delay_s: int = 120
    time_outs: int = 20
    runs_per_job: int = None  # type: ignore[assignment]  # filled in
    parallel_jobs: int = 50
    setup: tuple[str, ...] = ()
    python: str | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.time, datetime.time):
            raise ValueError(
                f'time: {self.time} is a time of day in TOML; write it in quotes: time = "{self.time}"'
            )
        match = _TIME.fullmatch(self.time) if isinstance(self.time, str) else None
        if not match or match[4] != "00" or self.minutes < 1:
            raise ValueError(
                f"time: {self.time!r} is not '[days-]hours:minutes:00' such as '12:00:00' or '2-00:00:00', "
                "at least a minute"
            )
        for name in ("cpus", "runs_per_job"):
            if getattr(self, name) is None:
                object.__setattr__(self, name, self.runs_per_gpu)
        for name, least in (
            ("runs_per_gpu", 1),
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
        self._check_memory()
        self._check_gpus()
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
        check_options(self.options)
        self._check_lines()

    def _check_lines(self) -> None:
        """A line break would begin another line of the batch script."""
        if isinstance(self.python, str) and len(self.python.splitlines()) > 1:
            raise ValueError(f"python: {self.python!r} has a line break")
        for line in self.setup:
            if len(line.splitlines()) > 1:
                raise ValueError(f"setup: {line!r} has a line break; give one text for each line")

    def _check_memory(self) -> None:
        memory = self.memory_gb
        if memory == WHOLE_NODE:
            return
        if (
            not isinstance(memory, int | float)
            or isinstance(memory, bool)
            or not LEAST_MEMORY <= memory < math.inf
        ):
            raise ValueError(
                f"memory_gb: {memory!r} is neither a number of GiB, at least 1 MiB ({LEAST_MEMORY:.6f}), nor "
                f"{WHOLE_NODE!r}, which is all of a node's memory"
            )

    def _check_gpus(self) -> None:
        if self.gpu_type is not None:
            if not (isinstance(self.gpu_type, str) and re.fullmatch(r"[\w.-]+", self.gpu_type)):
                raise ValueError(f"gpu_type: {self.gpu_type!r} is not a name such as 'a100'")
            if not self.gpus:
                raise ValueError(f"gpu_type: {self.gpu_type!r} is for jobs with a GPU; gpus is 0")
        if self.runs_per_gpu > 1 and self.gpus != 1:
            raise ValueError(
                f"runs_per_gpu: {self.runs_per_gpu} is for jobs with one GPU; gpus is {self.gpus}"
            )
        if self.runs_per_job < self.runs_per_gpu:
            raise ValueError(
                f"runs_per_job: {self.runs_per_job} is fewer than the {self.runs_per_gpu} that share a GPU "
                "(runs_per_gpu); leave it out or give a multiple of them"
            )

    @property
    def memory(self) -> str:
        """As sbatch takes it."""
        return "0" if self.memory_gb == WHOLE_NODE else f"{round(1024 * float(self.memory_gb))}M"

    @property
    def gpus_per_node(self) -> str | None:
        """As sbatch takes it; None without GPUs."""
        kind = f"{self.gpu_type}:" if self.gpu_type else ""
        return f"{kind}{self.gpus}" if self.gpus else None

    @property
    def clusters(self) -> tuple[str, ...]:
        """The clusters that a job may go to; at least one, see HERE."""
        return cluster_names(str(self.options["clusters"])) if "clusters" in self.options else HERE

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
        raise ValueError(f"--profile: {path} does not exist; {EXAMPLE} is one to start from") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"--profile: {path} is not TOML ({error})") from None
    except RecursionError:
        raise ValueError(f"--profile: {path} is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"--profile: {path}: {error}") from None


def recorded(content: dict[str, Any]) -> Profile:
    """The profile of an earlier submission, which was checked by the rules of its time. ValueError for what is no
    profile at all."""
    names = {f.name: f.default if f.default is not MISSING else {} for f in fields(Profile)}
    unknown = [name for name in content if name not in names]
    if (
        unknown
        or not isinstance(content.get("time"), str)
        or not isinstance(content.get("options", {}), dict)
    ):
        raise ValueError(f"{unknown[0] if unknown else 'profile'}: not of a profile")
    made = object.__new__(Profile)
    for name, default in names.items():
        object.__setattr__(made, name, content.get(name, default))
    object.__setattr__(made, "setup", tuple(made.setup))
    return made


def parse(content: dict[str, Any]) -> Profile:
    """The profile of a table of keys and values."""
    valid = [f.name for f in fields(Profile)]
    if unknown := [name for name in content if name not in valid]:
        raise ValueError(f"{unknown[0]}: no such key; valid keys are {', '.join(valid)}")
    if "time" not in content:
        raise ValueError(f"time: missing, the limit of a job; valid keys are {', '.join(valid)}")
    return Profile(**content)


def check_options(options: Any) -> None:
    """ValueError for anything but a table of options that a profile may give: none that repeats or contradicts one of
    its keys, or that is the harness's own to set.

    Names are checked as sbatch itself would read them: it also takes one letter for many options, and any beginning of
    a long name that is no other's."""
    if not isinstance(options, dict):
        raise ValueError(f"options: {options!r} is not a table of sbatch options")
    for name, value in options.items():
        _check_name(name)
        if not (value is True or type(value) in (int, float, str)):
            raise ValueError(f"options: {name} is {value!r}, not a text, a number or true")
        if isinstance(value, str) and not value.isprintable():
            raise ValueError(f"options: {name} is {value!r}, which is not one line of text")
        if name in RESOURCES:
            _check_resources(name, str(value))
    clusters = options.get("clusters")
    if clusters is not None and not (isinstance(clusters, str) and cluster_names(clusters)):
        raise ValueError(
            f"options: clusters is {clusters!r}, not names of clusters such as 'one' or 'one,two'"
        )


def cluster_names(clusters: str) -> tuple[str, ...]:
    """The clusters of a text such as 'one,two'; none if it is no such text, or 'all': jobs are looked up by cluster."""
    names = tuple(word.strip() for word in clusters.split(","))
    return names if all(re.fullmatch(r"[\w.-]+", name) and name != "all" for name in names) else ()


def _check_name(name: str) -> None:
    if name in LETTERS:
        whole = LETTERS[name]
        _refuse_taken(whole, f"{name!r} (--{whole})")
        raise ValueError(f"options: {name!r} is a short name; write {whole!r}")
    spelled = name.lower().replace("_", "-").lstrip("-")
    _refuse_taken(spelled, repr(name))
    if name in RESOURCES:
        return
    known = (*KEYS, *SET, *NOT_SUBMITTING, *RESOURCES, "clusters")
    if name != "clusters" and (whole := next((o for o in known if spelled and o.startswith(spelled)), "")):
        _refuse_taken(whole, f"{name!r} (--{whole})")
        raise ValueError(f"options: {name!r} is a short name; write {whole!r}")
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise ValueError(f"options: {name!r} is not the long name of an sbatch option such as 'qos'")


def _refuse_taken(option: str, shown: str) -> None:
    if option in KEYS:
        raise ValueError(f"options: {shown} cannot be given here; use the key {KEYS[option]}")
    if option in SET:
        raise ValueError(f"options: {shown} cannot be given here; it is set for every job")
    if option in NOT_SUBMITTING:
        raise ValueError(f"options: {shown} cannot be given here; jobs could not be submitted with it")


def _check_resources(name: str, value: str) -> None:
    """'gpu:a100:2,scratch:10' or, of the tres options, 'gres/gpu:2,cpu=4'."""
    for resource in value.split(","):
        kind = re.split(r"[:=]", resource.strip().lower().removeprefix("gres/").removeprefix("gres:"))[0]
        if kind in KEY_OF_RESOURCE:
            raise ValueError(
                f"options: {name} cannot be {value!r} here; for {resource.strip()!r} use the key "
                f"{KEY_OF_RESOURCE[kind]}"
            )
