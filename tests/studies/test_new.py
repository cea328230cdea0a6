"""`studies new`: what it writes is a study that can be planned, and passes ruff."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from studies import user_study
from studies.__main__ import main
from studies.model.smoke import smoke
from studies.running.plan import Plan
from supernet.spaces import SPACES

ROOT = Path(__file__).parents[2]
MADE = [(space, data) for space in SPACES for data in ("digits", "cifar10", "cifar100")]


def test_what_is_written_runs_and_passes_ruff(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for space, data in MADE:
        assert main(["new", f"of_{space}_{data}.py", "--space", space, "--data", data]) == 0
        printed = capsys.readouterr().out
        study = user_study.read(f"of_{space}_{data}.py").study()
        assert {variant.space for variant in study.variants} == {space}
        assert Plan.of(smoke(study), tmp_path).runs
        published = SPACES[space].importer
        if data == "digits":
            assert len(Plan.of(study, tmp_path).runs) == 4
        elif published is not None and data in published.data:
            assert f"studies truth import {space} SOURCE" in printed
            assert study.truth[space].table == space
        else:
            assert f"studies truth build --space {space} --data {data}" in printed
    ruff = [sys.executable, "-m", "ruff"]
    for command in (
        ["check"],
        ["format", "--check"],
        ["check", "--isolated"],
        ["format", "--check", "--isolated"],
    ):
        config = [] if "--isolated" in command else ["--config", str(ROOT / "pyproject.toml")]
        done = subprocess.run([*ruff, *command, *config, "."], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["there.py"], "there.py: is there already; --force writes over it"),
        (["no/such/folder.py"], "there is no folder"),
        (["a.py", "--data", "cifar"], "data: 'cifar' is not one of digits"),
        (["quickstart.py"], "the catalogue has a study quickstart"),
        (["a.txt"], "ends in .py"),
    ],
)
def test_mistakes_write_nothing(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.py").write_text("mine")
    assert main(["new", *words]) == 2
    assert said in capsys.readouterr().err
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("there.py", "mine")]
