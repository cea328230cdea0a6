"""Figures of other ways to rank, by name, from a made-up study: what they show, and what they say is missing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from estimators_study import LOST, NOT_REACHED, write_estimators_study
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from analysis.__main__ import main
from analysis.figures.estimators.fear import after_epochs, apart_by, stage_one, while_training
from analysis.figures.estimators.quality_and_cost import amortised_figure, grid
from analysis.figures.registry import Source, figures
from analysis.measures.estimator_scores import apart, side_by_side
from analysis.measures.front import METRICS
from analysis.measures.yardstick import yardstick
from analysis.store.study import load_study

N = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_estimators_study(tmp_path_factory.mktemp("runs"), N)


@pytest.mark.parametrize("name", [one.name for one in figures().values() if one.source is Source.RANKINGS])
def test_every_name_draws_and_writes_its_data(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    out = tmp_path / "figures"
    where = ["--runs", str(folder.parent), "--out", str(out), "--format", "svg"]
    assert main(["figure", name, folder.name, *where]) == 0
    printed = capsys.readouterr()
    assert printed.out.split() == [str(out / f"{name}.{kind}") for kind in ("svg", "csv")]
    assert len(pd.read_csv(out / f"{name}.csv")) > 0
    if name in ("fear-5", "fear-6", "fear-7"):
        assert "missing: proxies: plain (seed 0: " in printed.err
        assert "missing: later (seed 0: not run yet)" in printed.err
    else:
        assert printed.err.splitlines() == [
            "note: estimated: 6 runs were written before files carried digests: read as they are, unchecked"
        ]


def test_a_study_of_supernets_lacks_them(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = [study.name, "--runs", str(study.parent), "--out", str(tmp_path), "--format", "svg"]
    for name, lacks in (("fear-2", "records of a first stage (FEAR)"), ("fear-3", "zero-cost proxies")):
        assert main(["figure", name, *where]) == 2
        message = f"error: study: invented has nothing for {name}; it lacks {lacks}"
        assert capsys.readouterr().err.splitlines()[-1] == message
    assert main(["figure", "fear-5", *where]) == 0  # what there is: the supernets
    printed = capsys.readouterr()
    assert "missing: FEAR\nmissing: short training\nmissing: zero-cost\n" in printed.err
    assert "fear-5-nasbench201-none.csv" in printed.out


def test_the_first_stage_counts_those_that_never_reached_it(folder: Path) -> None:
    (group,) = side_by_side(load_study(folder))
    rows = stage_one(group)
    assert set(rows["variant"]) == {"FEAR"}
    assert len(rows) == N  # as the records say, which here hold a first stage even of the disconnected
    assert (rows["status"] == "not_reached").sum() == NOT_REACHED
    table = pd.read_parquet(folder / "truth.parquet").set_index("arch")["digits_test"]
    place = table.rank(ascending=False)
    for row in rows.to_dict("records"):
        assert row["stage1_seconds"] == pytest.approx(1 + place[row["arch"]] / 50)
        assert row["truth"] == pytest.approx(table[row["arch"]])


def test_proxies_while_training_hide_no_missing_value(folder: Path) -> None:
    (group,) = side_by_side(load_study(folder))
    rows = after_epochs(group).set_index(["measure", "epoch"])
    assert sorted(rows.index) == [
        *[("jacob_cov", e) for e in range(3)],
        ("plain", 0),
        *[("synflow", e) for e in range(3)],
    ]
    lost = LOST + 8
    row = rows.loc["jacob_cov", 2]
    assert row["missing"] == pytest.approx(lost / N)
    (scores,) = next(r for r in group.rankings if r.measure == "jacob_cov@2").scores
    assert row["spearman"] == pytest.approx(spearmanr(group.truth[lost:], scores[lost:]).statistic)
    worst = np.where(np.isfinite(scores), scores, -1e9)
    assert row["spearman_worst"] == pytest.approx(spearmanr(group.truth, worst).statistic)
    plain = rows.loc["plain", 0]
    assert plain["missing"] == 1
    assert np.isnan(plain["spearman"])
    assert np.isnan(plain["spearman_worst"])


def test_every_proxy_has_its_name_at_its_end_and_missing_values_show(folder: Path) -> None:
    (group,) = side_by_side(load_study(folder))
    rows = after_epochs(group)
    figure = while_training(rows)
    top, below = figure.axes
    assert {text.get_text() for text in top.texts} == {"synflow", "jacob_cov"}
    share = {tuple(np.round(line.get_ydata(), 9)) for line in below.get_lines()}
    assert share == {tuple(np.round(100 * own["missing"], 9)) for _, own in rows.groupby("measure")}
    note = figure.texts[-1].get_text().replace("\n", " ")
    of_all = f"{100 * LOST / N:.2g} % or more of each proxy."
    assert f"{N} architectures, 1 seed. Lines leave out those without a value: {of_all}" in note
    assert "No Spearman at all: plain." in note
    whole = rows[(rows["measure"] == "synflow") & (rows["epoch"] == 0)].assign(missing=0.0)
    (only,) = while_training(whole).axes  # nothing is missing: no second panel
    assert only.get_xlabel() == "epochs of training"


@settings(deadline=None)
@given(st.lists(st.floats(-1, 1), max_size=12), st.floats(0.01, 0.5))
def test_names_are_moved_apart_and_no_further(places: list[float], gap: float) -> None:
    places = sorted(places)
    found = apart_by(gap, places)
    steps = np.diff(found)
    assert (steps >= gap - 1e-9).all()
    assert sum(found) == pytest.approx(sum(places), abs=1e-9)
    if (np.diff(places) >= gap).all():
        assert found == pytest.approx(places)


def test_what_is_apart_is_in_its_own_figure_alone(folder: Path, tmp_path: Path) -> None:
    """The same rows of fear-3 whether the looks are rankings or belong to a run that has one; the yardstick and the
    report do not see them."""
    (whole,) = side_by_side(load_study(folder))
    expected = after_epochs(whole)
    copy = tmp_path / "runs" / folder.name
    shutil.copytree(folder.parent, copy.parent)
    content = json.loads((copy / "study.json").read_text())
    looks = [run for run in content["runs"] if run["kind"] == "zero-cost"]
    first, others = looks[0], looks[1:]
    first["apart"] = [run["measure"] for run in others]
    runs = [run for run in content["runs"] if run not in others]
    runs.append(
        {**first, "variant": "untrained: grasp", "measure": "synflow", "measures": ["synflow"], "apart": []}
    )
    content["runs"] = runs
    (copy / "study.json").write_text(json.dumps(content))
    study = load_study(copy)
    (group,) = side_by_side(study)
    rows = after_epochs(group, apart(study, group.space))
    pd.testing.assert_frame_equal(
        rows, expected
    )  # and nothing of networks that are never looked at in training
    assert {one.measure for one in group.rankings if one.kind == "zero-cost"} == {"synflow"}
    found = yardstick(study, percents=[100])
    assert not found.rankings["measure"].str.contains("@").any()


def test_the_grid_has_a_mark_for_every_ranking_whose_cost_is_known(folder: Path) -> None:
    bins = yardstick(load_study(folder), percents=[10, 50, 100]).bins
    figure = grid(bins, (10, 50, 100))
    panels = figure.axes
    assert len(panels) == 3 * len(METRICS)
    last = bins[bins["percent"] == 100]
    drawn = [line.get_xydata() for container in panels[-2].containers for line in [container.lines[0]]]
    points = {tuple(np.round(point, 9)) for xy in drawn for point in xy}
    expected = last[["seconds", "spearman"]].to_numpy(dtype=float)
    assert points == {tuple(np.round(point, 9)) for point in expected}


def test_where_everything_is_free_no_seconds_are_made_up() -> None:
    row = {"space": "blox", "mask": "", "variant": "looked up", "measure": "m", "kind": "table-column"}
    row |= {"spearman": 0.5, "spearman_low": 0.4, "spearman_high": 0.6, "tau_b": 0.4}

    def ticks(seconds: float) -> list[int]:
        rows = pd.DataFrame([row | {"architectures": n, "seconds": seconds} for n in (100, 1000)])
        axes = amortised_figure(rows).axes
        return [len(one.get_xticks()) + len(one.get_xticks(minor=True)) for one in axes]

    assert set(ticks(0.0)) == {0}
    assert min(ticks(3.0)) > 0
