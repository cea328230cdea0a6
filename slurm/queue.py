"""SLURM's commands: what is in the queue, how the cluster is set up. Text in, plain data out."""

from __future__ import annotations

import getpass
import re
import shutil
import subprocess
from dataclasses import dataclass

COMMANDS = ("sbatch", "squeue", "scontrol", "scancel", "srun")
TIMEOUT = 60  # seconds; a controller that is down lets its commands wait
NO_LIMIT = ("UNLIMITED", "INFINITE", "NONE")


@dataclass(frozen=True)
class Entry:
    """A job, or one element of an array, in the queue. id: '12' or '12_3'. state: SLURM's, such as PENDING or
    RUNNING. reason: why it waits."""

    id: str
    state: str
    name: str
    reason: str

    @property
    def waits(self) -> bool:
        return self.state in ("PENDING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT")


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
    """What a command prints. ValueError with its last words if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    except FileNotFoundError:
        raise ValueError(f"slurm: no {command[0]} on the PATH") from None
    except subprocess.TimeoutExpired:
        raise ValueError(f"slurm: {command[0]} did not answer within {TIMEOUT} s") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise ValueError(f"slurm: {' '.join(command[:3])} failed: {said[-1] if said else 'without a word'}")
    return done.stdout


def entries() -> list[Entry]:
    """The user's jobs that wait or run, every element of an array by itself."""
    text = call("squeue", "--noheader", "--array", f"--user={getpass.getuser()}", "--format=%i|%T|%j|%r")
    return [Entry(*line.strip().split("|", 3)) for line in text.splitlines() if line.count("|") >= 3]


def max_array_size() -> int:
    """Most elements of a job array. SLURM's own default where the cluster does not say."""
    found = re.search(r"^\s*MaxArraySize\s*=\s*(\d+)", call("scontrol", "show", "config"), re.MULTILINE)
    return max(1, int(found[1])) if found else 1001  # 0: no arrays


def partitions() -> dict[str, dict[str, str]]:
    """By name, what `scontrol show partition` says of each."""
    found: dict[str, dict[str, str]] = {}
    for line in call("scontrol", "--oneliner", "show", "partition").splitlines():
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


def cancel(ids: list[str]) -> None:
    """Take jobs out of the queue, running ones included."""
    for begin in range(0, len(ids), 100):  # a command line has a limit too
        call("scancel", *ids[begin : begin + 100])
