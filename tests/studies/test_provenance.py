"""What a study records of its code: the commit, whether it was changed, versions, the command."""

import json
import platform
import shutil
import subprocess
from argparse import Namespace
from pathlib import Path

import pytest
import torch

from studies.commands.plan import command
from studies.model.study import Study
from studies.running import provenance
from studies.running.plan import Plan


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    return subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("no git")
    folder = tmp_path / "code"
    (folder / "studies").mkdir(parents=True)
    (folder / "studies" / "__main__.py").write_text("1\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    return folder


def test_commit_and_whether_it_was_changed(checkout: Path) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    git(checkout, "tag", "-am", "named", "v1")
    assert provenance.commit(checkout) == head
    (checkout / "runs").mkdir()
    (checkout / "runs" / "new").write_text("not tracked")
    assert provenance.commit(checkout) == head
    (checkout / "studies" / "__main__.py").write_text("2\n")
    assert provenance.commit(checkout) == f"{head}-dirty"


def test_without_a_checkout_or_git_there_is_no_commit(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert provenance.commit(tmp_path) is None
    other = checkout / "site-packages"  # a copy inside somebody's repository
    (other / "studies").mkdir(parents=True)
    (other / "studies" / "__main__.py").write_text("1\n")
    assert provenance.commit(other) is None
    monkeypatch.setenv("PATH", "")
    assert provenance.commit(checkout) is None


def test_versions() -> None:
    found = provenance.versions()
    assert found["python"] == platform.python_version()
    assert found["torch"] == torch.__version__.partition("+")[0] or found["torch"] == torch.__version__


def test_a_study_records_them(tiny: Study, tmp_path: Path) -> None:
    plan = Plan.of(tiny, tmp_path / "runs", command="python -m studies run tiny")
    plan.write()
    content = json.loads((plan.folder / "study.json").read_text())
    assert content["provenance"]["command"] == "python -m studies run tiny"
    assert content["provenance"]["versions"] == provenance.versions()
    assert "commit" in content["provenance"]


def test_the_command_names_what_changes_the_study_and_no_folders() -> None:
    args = Namespace(
        name="quickstart",
        smoke=True,
        all=True,
        truth=["my table.csv:acc"],
        set=["training.epochs=5"],
        runs=Path("/elsewhere"),
    )
    said = "python -m studies run quickstart --smoke --all --truth 'my table.csv:acc' --set training.epochs=5"
    assert command(args) == said
    plain = Namespace(name="quickstart", smoke=False, all=False, truth=None, set=None, runs=Path("runs"))
    assert command(plain) == "python -m studies run quickstart"
