"""Learning curves: tau of each milestone on the same sampled architectures, and nothing from too few."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd
import pytest
from scipy.stats import kendalltau
from synthetic_study import known, write_study

from analysis.__main__ import main
from analysis.figures.learning import learning
from analysis.measures import learning as curves
from analysis.measures.collect import collect
from analysis.measures.learning import learning_frame
from analysis.report.sections.runs import learning_section
from analysis.store.scored import ScoredSet
from analysis.store.study import load_study


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study of which one run has milestones: after epoch 2 with the scores backwards, after epoch 4 as at the end."""
    folder = write_study(tmp_path / "runs")
    study = load_study(folder)
    run = study.runs[0]
    end = pd.read_parquet(run.folder / "scores.parquet")
    end = end[(end["measure"] == run.measure) & (end["status"] == "ok")]
    taken = [end.assign(epoch=2, budget=len(end), score=-end["score"]), end.assign(epoch=4, budget=len(end))]
    pd.concat(taken).to_parquet(run.folder / "milestones.parquet", index=False)
    epochs = pd.DataFrame({"epoch": range(1, 7), "updates": range(10, 70, 10), "seconds": 1.0})
    epochs.to_csv(run.folder / "history.csv", index=False)
    return folder


def test_curve_of_a_run(folder: Path) -> None:
    study = load_study(folder)
    frame = learning_frame(study)
    assert list(frame["updates"]) == [20, 40, 60]
    backwards, same, end = frame["tau_b"]
    assert backwards == pytest.approx(-end)
    assert same == end
    run = next(run for run in study.runs if (run.folder / "milestones.parquet").exists())
    truth = pd.read_parquet(study.truths[run.space.name].path).set_index("arch")
    scores = known(run.folder)
    assert frame["n"].iloc[0] == len(scores)  # the made-up study scores all
    column = truth[study.truths[run.space.name].column][scores.index]
    assert end == pytest.approx(kendalltau(column, scores).statistic)
    tau = kendalltau(column, -known(run.folder, "loss")).statistic
    assert frame["tau_b_loss"].iloc[0] == pytest.approx(tau)


def test_few_architectures_are_no_curve(folder: Path, tmp_path: Path) -> None:
    run = next(run for run in load_study(folder).runs if (run.folder / "milestones.parquet").exists())
    taken = pd.read_parquet(run.folder / "milestones.parquet")
    taken.groupby("epoch").head(39).to_parquet(run.folder / "milestones.parquet", index=False)
    assert not len(learning_frame(load_study(folder)))
    assert learning_section(collect(folder), tmp_path) == []


def test_figure_and_section(folder: Path, tmp_path: Path) -> None:
    figure = learning(learning_frame(load_study(folder)), note="made up")
    assert len(figure.axes) == 2
    assert list(figure.axes[0].lines[0].get_xdata()) == [20, 40, 60]
    words = ["figure", "learning", folder.name, "--runs", str(folder.parent), "--out", str(tmp_path / "out")]
    assert main(words) == 0
    assert (tmp_path / "out" / "learning.svg").is_file()
    text = "".join(learning_section(collect(folder), tmp_path))
    assert "During training" in text
    assert len(pd.read_csv(tmp_path / "learning.csv")) == 3


def test_of_a_whole_table_the_curve_is_of_a_uniform_sample(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Milestones of a true top-N and a sample would make it of a mixture; of too few it is not made."""
    study = load_study(folder)
    assert study.scored.whole
    run = next(run for run in study.runs if (run.folder / "milestones.parquet").exists())
    texts = list(pd.read_parquet(study.truths[run.space.name].path)["arch"])
    (all_of_them,) = set(learning_frame(study)["n"])
    drawn = {texts[row] for row in random.Random(0).sample(range(len(texts)), 60)}
    scored = set(known(run.folder).index)
    for size, expected in ((60, len(scored & drawn)), (30, all_of_them)):
        monkeypatch.setattr(curves, "USUAL", ScoredSet(random=size))
        assert set(learning_frame(study)["n"]) == {expected}
