"""What pip installs, and the console command: everything that runs and nothing else, from any folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUILD = "from setuptools.build_meta import build_wheel; print(build_wheel('dist'))"
ASKED = (
    "studies r",
    "studies run quick",
    "studies run ./m",
    "analysis report f",
    "analysis figure lea",
    "slurm submit --dry",
    "completion ",
)
SCRIPT = r"""
source script
for line in "$@"; do
  COMP_WORDS=(supernet-ranking $line); COMP_CWORD=${#COMP_WORDS[@]}; COMP_LINE="supernet-ranking $line"
  COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; COMPREPLY=(); _python_argcomplete supernet-ranking; echo "${COMPREPLY[*]}"
done
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of a copy of this project, built without the network."""
    copy = tmp_path_factory.mktemp("project")
    for path in ROOT.iterdir():
        if path.is_dir() and not path.name.startswith(".") and path.name not in ("runs", "build", "docs"):
            shutil.copytree(path, copy / path.name, ignore=shutil.ignore_patterns("__pycache__", "*.jsonl"))
        elif path.suffix in (".py", ".toml", ".txt", ".md") or path.name == "LICENSE":
            shutil.copy(path, copy)
    done = subprocess.run([sys.executable, "-c", BUILD], cwd=copy, capture_output=True, text=True, check=True)
    return copy / "dist" / done.stdout.splitlines()[-1]


def test_an_installed_copy_runs_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
        file.extractall(tmp_path / "site")
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"analysis", "slurm", "studies", "supernet", "supernet_ranking"}
    tracked = subprocess.run(
        ["git", "ls-files", *tops], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(tracked) <= set(names)
    metadata = (tmp_path / "site" / "supernet_ranking-0.1.0.dist-info" / "METADATA").read_text()
    wanted = [line for line in (ROOT / "requirements.txt").read_text().split("\n") if line and line[0] != "#"]
    assert all(f"Requires-Dist: {line}\n" in metadata for line in wanted)
    # -P: not from the folder that it is started in.
    done = subprocess.run(
        [sys.executable, "-P", "-m", "supernet_ranking", "studies", "show", "quickstart", "--smoke"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
    )
    assert "8 jobs, 0 complete, 8 to do" in done.stdout, done.stderr


def test_bash_completes(tmp_path: Path) -> None:
    """As a shell asks: the script that is printed, in a real bash."""
    command = tmp_path / "supernet-ranking"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m supernet_ranking "$@"\n')
    command.chmod(0o755)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    for shell in ("zsh", "fish", "bash"):
        script = subprocess.run(
            [command, "completion", shell], capture_output=True, text=True, check=True, env=environment
        ).stdout
        assert "supernet-ranking" in script
    (tmp_path / "script").write_text(script)
    (tmp_path / "mine.py").touch()
    (tmp_path / "runs" / "finished").mkdir(parents=True)
    (tmp_path / "runs" / "finished" / "study.json").touch()
    done = subprocess.run(
        ["bash", "-c", SCRIPT, "bash", *ASKED],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert [line.strip() for line in done.stdout.splitlines()] == [
        "run",
        "quickstart",
        "./mine.py",
        "finished",
        "learning leaderboard",
        "--dry-run",
        "bash zsh fish",
    ]
