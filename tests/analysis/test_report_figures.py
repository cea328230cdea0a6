"""The report's own figures by name, from any study."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from synthetic_study import write_study

from analysis.__main__ import main
from analysis.figures.registry import Source, figures, get
from analysis.measures.collect import Collected

NAMES = [one.name for one in figures().values() if one.source is Source.REPORT]


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name != "learning"]
)  # milestones: test_learning.py
def test_drawn_by_name(study: Path, found: Collected, tmp_path: Path, capsys, name: str) -> None:
    where = ["--runs", str(study.parent), "--out", str(tmp_path), "--format", "svg"]
    assert main(["figure", name, study.name, *where]) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / f"{name}.{kind}") for kind in ("svg", "csv")]
    drawn = pd.read_csv(tmp_path / f"{name}.csv")
    ((_, data, page, missing),) = get(name).draw(found)
    assert (page, missing) == ("", ())
    assert list(drawn) == list(data)
    assert len(drawn) == len(data) > 0


def test_too_few_architectures_are_one_message(tmp_path: Path, capsys) -> None:
    study = write_study(tmp_path, n=6)
    assert main(["figure", "confusion", study.name, "--runs", str(tmp_path)]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        "error: study: invented has nothing for confusion; it lacks enough scored architectures"
    )


def test_a_study_is_needed(capsys) -> None:
    assert main(["figure", "topn"]) == 2
    assert capsys.readouterr().err == "error: study: none is named; topn is drawn from any study\n"
