"""Fake SLURM commands for speed, and a real SLURM of one machine."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import fake_slurm
import pytest
from fake_slurm import FAKE, Fake

from slurm.demo import DemoCluster, missing_packages
from studies.truth import table


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """A cluster of fake commands, first on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sbatch", "squeue", "scontrol", "scancel", "srun"):
        (folder / name).write_text(FAKE.format(python=sys.executable))
        (folder / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    made = Fake(folder)
    made.set("max", "1001")
    return made


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A small profile."""
    path = tmp_path / "cluster.toml"
    path.write_text('time = "00:10:00"\nmemory_gb = 1\nsignal_delay_s = 30\n')
    return path


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCluster]:
    """A real SLURM in a folder of its own; SLURM_CONF names it."""
    if lacking := missing_packages():
        pytest.skip(f"no SLURM on this machine: install {', '.join(lacking)}")
    made = DemoCluster(tmp_path_factory.mktemp("cluster"))
    made.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", str(made.configuration))
        yield made
    made.stop()


@pytest.fixture(scope="session")
def few_architectures(tmp_path_factory: pytest.TempPathFactory) -> str:
    """--truth with 40 cells of the embedded table: scoring takes no time."""
    found = table.load(table.resolve("nasbench201-digits"))
    path = tmp_path_factory.mktemp("truth") / "few.parquet"
    table.save(found.frame.head(40), dict(found.manifest), path)
    return f"{path}:digits_test"


@pytest.fixture
def slurm(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Does what `python -m slurm` with these words does, and returns what it prints."""

    def run(*words: str | Path, code: int = 0) -> str:
        returned, (printed, errors) = fake_slurm.slurm(*words), capsys.readouterr()
        assert returned == code, printed + errors
        return printed

    return run
