"""The documentation holds: links lead somewhere, every command is one that the parsers know, the tutorial runs."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import benchmarks.__main__
from supernet_ranking.__main__ import PROGRAM

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
ASKED = [page for page in PAGES if not page.name.startswith("add-")]  # test_guides.py runs these in a copy
BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
OURS = ("analysis", "slurm", "studies", "supernet_ranking")
# Programs of others that the pages name; what they are given is not checked.
OTHERS = {"pip", "eval", "export", "python3", "ruff", ".venv/bin/ruff", "pytest"}
GPU = "gpu"  # `python -m benchmarks gpu`: arguments of its own


def slug(title: str) -> str:
    """The anchor of a heading, as Markdown's table of contents and code hosts make it."""
    plain = re.sub(r"[^\w\s-]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)).strip().lower()
    return re.sub(r"\s+", "-", plain)


def anchors(page: Path) -> set[str]:
    return {slug(title) for title in re.findall(r"^#+ (.+)$", BLOCK.sub("", page.read_text()), re.MULTILINE)}


def test_every_link_leads_somewhere() -> None:
    broken, followed = [], 0
    for page in PAGES:
        for link in LINK.findall(BLOCK.sub("", page.read_text())):
            path, _, anchor = link.partition("#")
            if "://" in path:
                continue
            followed += 1
            target = (page.parent / path).resolve() if path else page
            if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
                broken.append(f"{page.relative_to(ROOT)}: {link}")
    assert not broken
    assert followed > 100


def commands(text: str) -> Iterator[str]:
    """The command lines of a page: of its blocks of shell, and of its sentences those of this project."""
    blocks = BLOCK.findall(text)
    for block in (block for language, block in blocks if language in ("sh", "bash")):
        for line in block.replace("\\\n", " ").splitlines():
            yield from (part for part in re.split(r"&&|\|\|", line) if part.strip(" #"))
    for code in re.findall(r"`([^`]+)`", BLOCK.sub("", text)):
        words = " ".join(code.split())
        if re.match(r"(python -m (studies|analysis|slurm|benchmarks)|supernet-ranking) \w", words):
            yield from () if "..." in words or "|" in words else (words,)


def parse(command: str) -> None:
    """Have the real parser, or what else is asked, judge a command. Raises ValueError with what is wrong."""
    words = shlex.split(command, comments=True)
    if not words or words[0] in (".", "cd"):
        return
    words = words[: words.index(">")] if ">" in words else words
    while re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words = words[1:]
    program = re.sub(r"^(\.venv/bin/)?python$", "python", words[0])
    if program == "python" and words[1] == "-m":
        package, given = words[2], words[3:]
        if package in OURS:
            _judge(PROGRAM.parser(), given if package == "supernet_ranking" else [package, *given])
        elif package == "benchmarks":
            _judge(benchmarks.__main__.parser(), given) if given[:1] != [GPU] else None
        elif package != "pytest":
            raise ValueError(f"no package of this project: {package}")
    elif program == "supernet-ranking":
        _judge(PROGRAM.parser(), words[1:])
    elif program == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        for word in words[1:]:
            if "=" not in word and word not in targets:
                raise ValueError(f"no target of the Makefile: {word}")
    elif program == "cp":
        if not (ROOT / words[1]).exists():
            raise ValueError(f"no such file: {words[1]}")
    elif program.removeprefix(".venv/bin/") not in OTHERS | {"mypy", "lint-imports"}:
        raise ValueError(f"not a program that the pages may name: {program}")


def _judge(parser: argparse.ArgumentParser, words: list[str]) -> None:
    try:
        parser.parse_args(words)
    except SystemExit as end:
        if end.code:
            raise ValueError("the parser refuses it") from None


@pytest.mark.parametrize("page", ASKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_is_one_that_the_parsers_know(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What needs data or hours is not run, but every sub-command and option of it exists and takes such a value."""
    wrong = []
    for command in commands(page.read_text()):
        try:
            parse(command)
        except ValueError as error:
            wrong.append(f"{command.strip()}: {error}: {capsys.readouterr().err.splitlines()[-1:]}")
    assert not wrong


def test_a_wrong_command_would_be_noticed() -> None:
    for command in (
        "python -m studies rnu quickstart",
        "supernet-ranking analysis table quickstart --format docx",
        "python -m slurm submit quickstart --no-such-option",
        "make no-such-target",
        "python -m stdies list",
    ):
        with pytest.raises(ValueError, match=r"refuses|no target|no package"):
            parse(command)


def test_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commands in order and as they are written, but for the size of the study: the smoke size."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs/tutorial.md").read_text()
    ran = 0
    for language, block in BLOCK.findall(text):
        if language == "python":
            exec(block.replace("runs/my_study", "runs/my_study-smoke"), {})
        for line in block.splitlines() if language == "sh" else ():
            words = shlex.split(line)
            if words[0] != "supernet-ranking":
                continue
            if words[1:3] in (["studies", "run"], ["studies", "show"]):
                words += ["--smoke", "--workers", "1"][: 3 if words[2] == "run" else 1]
            elif words[1] == "analysis":
                words = [re.sub(r"^my_study(\.py|(?=\+))", "my_study-smoke", word) for word in words]
            assert PROGRAM.main(words[1:]) == 0, line
            ran += 1
    assert ran == 10
    assert Path("runs/my_study-smoke+training.epochs=5/report.html").is_file()
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"my_study.py", "runs", "scores.csv", "uniform.png"}
    assert (tmp_path / "runs/my_study-smoke/figures/variants.pdf").stat().st_size > 1000


def test_the_reference_has_every_command_and_every_public_name() -> None:
    """What `make docs` generates, without building the site."""
    spec = importlib.util.spec_from_file_location("site_hooks", ROOT / "docs/site_hooks.py")
    assert spec is not None
    assert spec.loader is not None
    hooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hooks)
    page = hooks.command_line()
    for command in ("studies truth import csv", "analysis correlate", "slurm retry", "completion"):
        assert re.search(rf"^#+ {command}$", page, re.MULTILINE)
    assert "`--set SETTING=VALUE`" in page
    assert "python -m benchmarks" in page
    for name in hooks.PACKAGES:
        package = __import__(name)
        text = hooks.api(name)
        assert all(f"heading: {name}.{public}\n" in text for public in package.__all__)
