"""`doctor`: what is wrong with a cluster is found and told; and a real one is well."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_slurm import Fake, slurm

from slurm import doctor
from slurm.demo import DemoCluster
from slurm.profile import Profile


def told(findings: object) -> dict[str, str]:
    return dict(findings)  # type: ignore[call-overload]


def test_the_partition_must_exist_be_up_and_allow_the_time(fake: Fake) -> None:
    from slurm.queue import partitions

    def trouble(**settings: str) -> dict[str, str]:
        return told(doctor.partition(Profile(**{"time": "1:00:00"} | settings), partitions()))

    assert trouble() == {"partition debug": "", "time 1:00:00": ""}
    assert trouble(partition="gpu") == {"partition gpu": "no partition 'gpu'; there are debug, closed"}
    assert "its state is DOWN" in trouble(partition="closed")["partition closed"]
    over = trouble(time="1-00:01:00")["time 1-00:01:00"]
    assert over.startswith("more than the 1-00:00:00 of partition debug; lower `time`")
    assert told(doctor.partition(Profile(time="1:00:00"), {"a": {}})) == {
        "partition": "no default partition; give one in the profile; there are a"
    }


def test_a_job_that_writes_nothing_is_told_with_its_log(
    fake: Fake,
    profile: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(doctor, "SETTLE", 0.2)
    monkeypatch.setattr(doctor, "POLL", 0.05)
    (fake.folder / "squeue").write_text("#!/bin/sh\n")
    (fake.folder / "squeue").chmod(0o700)
    assert slurm("doctor", "--profile", profile, "--runs", tmp_path / "runs") == 1
    lines = capsys.readouterr().out.splitlines()
    (wrong,) = (line for line in lines if line.startswith("WRONG"))
    assert "a short job: job 100 ended and wrote nothing" in wrong
    assert "it left no log" in wrong
    assert lines[-1] == "something is wrong"


def test_a_job_that_does_not_start_is_taken_back(
    fake: Fake, profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert slurm("doctor", "--profile", profile, "--runs", tmp_path / "runs", "--wait", "0") == 1
    assert "job 100 is PENDING (Priority) after 0 s; wait longer" in capsys.readouterr().out
    assert fake.calls("scancel") == [["100"]]


def test_a_refusal_and_a_controller_that_is_down(
    fake: Fake, profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.set("refuse", "Invalid account")
    assert slurm("doctor", "--profile", profile, "--runs", tmp_path / "runs") == 1
    assert "WRONG  submitting a job: " in (out := capsys.readouterr().out)
    assert "Invalid account" in out
    (fake.folder / "scontrol").write_text("#!/bin/sh\nexit 1\n")
    assert slurm("doctor", "--profile", profile, "--runs", tmp_path / "runs") == 1
    assert "does SLURM_CONF name the right cluster" in capsys.readouterr().out


def test_what_the_job_found() -> None:
    found = {
        "host": "node1",
        "python": "3.11.7",
        "torch": "2.9",
        "gpus": 0,
        "requeue": "no scontrol on the PATH",
    }
    folder = Path("/shared/runs/.doctor")
    problems = told(doctor.findings(Profile(time="1:00:00", gpus=2), folder, found))
    assert problems["GPUs: 0 of 2"].startswith("torch sees fewer")
    assert "not queued again: use `retry`" in problems["requeue from the node"]
    broken = found | {"torch_error": "ImportError: libcuda"}
    problems = told(doctor.findings(Profile(time="1:00:00"), folder, broken))
    assert (
        problems["Python 3.11.7"]
        == "torch cannot be imported (ImportError: libcuda); see `setup` and `python`"
    )


@pytest.mark.xdist_group("slurm")
def test_a_real_cluster(
    cluster: DemoCluster,
    profile: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(doctor, "SETTLE", 2.0)
    assert slurm("doctor", "--profile", profile, "--runs", tmp_path / "runs") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "all is well"
    assert any("torch 2." in line for line in lines)
    assert not list((tmp_path / "runs").iterdir())
    profile.write_text(profile.read_text() + 'python = "/nowhere/python"\n')
    assert slurm("doctor", "--profile", profile, "--runs", tmp_path / "runs", "--wait", "60") == 1
    out = capsys.readouterr().out
    assert "Python did not start; the log" in out
    assert "/nowhere/python" in out
