"""Studies of users' own files: found anywhere, told where they are wrong, run by workers and jobs as they were read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.__main__ import main as analysis
from studies import catalog, user_study
from studies.__main__ import main
from studies.commands.plan import plan_from_words
from studies.running import parallel

STUDY = """
from dataclasses import replace
from pathlib import Path

from studies.catalog import quickstart

import {beside}


def study():
    base = quickstart.study()
    variants = [variant for variant in base.variants if variant.name in {beside}.NAMES]
    return replace(base, name=Path(__file__).stem, variants=tuple(variants), seeds=(0,))
"""
SAMPLING = """

from supernet.training.sampling import KINDS, Uniform, sampling


@sampling("of-the-file")
class OfTheFile(Uniform):
    pass


def known(name):
    return name in KINDS
"""


def write(folder: Path, name: str, more: str = "") -> Path:
    """A study file that imports a module beside it."""
    folder.mkdir(exist_ok=True)
    (folder / f"beside_{name}.py").write_text('NAMES = ("uniform",)\n')
    path = folder / f"{name}.py"
    path.write_text(STUDY.format(beside=f"beside_{name}") + more)
    return path


def refused(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """The one line that a command ends with."""
    assert main(list(map(str, words))) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("gone.py", None, "gone.py: no such file"),
        ("quickstart.py", None, "no such file; the catalogue has the study quickstart"),
        ("quickstart.py", "", "the catalogue has a study quickstart; give the file another name"),
        ("truth.py", "", "'truth' is taken"),
        ("two words.py", "", "has letters, digits"),
        ("none.py", "x = 1\n", "has no function study() that returns a Study"),
        (
            "constant.py",
            "from studies.catalog import quickstart\nONE = quickstart.study()\nTWO = quickstart.study()\n",
            "has no function study() that returns a Study; return one of ONE, TWO from it",
        ),
        (
            "several.py",
            "from studies.catalog import quickstart\n\ndef study():\n    return [quickstart.study()] * 2\n",
            "study() gives 2 studies; a file has one",
        ),
        (
            "named.py",
            "from studies.catalog import quickstart\n\ndef study():\n    return quickstart.study()\n",
            "name: 'quickstart' is not 'named', the name of the file",
        ),
        ("fails.py", "def study():\n    x = 1\n    return 1 / 0\n", "fails.py, line 3: ZeroDivisionError"),
        ("syntax.py", "def study():\n    return (\n", "syntax.py, line 2: SyntaxError"),
        ("import_.py", "\nimport nothing_there\n", "import_.py, line 2: ModuleNotFoundError"),
        ("exits.py", "import sys\nsys.exit(3)\n", "exits.py, line 2: SystemExit: 3"),
        (
            "value.py",
            "from supernet.data import DataConfig\nDataConfig(name='cifar')\n",
            "value.py, line 2: data: 'cifar' is not one of digits",
        ),
    ],
)
def test_what_is_no_study_is_told_in_a_line(
    name: str, text: str | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    assert said in refused(capsys, "show", path, "--runs", tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_name_without_py_is_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "asked")
    monkeypatch.chdir(tmp_path)
    assert refused(capsys, "show", "asked").endswith("for the file asked.py give its name with .py")


def test_a_file_of_the_catalogue_is_the_catalogues_study(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", f"{Path(catalog.__file__).parent}/quickstart.py", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["study"] == "quickstart"


def test_a_study_is_kept_as_it_was_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The store has the file; the words of a job give the study as submitted after it was changed and removed."""
    path, runs = write(tmp_path / "a", "kept"), tmp_path / "runs"
    plan = plan_from_words([str(path), "--runs", str(runs)])
    assert [run.variant.name for run in plan.runs] == ["uniform", "uniform"]
    plan.write()
    file = json.loads((runs / "kept/study.json").read_text())["provenance"]["file"]
    assert (file["path"], (plan.folder / file["kept"]).read_text()) == (str(path), path.read_text())

    assert analysis(["table", "kept.py", "--runs", str(tmp_path)]) == 2  # named by the file
    assert "no study 'kept'" in capsys.readouterr().err
    other = write(tmp_path / "b", "kept", "# another\n")
    with pytest.raises(
        ValueError, match=rf"has the results of {path}; {other} is another study of that name"
    ):
        plan_from_words([str(other), "--runs", str(runs)]).write()
    path.unlink()
    again = plan_from_words([str(plan.folder / file["kept"]), "--imports", str(path.parent)])
    assert [run.run_id for run in again.runs] == [run.run_id for run in plan.runs]
    plan_from_words([str(other), "--runs", str(runs)]).write()  # the first one is gone


def test_workers_know_what_the_file_defines(tmp_path: Path) -> None:
    """A function of the file is found by a worker, and the kind of sampling that it registers."""
    file = user_study.read(str(write(tmp_path, "worked", SAMPLING)))
    file.study()
    known = file.load().known
    assert dict(parallel.run_tasks(known, [("of-the-file",), ("of-nothing",)], 1)) == {0: True, 1: False}
