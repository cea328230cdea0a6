"""Which further options of sbatch a profile may give: none that repeats or contradicts one of its keys, or that is
the harness's own to set.

Names are checked as sbatch itself would read them: it also takes one letter for many options, and any beginning of a
long name that is no other's.
"""

from __future__ import annotations

import re
from typing import Any

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


def check(options: Any) -> None:
    """ValueError for anything but a table of options that a profile may give."""
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
    if clusters is not None and not (isinstance(clusters, str) and names(clusters)):
        raise ValueError(
            f"options: clusters is {clusters!r}, not names of clusters such as 'one' or 'one,two'"
        )


def names(clusters: str) -> tuple[str, ...]:
    """The clusters of a text such as 'one,two'; none if it is no such text, or 'all': jobs are looked up by cluster."""
    found = tuple(word.strip() for word in clusters.split(","))
    return found if all(re.fullmatch(r"[\w.-]+", name) and name != "all" for name in found) else ()


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
