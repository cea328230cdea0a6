"""On a real SLURM of one machine: an array ends complete, and whatever happens to a job, its run has the same bits."""

from __future__ import annotations

import argparse
import functools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
import torch
from fake_slurm import ROOT

from slurm.arrays import executor_of, outside_jobs, submit_once, with_id
from slurm.demo import DemoCluster
from slurm.job import Job
from slurm.profile import HERE, Profile
from slurm.records import Submission, read_all
from studies.commands.arguments import add_work
from studies.commands.plan import plan_from_words, words_from_args
from studies.running import lock
from studies.running.execute import execute

pytestmark = [pytest.mark.xdist_group("slurm")]
DEADLINE = 240.0  # seconds; for a machine that is busy with other things


def until(condition: Callable[[], object], what: str) -> None:
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < DEADLINE, f"waited in vain for {what}"
        time.sleep(0.1)


def queued() -> str:
    return subprocess.run(["squeue", "--noheader"], capture_output=True, text=True, check=True).stdout


def restarts(job: str) -> int:
    shown = subprocess.run(
        ["scontrol", "show", "job", job], capture_output=True, text=True, check=True
    ).stdout
    match = re.search(r"Restarts=(\d+)", shown)
    assert match
    return int(match[1])


def assert_same(one: Path, two: Path) -> None:
    """Every tensor of the checkpoint and every score, bit by bit."""
    scores = [pd.read_parquet(folder / "scores.parquet").drop(columns="seconds") for folder in (one, two)]
    scores = [frame.sort_values(["measure", "arch"], ignore_index=True) for frame in scores]
    pd.testing.assert_frame_equal(*scores, check_exact=True)
    states = [torch.load(folder / "checkpoint.pt", weights_only=True) for folder in (one, two)]
    for key in ("model", "optimizer", "sampler", "generator", "gradients", "used", "updates"):
        assert equal(states[0][key], states[1][key]), key


def equal(one: object, two: object) -> bool:
    if isinstance(one, torch.Tensor):
        return isinstance(two, torch.Tensor) and torch.equal(one, two)
    if isinstance(one, dict):
        return isinstance(two, dict) and one.keys() == two.keys() and all(equal(one[k], two[k]) for k in one)
    if isinstance(one, list | tuple) and isinstance(two, list | tuple):
        return len(one) == len(two) and all(map(equal, one, two))
    return one == two


TWO = ["--seeds", "0", "--only", "nasbench201/uniform", "--only", "nasbench201/strictly fair"]


@pytest.fixture(scope="module")
def two_undisturbed(tmp_path_factory: pytest.TempPathFactory, few_architectures: str) -> Callable[[], Path]:
    """Gives the folder of these two runs of the quickstart, done in a process of this machine, once."""
    root = tmp_path_factory.mktemp("undisturbed")
    return functools.cache(lambda: undisturbed_runs(root, "quickstart", "--truth", few_architectures, *TWO))


def undisturbed_runs(root: Path, *words: str) -> Path:
    """The folder of the same runs, done in a process of this machine."""
    plan = plan_from_words([*words, "--runs", str(root)])
    execute(plan, plan.selected, "cpu", 1)
    return root / "trainings"


def parsed(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_work(parser)
    return parser.parse_args(words)


@pytest.fixture
def background() -> Iterator[ThreadPoolExecutor]:
    """A thread for what can be done while SLURM lets everybody wait."""
    with ThreadPoolExecutor(1) as executor:
        yield executor


def test_an_array_of_smoke_runs_ends_complete_and_equal_to_a_local_run(
    cluster: DemoCluster,
    slurm: Callable[..., str],
    profile: Path,
    tmp_path: Path,
    few_architectures: str,
    background: ThreadPoolExecutor,
) -> None:
    words = ["quickstart", "--smoke", "--truth", few_architectures, "--only", "nasbench201/uniform"]
    words += ["--only", "nasbench201/strictly fair", "--only", "without avg_pool_3x3"]
    there = tmp_path / "jobs"
    command = [sys.executable, "-m", "slurm", "submit", *words, "--runs", there, "--profile", profile]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    sent = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert sent.returncode == 0, sent.stderr
    assert "submitted 3 runs in 3 jobs, 1 array" in sent.stdout
    local = background.submit(undisturbed_runs, tmp_path / "local", *words)
    assert "submitted 0 runs" in slurm("submit", *words, "--runs", there, "--profile", profile)
    assert "3 of 3 complete: 3 done" in slurm("status", *words, "--runs", there, "--watch", "1")
    undisturbed = local.result()
    runs = sorted(path.name for path in (there / "trainings").iterdir())
    assert runs == sorted(path.name for path in undisturbed.iterdir())
    for run in runs:
        assert_same(undisturbed / run, there / "trainings" / run)
        assert "finished" in slurm("logs", run[:8], "--runs", there)
    assert not list(there.rglob("*.tmp"))


def test_runs_that_were_killed_timed_out_preempted_and_lost_with_their_node_have_the_same_bits(
    cluster: DemoCluster,
    slurm: Callable[..., str],
    profile: Path,
    tmp_path: Path,
    few_architectures: str,
    two_undisturbed: Callable[[], Path],
    background: ThreadPoolExecutor,
) -> None:
    words = ["quickstart", "--truth", few_architectures, *TWO]
    there = tmp_path / "jobs"
    slurm("submit", *words, "--runs", there, "--profile", profile)
    (record,) = read_all(there)
    runs, jobs = [there / "trainings" / run for (run,) in record.jobs], record.ids()

    def trains(run: Path) -> bool:
        return (run / "checkpoint.pt").exists() and lock.holder(run) is not None

    # A time-out: SLURM sends the signal, the job asks to be queued again. A kill: the job is gone.
    until(lambda: trains(runs[0]), "the first run to train")
    subprocess.run(["scancel", "--signal=USR2", jobs[0]], check=True)
    until(lambda: trains(runs[1]), "the second run to train")
    holder = lock.holder(runs[1])
    assert holder is not None
    os.kill(holder.pid, signal.SIGKILL)
    until(lambda: restarts(jobs[0]) == 1, "the first job to be queued again")
    until(lambda: jobs[1] not in queued(), "the second job to be gone")
    told = slurm("status", *words, "--runs", there, "--wide")
    assert re.search(r"strictly fair +0  lost .*_log\.out\n", told), told
    assert "submitted 1 run in 1 job" in slurm("retry", *words, "--runs", there)
    jobs[1] = read_all(there)[1].ids()[0]

    # A preemption: a job of a partition that goes before needs the whole machine.
    until(lambda: trains(runs[0]), "the first run to train again")
    urgent = ["sbatch", "--partition=urgent", "--exclusive", "--output=/dev/null", "--wrap=sleep 1"]
    subprocess.run(urgent, check=True, capture_output=True, cwd=tmp_path)
    until(lambda: restarts(jobs[0]) >= 2, "the first job to be preempted")

    # A lost node: its daemon is killed with all that it has started, and comes back.
    lost: list[int] = []

    def some_train() -> bool:
        lost[:] = [number for number, run in enumerate(runs) if trains(run)]
        return bool(lost)

    until(some_train, "a run to train again")
    before = [restarts(job) for job in jobs]
    cluster.lose_node()
    until(lambda: all(lock.holder(runs[number]) is None for number in lost), "the lost processes to be gone")
    cluster.start_daemon("slurmd")
    for number in lost:
        until(
            lambda: restarts(jobs[number]) > before[number] or (runs[number] / "result.json").exists(),  # noqa: B023
            "a job of the lost node to be queued again, or to have ended just before",
        )

    local = background.submit(two_undisturbed)
    assert "2 of 2 complete: 2 done" in slurm("status", *words, "--runs", there, "--watch", "1")
    assert not list(there.rglob("*.tmp"))
    assert not list(there.rglob("*.save_tmp"))
    for run in runs:
        assert_same(local.result() / run.name, run)


def test_runs_that_share_a_job_are_queued_again_with_it_once_and_have_the_same_bits(
    cluster: DemoCluster,
    slurm: Callable[..., str],
    tmp_path: Path,
    few_architectures: str,
    two_undisturbed: Callable[[], Path],
) -> None:
    """What `runs_per_gpu` makes of a job, but on the CPU: SLURM's signal reaches the worker processes too."""
    words = ["quickstart", "--truth", few_architectures, *TWO]
    plan = plan_from_words([*words, "--runs", str(tmp_path / "jobs")])
    plan.write()
    runs = [run.folder for run in plan.selected]
    ids = tuple(folder.name for folder in runs)
    profile = Profile(time="00:10:00", cpus=2, memory_gb=2, signal_delay_s=30)
    given = words_from_args(parsed([*words, "--runs", str(tmp_path / "jobs")]))
    sent = Submission.new(plan.folder, given, (ids,), profile)
    sent.folder.mkdir(parents=True)
    with outside_jobs():
        job_id = submit_once(executor_of(sent), [Job(given, ids, "cpu", at_a_time=2)], HERE)
    with_id(sent, job_id)
    until(lambda: all((run / "checkpoint.pt").exists() and lock.holder(run) for run in runs), "both to train")
    workers = {lock.holder(run).pid for run in runs}
    assert len(workers) == 2
    subprocess.run(["scancel", "--signal=USR2", job_id], check=True)
    until(lambda: restarts(job_id) == 1, "the job to be queued again")
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "the workers to end")
    assert "2 of 2 complete: 2 done" in slurm("status", *words, "--runs", tmp_path / "jobs", "--watch", "1")
    assert sent.log(job_id).read_text().count("Requeued job") == 1
    assert restarts(job_id) == 1
    for run in runs:
        assert_same(two_undisturbed() / run.name, run)
