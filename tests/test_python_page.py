"""docs/python.md and the notebooks of examples/ hold: their blocks and cells run, in order, as they are written."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import analysis
import slurm
import studies
import supernet

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/python.md"
PACKAGES = (supernet, studies, analysis, slurm)
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


def test_the_blocks_of_the_page_run(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        exec(block, names)
    assert {"variants.png", "two.pdf", "best.svg", "best.pt", "runs"} == {
        path.name for path in tmp_path.iterdir()
    }
    assert re.search(r"tau-b -?[01]\.\d\d \[", capsys.readouterr().out)
    titles = [names[side].get_title(loc="left").split("\n")[0] for side in ("left", "right")]
    assert titles == ["uniform", "strictly fair"]


def test_the_page_names_what_is_public_and_all_of_it_is_there() -> None:
    section = PAGE.read_text().partition("## All names")[2]
    for package in PACKAGES:
        (line,) = re.findall(rf"^\* `{package.__name__}`: (.*(?:\n  .*)*)", section, re.MULTILINE)
        assert re.findall(r"`(\w+)`", line) == sorted(package.__all__, key=str.lower)
        for name in package.__all__:
            assert getattr(package, name) is not None
        with pytest.raises(AttributeError):
            package.no_such_name  # noqa: B018


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_as_it_is_committed(path: Path, tmp_path: Path, monkeypatch) -> None:
    """Every cell, without an error, giving as many pictures and tables as the committed run gave."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(path, as_version=4)

    def kinds() -> list[list[str]]:
        return [
            sorted(kind for output in cell.outputs for kind in output.get("data", [output.output_type]))
            for cell in notebook.cells
            if cell.cell_type == "code"
        ]

    committed = kinds()
    assert sum(map(len, committed)) > 10
    place = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, coalesce_streams=True, resources=place).execute()
    assert kinds() == committed
