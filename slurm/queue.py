"""SLURM's commands: what is in the queue, how the cluster is set up. Text in, plain data out."""

from __future__ import annotations

import getpass
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from slurm.profile import HERE

COMMANDS = ("sbatch", "squeue", "scontrol", "scancel", "srun")
MAX_ARRAY_SIZE = 1001  # SLURM's default
TIMEOUT = 60  # seconds; a controller that is down lets its commands wait
USERS_OWN = ("SQUEUE_", "SCANCEL_", "SLURM_CLUSTERS")  # defaults that would leave out jobs, or ask elsewhere
UNKNOWN_CLUSTER = re.compile(r"No cluster '([^']*)' known by database")
NO_LIMIT = ("UNLIMITED", "INFINITE", "NONE")


@dataclass(frozen=True)
class Entry:
    """A job, or one element of an array, in the queue. id: '12' or '12_3', of its cluster. state: SLURM's, such as
    PENDING or RUNNING. reason: why it waits. cluster: '' for the one that the commands talk to by themselves."""

    id: str
    state: str
    name: str
    reason: str
    cluster: str = ""

    @property
    def waits(self) -> bool:
        return self.state in ("PENDING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT")


class Unreachable(ValueError):
    """SLURM's commands are not there, or the controller does not answer."""


class UnknownCluster(ValueError):
    """The controller answers that there is no cluster of this name."""


def require() -> None:
    """ValueError if there is no SLURM here, which names the other ways."""
    lacking = [name for name in COMMANDS if shutil.which(name) is None]
    if lacking:
        raise ValueError(
            f"slurm: no {lacking[0]} on the PATH: this machine has no SLURM. `python -m slurm submit STUDY --local N` "
            "runs the same study here in N processes; `python -m slurm demo-cluster start` sets up a SLURM of one "
            "machine"
        )


def call(*command: str) -> str:
    """What a command prints. Unreachable, with its last words, if it fails; UnknownCluster where it was to ask one."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(USERS_OWN)}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, env=ours)
    except FileNotFoundError:
        raise Unreachable(f"slurm: no {command[0]} on the PATH") from None
    except subprocess.TimeoutExpired:
        raise Unreachable(f"slurm: {command[0]} did not answer within {TIMEOUT} s") from None
    if done.returncode:
        if unknown := UNKNOWN_CLUSTER.search(done.stderr):
            raise UnknownCluster(
                f"options: clusters: SLURM knows no cluster {unknown[1]!r}; `sacctmgr list clusters` prints those that "
                "there are"
            )
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Unreachable(f"slurm: {' '.join(command[:3])} failed: {said[-1] if said else 'without a word'}")
    return done.stdout


def on(cluster: str) -> list[str]:
    """The words that let a command talk to a cluster; none for ''."""
    return [f"--clusters={cluster}"] if cluster else []


def entries(clusters: Iterable[str] = HERE) -> list[Entry]:
    """The user's jobs that wait or run on these clusters, every element of an array by itself.

    Clusters are asked one by one: ids are unique in one cluster only."""
    found = []
    for cluster in clusters:
        words = ["--noheader", "--array", f"--user={getpass.getuser()}", "--format=%i|%T|%j|%r"]
        for line in call("squeue", *on(cluster), *words).splitlines():
            if line.count("|") >= 3:
                job_id, state, name, reason = line.strip().split("|", 3)
                found.append(Entry(job_id, state, name, reason, cluster))
    return found


def max_array_size(clusters: Iterable[str] = HERE) -> int:
    """Most elements of a job array that all the clusters take. SLURM's own default where they do not say."""
    sizes = []
    for cluster in clusters:
        text = call("scontrol", *on(cluster), "show", "config")
        found = re.search(r"^\s*MaxArraySize\s*=\s*(\d+)", text, re.MULTILINE)
        sizes.append(max(1, int(found[1])) if found else MAX_ARRAY_SIZE)  # 0: no arrays
    return min(sizes)


def partitions(cluster: str = "") -> dict[str, dict[str, str]]:
    """By name, what `scontrol show partition` says of each."""
    found: dict[str, dict[str, str]] = {}
    for line in call("scontrol", *on(cluster), "--oneliner", "show", "partition").splitlines():
        settings = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if "PartitionName" in settings:
            found[settings["PartitionName"]] = settings
    return found


def minutes(text: str) -> float | None:
    """Minutes of a limit as SLURM prints it, '1-12:30:00' or '30:00'; None for no limit."""
    if text.upper() in NO_LIMIT:
        return None
    days, _, clock = text.rpartition("-")
    parts = [int(part) for part in clock.split(":")]
    hours, mins, seconds = [0] * (3 - len(parts)) + parts
    return (24 * int(days or 0) + hours) * 60 + mins + seconds / 60


def cancel(jobs: Iterable[Entry]) -> None:
    """Take jobs out of the queue, running ones included."""
    by_cluster: dict[str, list[str]] = {}
    for job in jobs:
        by_cluster.setdefault(job.cluster, []).append(job.id)
    for cluster, ids in by_cluster.items():
        for begin in range(0, len(ids), 100):  # a command line has a limit too
            call("scancel", *on(cluster), *ids[begin : begin + 100])
