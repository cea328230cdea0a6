"""What becomes of jobs, against fake commands: status, logs, retry, cancel."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from fake_slurm import SMOKE, Fake, finish, records, slurm

from slurm.records import last_line
from studies.running import lock


@pytest.fixture
def submitted(
    fake: Fake, profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[Path, list[str]]:
    """Root and runs of a study whose eight jobs are: complete, failed, lost, running, in a running job, and waiting."""
    root = tmp_path / "runs"
    slurm("submit", *SMOKE, "--runs", root, "--profile", profile)
    (record,) = records(root)
    runs = [run for (run,) in record.jobs]
    finish(root, runs[:1])
    finish(root, runs[1:2], status="failed", reason="no space left")
    record.log("100_2").write_text("starts\nsrun: error: task 0: Killed\n")
    queue = fake.queue()[3:]
    queue[:2] = [line.replace("PENDING", "RUNNING") for line in queue[:2]]
    fake.set("queue", "\n".join(queue))
    capsys.readouterr()
    return root, runs


def test_status_tells_the_state_of_every_run(
    submitted: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    root, runs = submitted
    with lock.lock_run(root / "trainings" / runs[3]):
        assert slurm("status", *SMOKE, "--runs", root, "--wide") == 0
    told = capsys.readouterr().out
    lines = {line.split()[0]: line for line in told.splitlines() if line and line[0] != " "}
    states = [re.search(r" 0 +(diverged|failed|lost|running|queued) ", lines[run]) for run in runs]
    assert [match and match[1] for match in states] == [
        "diverged", "failed", "lost", "running", "queued", "queued", "queued", "queued",
    ]  # fmt: skip
    assert "no space left" in lines[runs[1]]
    assert "Killed" in lines[runs[2]]
    assert "100_3" in lines[runs[3]]
    assert f"pid {os.getpid()}" in lines[runs[3]]
    assert "in a running job" in lines[runs[4]]
    assert "pending: Priority" in lines[runs[5]]
    assert "100_2_0_log.out" in told
    assert "1 of 8 complete: 1 diverged, 1 running, 4 queued, 1 failed, 1 lost" in told
    assert "python -m slurm retry quickstart" in told
    assert told.endswith(
        f"report of what is complete: python -m analysis report quickstart-smoke --runs {root}\n"
    )


def test_the_reason_of_a_lost_run_is_the_jobs_own_error(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("starts\nValueError: job: no GPU\nsrun: error: task 0: Exited with exit code 1\n")
    assert last_line(log) == "its job ended: ValueError: job: no GPU"
    log.write_text("starts\nsrun: error: task 0: Killed\n")
    assert last_line(log) == "its job ended: srun: error: task 0: Killed"


def test_watching_ends_when_nothing_is_in_the_queue_and_tells_of_failures(
    submitted: tuple[Path, list[str]], fake: Fake
) -> None:
    root, runs = submitted
    fake.set("queue", "")
    assert slurm("status", *SMOKE, "--runs", root, "--watch", "0.1") == 1
    finish(root, runs)
    assert slurm("status", *SMOKE, "--runs", root, "--watch", "0.1") == 0
    assert slurm("status", *SMOKE, "--runs", root, "--watch", "-1") == 2


def test_retry_submits_what_is_neither_complete_nor_in_the_queue(
    submitted: tuple[Path, list[str]], fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, runs = submitted
    assert slurm("retry", *SMOKE, "--runs", root) == 0
    assert "submitted 2 runs in 2 jobs" in capsys.readouterr().out
    again = records(root)[-1]
    assert again.jobs == ((runs[1],), (runs[2],))
    assert again.profile == records(root)[0].profile
    assert slurm("retry", *SMOKE, "--runs", root) == 0
    assert len(fake.scripts()) == 2
    assert slurm("retry", *SMOKE, "--runs", tmp_path / "elsewhere") == 2
    assert "quickstart-smoke was never submitted" in capsys.readouterr().err


def test_a_submission_of_an_earlier_version_is_read_and_its_profile_not_sent_again(
    submitted: tuple[Path, list[str]], fake: Fake, profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It took a GPU by an option, and kept nothing of the keys that there were not."""
    root, _ = submitted
    (path,) = root.glob("*/slurm/*/array.json")
    content = json.loads(path.read_text())
    for name in ("gpu_type", "runs_per_gpu"):
        content["profile"].pop(name)
    content["profile"]["options"] = {"gres": "gpu:1"}
    path.write_text(json.dumps(content))
    assert slurm("status", *SMOKE, "--runs", root) == 0
    assert slurm("retry", *SMOKE, "--runs", root) == 2
    assert "the profile of the last submission: options: gres cannot be" in capsys.readouterr().err
    assert slurm("retry", *SMOKE, "--runs", root, "--profile", profile) == 0
    assert len(fake.scripts()) == 2


def test_retry_leaves_alone_what_was_not_submitted(
    fake: Fake, profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slurm("submit", *SMOKE, "--only", "blox/uniform", "--runs", tmp_path, "--profile", profile)
    fake.set("queue", "")
    slurm("retry", *SMOKE, "--runs", tmp_path)
    assert "submitted 1 run" in capsys.readouterr().out


def test_cancel_takes_the_study_out_of_the_queue_and_no_other_job(
    submitted: tuple[Path, list[str]], fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    root, _ = submitted
    fake.set("queue", "\n".join([*fake.queue(), "7|RUNNING|another|None"]))
    assert slurm("cancel", *SMOKE, "--runs", root) == 0
    assert fake.calls("scancel") == [["100_3", "100_4", "100_5", "100_6", "100_7"]]
    assert fake.queue() == ["7|RUNNING|another|None"]
    assert "cancelled 5 jobs" in capsys.readouterr().out
    assert slurm("cancel", *SMOKE, "--runs", root, "--seeds", "0") == 2


def test_logs(submitted: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    root, runs = submitted
    assert slurm("logs", runs[2][:8], "--runs", root) == 0
    assert capsys.readouterr().out.endswith("starts\nsrun: error: task 0: Killed\n")
    assert slurm("logs", runs[2], "--runs", root, "--lines", "1") == 0
    assert "starts" not in capsys.readouterr().out
    for words, message in (
        ([runs[5]], "job 100_5 has not started"),
        (["nothing"], "run: 'nothing' is not the id"),
        ([""], "is the beginning of"),
        ([runs[2], "--lines", "-1"], "--lines: -1"),
    ):
        assert slurm("logs", *words, "--runs", root) == 2
        assert message in capsys.readouterr().err


def test_a_controller_that_is_down_is_no_empty_queue(
    submitted: tuple[Path, list[str]], fake: Fake, profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, _ = submitted
    (fake.folder / "squeue").write_text("#!/bin/sh\necho 'Unable to contact slurm controller' >&2\nexit 1\n")
    assert slurm("submit", *SMOKE, "--runs", root, "--profile", profile) == 2
    assert "Unable to contact slurm controller" in capsys.readouterr().err
    assert len(fake.scripts()) == 1


def test_a_damaged_record_is_named(
    submitted: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    root, _ = submitted
    (path,) = root.glob("*/slurm/*/array.json")
    for content in ("{", "[]", '{"profile": 3}', '{"name": "a"}'):
        path.write_text(content)
        assert slurm("status", *SMOKE, "--runs", root) == 2
        assert f"slurm: {path} is damaged" in capsys.readouterr().err
