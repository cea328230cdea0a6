"""The SLURM of one machine: it starts once, stops whole, and says what it lacks."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_slurm import slurm

from slurm.demo import DAEMONS, DemoCluster, missing_packages
from studies.running.parallel import available_cores


def test_without_its_packages_it_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("slurm.demo.ADMINISTRATION", str(tmp_path))
    assert slurm("demo-cluster", "start", "--folder", tmp_path / "demo") == 2
    message = capsys.readouterr().err
    assert (
        "not installed: munge, slurm-wlm; apt-get install --no-install-recommends munge slurm-wlm" in message
    )
    assert not (tmp_path / "demo").exists()


def test_stopping_what_does_not_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert slurm("demo-cluster", "stop", "--folder", tmp_path) == 2
    assert f"demo-cluster: nothing runs in {tmp_path}" in capsys.readouterr().err


def test_a_pid_file_of_another_process_is_no_daemon(tmp_path: Path) -> None:
    cluster = DemoCluster(tmp_path)
    for content in ("1", "", "99999999"):
        cluster.pid_file("slurmd").write_text(content)
        assert cluster.pid("slurmd") is None


@pytest.mark.xdist_group("slurm")
def test_two_clusters_side_by_side(
    cluster: DemoCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not missing_packages()
    assert slurm("demo-cluster", "start", "--folder", tmp_path) == 0
    second = DemoCluster(tmp_path)
    try:
        assert capsys.readouterr().out == f"export SLURM_CONF={tmp_path}/slurm.conf\n"
        assert slurm("demo-cluster", "start", "--folder", tmp_path) == 2
        assert "already started" in capsys.readouterr().err
        assert second.command("sinfo", "--noheader", "--format=%R %c").split() == [
            word for name in ("debug", "urgent") for word in (name, str(available_cores()))
        ]
    finally:
        stopped = second.stop()
    assert stopped == list(DAEMONS)
    assert not any(map(second.pid, DAEMONS))
    assert all(map(cluster.pid, DAEMONS))
