"""The yardstick on a made-up study: who is compared on what, costs by hand, bins by brute force."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from estimators_study import LOST, NOT_REACHED, write_estimators_study
from scipy.stats import sem, spearmanr

from analysis.measures.yardstick import BINS, RANKINGS, Yardstick, yardstick
from analysis.statistics.bins import bin_reference
from analysis.store.study import load_study
from supernet.spaces import get_space

N = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_estimators_study(tmp_path_factory.mktemp("runs"), N)


@pytest.fixture(scope="module")
def found(folder: Path) -> Yardstick:
    return yardstick(load_study(folder))


def of(found: Yardstick, variant: str) -> pd.Series:
    (row,) = found.rankings[found.rankings["variant"] == variant].to_dict("records")
    return row


def at(found: Yardstick, variant: str, percent: int) -> dict:
    rows = found.bins[(found.bins["variant"] == variant) & (found.bins["percent"] == percent)]
    (row,) = rows.to_dict("records")
    return row


def test_rankings_are_compared_on_what_all_of_them_scored(found: Yardstick) -> None:
    assert list(found.rankings) == RANKINGS
    assert list(found.bins) == BINS
    common = N - LOST - 8  # jacob_cov@2 has lost eight more, FEAR three of those
    assert set(found.bins["n"]) == {common}
    uniform, fear = of(found, "uniform"), of(found, "FEAR")
    assert [uniform[name] for name in ("kind", "seeds", "finished", "scored")] == ["one-shot", 2, 2, N]
    assert (uniform["compared"], uniform["statuses"], uniform["note"]) == (common, "", "")
    assert (fear["kind"], fear["n"], fear["scored"]) == ("fear", N, N - LOST - NOT_REACHED)
    assert fear["statuses"] == f"disconnected {LOST}, not_reached {NOT_REACHED}"


def test_what_cannot_be_compared_says_why(found: Yardstick) -> None:
    plain, later = of(found, "proxies: plain"), of(found, "later")
    assert (plain["scored"], plain["compared"]) == (0, 0)
    assert "no architecture has both" in plain["note"]
    assert (later["finished"], later["note"]) == (0, "seed 0: not run yet")
    assert not set(found.bins["variant"]) & {"proxies: plain", "later"}


def test_other_ways_with_missing_scores(folder: Path) -> None:
    study = load_study(folder)
    dropped, worst = (yardstick(study, missing, [50, 100]) for missing in ("drop", "worst"))
    assert [of(dropped, name)["compared"] for name in ("uniform", "FEAR")] == [N, N - LOST - NOT_REACHED]
    assert [of(worst, name)["compared"] for name in ("uniform", "FEAR")] == [N, N]
    truth = pd.read_parquet(folder / "truth.parquet")["digits_test"].to_numpy()
    (one,) = [r for r in worst.side_by_side[0].rankings if r.variant == "FEAR"]
    score = np.nan_to_num(one.scores[0], nan=-1e9)
    assert at(worst, "FEAR", 100)["spearman"] == pytest.approx(spearmanr(truth, score).statistic)
    with pytest.raises(ValueError, match="missing: 'zero' is not one of common, drop, worst"):
        yardstick(study, "zero")


def test_bins_by_hand(found: Yardstick, folder: Path) -> None:
    table = pd.read_parquet(folder / "truth.parquet")
    keep = slice(LOST + 8, N)
    truth = table["digits_test"].to_numpy()[keep]
    best = np.argsort(-truth)
    k = len(truth) * 30 // 100
    study = load_study(folder)
    rhos, shares = [], []
    for run in [run for run in study.runs if run.variant == "uniform"]:
        frame = pd.read_parquet(run.folder / "scores.parquet")
        assert frame["arch"].tolist() == table["arch"].tolist()
        score = frame["score"].to_numpy()[keep]
        rhos.append(spearmanr(truth[best[:k]], score[best[:k]]).statistic)
        shares.append(len(set(best[:k]) & set(np.argsort(-score)[:k])) / k)
    row = at(found, "uniform", 30)
    assert (row["k"], row["chance"]) == (k, 0.3)
    assert row["spearman"] == pytest.approx(np.mean(rhos))
    assert row["spearman_std"] == pytest.approx(np.std(rhos, ddof=1))
    assert row["common"] == pytest.approx(np.mean(shares))
    assert row["corrected"] == pytest.approx((np.mean(shares) - 0.3) / 0.7)
    whole = at(found, "uniform", 100)["spearman"]
    assert row["spearman_reference"] == pytest.approx(bin_reference(whole, 30).spearman, abs=1e-5)


def test_costs_are_of_a_measure_alone(found: Yardstick, folder: Path) -> None:
    one, four = at(found, "1 epoch: train_accuracy", 100), at(found, "4 epochs: valid_accuracy", 20)
    assert (one["seconds"], one["seconds_se"], one["steps"], one["macs"]) == (1, 0, 10, 3e7)
    assert (four["seconds"], four["steps"]) == (4.5, 40)
    table = pd.read_parquet(folder / "truth.parquet")
    place = table["digits_test"].rank(ascending=False).to_numpy()
    inside = np.arange(LOST + 8, N)
    top = inside[np.argsort(-table["digits_test"].to_numpy()[inside])][: len(inside) // 5]
    seconds = 1 + place[top] / 50 + 0.5  # both stages, and not its share of the two measures
    row = at(found, "FEAR", 20)
    assert row["seconds"] == pytest.approx(seconds.mean())
    assert row["seconds_se"] == pytest.approx(sem(seconds))
    uniform = at(found, "uniform", 100)
    assert (uniform["seconds"], uniform["steps"]) == (pytest.approx(0.01), 0)
    assert np.isnan(uniform["macs"])  # not recorded: not guessed
    assert of(found, "uniform")["prepare_seconds"] == 110  # mean over seeds
    assert of(found, "FEAR")["prepare_steps"] == 200


def test_the_sample_alone_stands_for_the_space(folder: Path, tmp_path: Path) -> None:
    copy = write_estimators_study(tmp_path, N)
    content = json.loads((copy / "study.json").read_text())
    content["scored"] = {"top": 20, "random": 30}
    (copy / "study.json").write_text(json.dumps(content))
    assert set(yardstick(load_study(copy)).rankings["n"]) == {30}


def test_a_study_of_an_older_file_is_of_supernets(study: Path) -> None:
    rankings = yardstick(load_study(study), percents=[100]).rankings
    assert set(rankings["kind"]) == {"one-shot", "cost"}
    assert set(rankings["mask"]) == {"full space", "none"}


def test_parameters_and_macs_are_always_there(found: Yardstick, folder: Path) -> None:
    truth = pd.read_parquet(folder / "truth.parquet").iloc[LOST + 8 :]
    space = get_space("nasbench201")
    for name in ("params", "macs"):
        cost = [getattr(space.cost(space.parse(text)), name) for text in truth["arch"]]
        row = at(found, name, 100)
        assert row["spearman"] == pytest.approx(spearmanr(truth["digits_test"], cost).statistic)
        assert (row["kind"], row["seconds"], row["n"]) == ("cost", 0, len(truth))
