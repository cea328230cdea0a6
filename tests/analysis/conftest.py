"""One made-up study for all tests that only read it, and one collected from it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image
from synthetic_study import write_study

from analysis.measures.collect import Collected, collect
from analysis.report.study_page import write_report


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="session")
def found(study: Path) -> Collected:
    return collect(study)


@pytest.fixture(scope="session")
def page(study: Path, found: Collected) -> str:
    path = write_report(found)
    assert path == study / "report.html"
    return path.read_text()


@pytest.fixture
def copy(study: Path, tmp_path: Path) -> Path:
    """The study in a folder of its own, to be changed."""
    shutil.copytree(study.parent, tmp_path / "runs")
    return tmp_path / "runs" / "invented"


@pytest.fixture
def dot(tmp_path: Path) -> Path:
    """A picture of one pixel, for a page whose figures are not drawn."""
    path = tmp_path / "dot.png"
    Image.new("RGB", (1, 1)).save(path)
    return path
