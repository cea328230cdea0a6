"""The noise ceilings of an imported truth, whose columns are named otherwise and whose seeds are gappy, wherever a
correlation with it is printed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic_study import write_study

from analysis.__main__ import main as analysis_main
from analysis.figures import style
from analysis.measures.ceiling import ceiling
from analysis.measures.collect import collect
from analysis.report.study_page import write_report

SEEDS = {"digits_test_seed0": "cifar10_test_seed777", "digits_test_seed1": "cifar10_test_seed888"}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study whose NAS-Bench-201 truth has the names and the gaps of a published table."""
    folder = write_study(tmp_path)
    content = json.loads((folder / "study.json").read_text())
    truth = content["truth"]["nasbench201"]
    path = folder / truth["file"]
    frame = pd.read_parquet(path).rename(columns={**SEEDS, "digits_test": "cifar10_test"})
    frame["cifar10_valid_best"] = frame.pop("digits_valid")
    frame.loc[: len(frame) // 2, "cifar10_test_seed888"] = np.nan
    frame.filter(regex="^(arch|cifar10_.*)$").to_parquet(path)
    truth["column"] = "cifar10_test"
    (folder / "study.json").write_text(json.dumps(content))
    return folder


def test_collect_table_and_report_have_them(
    study: Path, dot: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = collect(study)
    rows = found.references[found.references["space"] == "nasbench201"].set_index("reference")
    assert {"seed_to_seed", "valid_to_test"} <= set(rows.index)
    assert (rows.loc["valid_to_test", "compared"] == "cifar10_valid_best against cifar10_test").all()
    truth = pd.read_parquet(
        study / json.loads((study / "study.json").read_text())["truth"]["nasbench201"]["file"]
    )
    own = ceiling(truth, "cifar10_test")
    assert own is not None
    whole = rows[rows["mask"] == "full space"]
    assert whole.loc["seed_to_seed", "tau_b"] == pytest.approx(own["seed_to_seed"]["tau_b"])
    assert whole.loc["seed_to_seed", "n"] == truth["cifar10_test_seed888"].notna().sum()
    assert analysis_main(["table", study.name, "--runs", str(study.parent)]) == 0
    printed = capsys.readouterr().out
    assert "seed_to_seed" in printed
    assert "valid_to_test" in printed
    monkeypatch.setattr(style, "save", lambda *_: [dot])
    page = write_report(found).read_text()
    assert "validation against test" in page


def test_correlate_has_them(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = study / json.loads((study / "study.json").read_text())["truth"]["nasbench201"]["file"]
    frame = pd.read_parquet(truth)
    scores = study / "scores.csv"
    frame.assign(score=np.arange(len(frame)))[["arch", "score"]].to_csv(scores, index=False)
    words = ["correlate", "--truth", f"{truth}:cifar10_test", "--scores", f"{scores}:score"]
    assert analysis_main([*words, "--wide"]) == 0
    printed = capsys.readouterr().out
    assert "2 seeds of cifar10_test, in pairs" in printed
    assert "cifar10_valid_best against cifar10_test" in printed
