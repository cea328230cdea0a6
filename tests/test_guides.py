"""The guides of docs/develop hold: what they say to write is written into a copy of the project, what they say to run
is run there, and what they say is printed is printed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDES = sorted((ROOT / "docs/develop").glob("add-*.md"))
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COPIED = ("analysis", "data", "slurm", "studies", "supernet", "tests/supernet/layers")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in COPIED:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_the_steps_of_a_guide_work(guide: Path, copy: Path) -> None:
    """Blocks: python FILE is a new file, diff a change, sh commands, text the lines that the last commands print."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    printed, ran = "", 0
    for language, name, text in BLOCK.findall(guide.read_text()):
        if language == "python" and name:
            assert not (copy / name).exists(), f"{name} is not new"
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_text(text)
        elif language == "diff":
            subprocess.run(
                ["git", "apply", "--recount", "-"],
                input=text,
                text=True,
                cwd=copy,
                check=True,
                env=environment,
            )
        elif language == "sh":
            done = subprocess.run(
                ["bash", "-e"], input=text, cwd=copy, capture_output=True, text=True, env=environment
            )
            assert done.returncode == 0, f"{text}{done.stdout}{done.stderr}"
            printed, ran = done.stdout + done.stderr, ran + 1
        elif language == "text":
            for line in text.splitlines():
                assert line.strip() in printed, f"{line!r} is not in\n{printed}"
    assert ran, "a guide without a command shows nothing"


def test_a_space_is_one_line_outside_its_folder() -> None:
    """What the guide states is what its own example takes, and what NAS-Bench-Macro took."""
    guide = (ROOT / "docs/develop/add-a-space.md").read_text()
    (stated,) = re.findall(r"Lines changed outside the folder: (\d+)\.", guide)
    changed = [
        line
        for language, _, text in BLOCK.findall(guide)
        if language == "diff"
        for line in text.splitlines()
        if re.match(r"[+-](?![+-]{2} )", line)
    ]
    assert len(changed) == int(stated)
    folder = ROOT / "supernet/spaces/macro"
    named = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for package in ("supernet", "analysis", "studies", "slurm")
        for path in sorted((ROOT / package).rglob("*.py"))
        if folder not in path.parents and path.parent.name != "catalog"
        for line in path.read_text().splitlines()
        if re.search(r"""spaces\.macro\b|["']macro\.|(?<!-)\bMacro\b|space\w*\W+["']macro["']""", line)
    ]
    assert named == ['supernet/spaces/__init__.py: "macro.space.Macro",']
    listed = re.findall(r"^\| `(\w+\.py)` \| \d+ \|", guide, re.MULTILINE)
    assert {*listed, "__init__.py"} == {path.name for path in folder.glob("*.py")}
