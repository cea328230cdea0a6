"""`slurm doctor --profile`: try the cluster, and say point by point what is wrong and what to do."""

from __future__ import annotations

import argparse
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from analysis.tables import Column, Table, write
from slurm import queue
from slurm.arrays import executor_of, outside_jobs
from slurm.probe import FILE, Probe
from slurm.profile import Profile, read
from slurm.records import Submission
from supernet.files import read_object

POLL = 1.0  # seconds
SETTLE = 20.0  # seconds that a network file system may take to show what a node has written
PROBE_MINUTES = 5  # of the job: a first import of PyTorch may take more than one

# What was looked at; '' if it is as it should be, else what is wrong and what to do.
Finding = tuple[str, str]


def doctor(args: argparse.Namespace) -> int:
    """Print the findings, as text while they are made; exit code 1 if something is wrong."""
    queue.require()
    profile = read(args.profile)
    rows = []
    for what, trouble in examine(profile, args.runs.absolute(), args.wait):
        rows.append({"finding": "WRONG" if trouble else "ok", "what": what, "trouble": trouble})
        if args.format == "text":
            print(f"{rows[-1]['finding']:<5}  {what}{f': {trouble}' if trouble else ''}", flush=True)
    wrong = any(row["trouble"] for row in rows)
    verdict = "something is wrong" if wrong else "all is well"
    columns = [Column(key, words=True) for key in ("finding", "what", "trouble")]
    findings = Table(columns, rows, name="findings")
    print(verdict if args.format == "text" else write(findings, args.format, after=verdict))
    return 1 if wrong else 0


def examine(profile: Profile, root: Path, wait: float) -> Iterator[Finding]:
    """The findings, as they are made."""
    yield "commands: " + ", ".join(queue.COMMANDS), ""
    try:
        yield f"controller: arrays of up to {queue.max_array_size(profile.clusters)} jobs", ""
        partitions = {cluster: queue.partitions(cluster) for cluster in profile.clusters}
    except ValueError as error:
        yield "controller", f"{error}; does SLURM_CONF name the right cluster, and is its slurmctld up?"
        return
    for cluster, known in partitions.items():
        yield from partition(profile, known, f" of cluster {cluster}" if cluster else "")
    yield from in_a_job(profile, root, wait)


def partition(
    profile: Profile, partitions: dict[str, dict[str, str]], of_cluster: str = ""
) -> Iterator[Finding]:
    """Whether the partition exists, is up and lets jobs run as long."""
    defaults = [name for name, settings in partitions.items() if settings.get("Default") == "YES"]
    name = profile.partition or (defaults[0] if defaults else "")
    what = (f"partition {name}" if name else "partition") + of_cluster
    if name not in partitions:
        reason = f"no partition {name!r}" if name else "no default partition; give one in the profile"
        yield what, f"{reason}; there are {', '.join(partitions) or 'none'}"
        return
    state = partitions[name].get("State", "UP")
    yield what, "" if state == "UP" else f"its state is {state}; take another or ask the administrators"
    most = partitions[name].get("MaxTime", "UNLIMITED")
    limit = queue.minutes(most)
    trouble = f"more than the {most} of partition {name}; lower `time`: a run goes on in the next job"
    yield f"time {profile.time}", trouble if limit is not None and profile.minutes > limit else ""


def in_a_job(profile: Profile, root: Path, wait: float) -> Iterator[Finding]:
    """What a short job finds."""
    folder = root / f".doctor-{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        yield f"folder {root}", f"cannot be written here ({error.strerror}); take another --runs"
        return
    submission = Submission(folder, folder.name.strip("."), (), ((),), profile)
    try:
        with outside_jobs():
            job = executor_of(submission, minutes=min(PROBE_MINUTES, profile.minutes)).submit(
                Probe(str(folder), profile.gpus)
            )
    except RuntimeError as error:
        shutil.rmtree(folder, ignore_errors=True)
        yield "submitting a job", f"{' '.join(str(error).split())}; change the profile accordingly"
        return
    yield f"submitting a job: {job.job_id}", ""
    trouble = wait_for(submission, job.job_id, wait)
    if trouble:
        queue.cancel(entries_of(submission, job.job_id))
        log = submission.log(job.job_id)
        yield "a short job", f"{trouble}; {last_words(log)}"
        return
    yield "a short job through the queue", ""
    yield from findings(profile, folder, read_object(folder / FILE))
    shutil.rmtree(folder, ignore_errors=True)


def entries_of(submission: Submission, job_id: str) -> list[queue.Entry]:
    """What the queue has of a job."""
    entries = queue.entries(submission.profile.clusters)
    return [entry for entry in entries if (entry.name, entry.id) == (submission.name, job_id)]


def wait_for(submission: Submission, job_id: str, wait: float) -> str:
    """'' once the job has written its result, else what is wrong."""
    result = submission.folder / FILE
    deadline, gone = time.monotonic() + wait, None
    while not result.exists():
        now = time.monotonic()
        entry = next(iter(entries_of(submission, job_id)), None)
        if entry is None:
            gone = gone or now
            if now - gone > SETTLE:
                return (
                    f"job {job_id} ended and wrote nothing to {result.parent}: nodes do not see this folder (take a "
                    "shared one as --runs), or Python did not start"
                )
        elif now > deadline:
            return (
                f"job {job_id} is {entry.state} ({entry.reason}) after {wait:.0f} s; wait longer with --wait"
            )
        time.sleep(POLL)
    return ""


def findings(profile: Profile, folder: Path, probed: dict[str, Any]) -> Iterator[Finding]:
    """What the job has written down."""
    yield f"shared folder {folder.parent}, written by {probed['host']}", ""
    problem = probed.get("torch_error", "")
    if problem:
        yield f"Python {probed['python']}", f"torch cannot be imported ({problem}); see `setup` and `python`"
        return
    yield f"Python {probed['python']}, torch {probed['torch']}", ""
    lacking = probed["gpus"] < profile.gpus
    advice = "torch sees fewer: load CUDA in `setup`, or take a partition that has GPUs"
    yield f"GPUs: {probed['gpus']} of {profile.gpus}", advice if lacking else ""
    reason = probed["requeue"]
    advice = f"{reason}; a job that reaches its limit is then not queued again: use `retry`"
    yield "requeue from the node", advice if reason else ""


def last_words(log: Path) -> str:
    """The end of a job's log."""
    if not log.exists():
        return f"it left no log ({log})"
    lines = log.read_text(errors="replace").strip().splitlines()
    return f"the log {log} ends with: {' | '.join(lines[-3:]) or 'nothing'}"
