"""The leaderboard on a made-up study: numbers by other routes, letters and the front by their definitions."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from estimators_study import LOST, write_estimators_study
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

from analysis.__main__ import main
from analysis.measures.amortised import size_of
from analysis.measures.kept import keep, read_kept
from analysis.measures.leaderboard import PAIRS, RANKINGS, K, Leaderboard, leaderboard
from analysis.statistics.significance import ALPHA, letters_of
from analysis.store.study import load_study
from supernet.spaces import get_space

N = 60
OTHER = "photos_test"
PUBLISHED = Path(__file__).parents[2] / "docs" / "results" / "leaderboard_digits"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a second truth, the first one's opposite for the better half."""
    folder = write_estimators_study(tmp_path_factory.mktemp("runs"), N)
    truth = pd.read_parquet(folder / "truth.parquet")
    digits = truth["digits_test"]
    truth[OTHER] = digits.where(digits < digits.median(), 2 * digits.median() - digits)
    truth.to_parquet(folder / "truth.parquet")
    return folder


@pytest.fixture(scope="module")
def found(folder: Path) -> Leaderboard:
    return leaderboard(load_study(folder))


def of(found: Leaderboard, variant: str, truth: str = "digits_test") -> pd.Series:
    chosen = (found.rankings["variant"] == variant) & (found.rankings["truth"] == truth)
    (row,) = found.rankings[chosen].to_dict("records")
    return row


def test_every_ranking_by_every_truth_of_the_metric(found: Leaderboard) -> None:
    assert list(found.rankings) == RANKINGS
    assert list(found.pairs) == PAIRS
    by_truth = found.rankings.groupby("truth")["variant"].agg(sorted)
    assert list(by_truth.index) == ["digits_test", OTHER]
    assert by_truth.iloc[0] == by_truth.iloc[1]
    assert {"uniform", "FEAR", "params", "later", "proxies: synflow"} <= set(by_truth.iloc[0])
    values = found.rankings[found.rankings["truth"] == OTHER]["tau_b"].dropna().tolist()
    assert values == sorted(values, reverse=True)


def test_numbers_by_other_routes(found: Leaderboard, folder: Path) -> None:
    table = pd.read_parquet(folder / "truth.parquet")
    keep = slice(LOST + 8, N)  # as the yardstick compares them
    study = load_study(folder)
    for column in ("digits_test", OTHER):
        truth = table[column].to_numpy()[keep]
        best = np.argsort(-truth, kind="stable")
        taus, shares, regrets = [], [], []
        for run in [run for run in study.runs if run.variant == "uniform"]:
            score = pd.read_parquet(run.folder / "scores.parquet")["score"].to_numpy()[keep]
            taus.append(kendalltau(truth, score).statistic)
            k = len(truth) * 5 // 100
            shares.append(len(set(best[:k]) & set(np.argsort(-score)[:k])) / k)
            regrets.append(truth.max() - truth[np.argsort(-score)[:K]].max())
        row = of(found, "uniform", column)
        assert row["n"] == len(truth)
        assert row["tau_b"] == pytest.approx(np.mean(taus))
        assert row["tau_b_std"] == pytest.approx(np.std(taus, ddof=1))
        assert row["tau_b_low"] < row["tau_b"] < row["tau_b_high"]
        assert row["found"] == pytest.approx(np.mean(shares))
        assert row["regret"] == pytest.approx(np.mean(regrets))
    assert np.isnan(of(found, "uniform")["tau_top"])  # there are no 500


def test_the_true_top_is_that_of_the_whole_space(found: Leaderboard, folder: Path) -> None:
    """3 of 60 are the top 5 %; what of them is compared counts, and fewer than two have no tau."""
    table = pd.read_parquet(folder / "truth.parquet")
    top = table["digits_test"].rank(ascending=False).le(N * 5 // 100)
    compared = top[LOST + 8 :].sum()
    assert of(found, "uniform")["n_share"] == compared


def test_costs_are_of_the_whole_space(found: Leaderboard) -> None:
    whole = size_of(get_space("nasbench201"))
    assert of(found, "uniform")["core_hours"] == pytest.approx((110 + 0.01 * whole) / 3600)
    assert of(found, "params")["core_hours"] == 0
    assert np.isnan(of(found, "later")["core_hours"])
    assert of(found, "later")["note"] == "seed 0: not run yet"
    rows = found.rankings[(found.rankings["truth"] == "digits_test")].dropna(subset=["core_hours", "tau_b"])
    for row in rows.to_dict("records"):
        better = (rows["core_hours"] <= row["core_hours"]) & (rows["tau_b"] >= row["tau_b"])
        strictly = (rows["core_hours"] < row["core_hours"]) | (rows["tau_b"] > row["tau_b"])
        assert row["front"] == (not (better & strictly).any())


def test_letters_say_what_the_pairs_say(found: Leaderboard) -> None:
    for truth, pairs in found.pairs.groupby("truth"):
        letters = found.rankings[found.rankings["truth"] == truth].set_index("variant")["letters"]
        assert letters["FEAR"] == ""  # one seed: no test
        assert letters["uniform"]
        for pair in pairs.to_dict("records"):
            share = bool(set(letters[pair["leader"]]) & set(letters[pair["other"]]))
            assert share == (pair["p_holm"] >= ALPHA)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 9), st.data())
def test_two_share_a_letter_if_and_only_if_they_do_not_differ(count: int, data: st.DataObject) -> None:
    names = [f"r{i}" for i in range(count)]
    pairs = list(combinations(names, 2))
    differing = set(data.draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else [])
    letters = letters_of(names, differing)
    assert list(letters) == names
    for a, b in pairs:
        assert bool(set(letters[a]) & set(letters[b])) == ((a, b) not in differing)
    if names:
        assert letters[names[0]].startswith("a")


def test_as_a_user_sees_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = [folder.name, "--runs", str(folder.parent)]
    assert main(["leaderboard", *where]) == 0
    text = capsys.readouterr().out
    assert "NAS-Bench-201" not in text  # one space
    assert "Truth: digits_test, 47 architectures" in text
    assert "later: seed 0: not run yet" in text
    assert "tau-b by every truth" in text
    assert "seed against seed" in text
    assert main(["leaderboard", *where, "--table", "pairs", "--format", "csv"]) == 0
    head = capsys.readouterr().out.splitlines()[0]
    assert head.split(",") == PAIRS
    assert main(["leaderboard", *where, "--truth", "digits_valid", "--format", "json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert {row["truth"] for row in content["rankings"]} == {"digits_test", "digits_valid"}
    assert main(["leaderboard", *where, "--truth", "photos_valid"]) == 2
    assert "truth: 'photos_valid' is not one of digits_test, " in capsys.readouterr().err


def test_what_was_kept_says_the_same(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept"
    where = [folder.name, "--runs", str(folder.parent)]
    assert main(["leaderboard", *where, "--format", "json", "--keep", str(kept)]) == 0
    before = json.loads(capsys.readouterr().out)
    out = tmp_path / "figures"
    assert main(["leaderboard", str(kept), "--format", "json", "--figures", str(out)]) == 0
    after = json.loads(capsys.readouterr().out)
    hours = [[row.pop("core_hours") for row in content["rankings"]] for content in (before, after)]
    assert after == before
    assert hours[1] == [None if value is None else pytest.approx(value) for value in hours[0]]
    assert len(pd.read_csv(out / "leaderboard.csv")) == len(before["rankings"]) / 2
    truth = pd.read_parquet(folder / "truth.parquet")
    copy = tmp_path / "truth.parquet"
    content = json.loads((kept / "kept.json").read_text())
    content["truth"]["nasbench201"]["file"] = "../truth.parquet"
    (kept / "kept.json").write_text(json.dumps(content))
    assert main(["leaderboard", str(kept)]) == 2
    assert "there is no table" in capsys.readouterr().err
    truth.to_parquet(copy, compression="gzip")  # other bytes, the same values
    assert main(["leaderboard", str(kept)]) == 0
    capsys.readouterr()
    for other in (truth.assign(digits_test=1.0), truth.drop(columns="digits_test")):
        other.to_parquet(copy)
        assert main(["leaderboard", str(kept)]) == 2
        assert "is not the table that the rankings were kept with" in capsys.readouterr().err
    truth.to_parquet(copy)
    files = sorted(kept.glob("*.parquet"))
    assert [file.name for file in files] == ["nasbench201-functions.parquet", "nasbench201.parquet"]
    for file in files:
        sound = file.read_bytes()
        file.write_bytes(sound[:50] + bytes([sound[50] ^ 1]) + sound[51:])
        assert main(["leaderboard", str(kept)]) == 2
        assert f"{file} is not the file that kept.json describes" in capsys.readouterr().err
        file.write_bytes(sound)


def test_equal_functions_share_a_row(tmp_path: Path) -> None:
    """What was kept by an earlier version, a row an architecture, is read and kept again: rankings that say the same of
    equal functions with a row for each function."""
    space = get_space("nasbench201")
    study, groups = read_kept(PUBLISHED)
    keep(study, groups, tmp_path)
    for before, after in zip(groups, read_kept(tmp_path)[1], strict=True):
        assert before.arch == after.arch
        for one, other in zip(before.rankings, after.rankings, strict=True):
            assert np.array_equal(one.scores, other.scores, equal_nan=True)
            assert (one.status == other.status).all()
    old = pd.read_parquet(PUBLISHED / "nasbench201.parquet")
    new, functions = (pd.read_parquet(tmp_path / f"nasbench201{end}.parquet") for end in ("", "-functions"))
    forms = {space.stand_alone_form(space.parse(text)) for text in old["arch"]}
    assert len(forms) <= len(functions) < len(old)
    assert {*new, *functions} - {"function"} == set(old)
    shared = {one.variant for number, one in enumerate(groups[0].rankings) if f"r{number}s0" in functions}
    assert shared >= {"20 labels, graph", "zero-cost: synflow"}
    assert "uniform" not in shared


def test_labels_of_those_left_out_are_judged(capsys: pytest.CaptureFixture[str]) -> None:
    rows = []
    for options in ([], ["--labels", "20"], ["--labels", "0"]):
        assert main(["leaderboard", str(PUBLISHED), "--format", "json", *options]) == 0
        found = pd.DataFrame(json.loads(capsys.readouterr().out)["rankings"])
        rows.append(found[found["space"] == "nasbench201"].set_index("variant"))
    assert [set(some["labels"]) for some in rows] == [{0, 20, 78, 156}, {0, 20}, {0}]
    judged = [some["n"].loc["params"] for some in rows]
    assert judged[0] == 255 < judged[1] < judged[2] <= 300
    assert main(["leaderboard", str(PUBLISHED), "--labels", "-1"]) == 2
    assert "--labels: -1 is not a number of labels, 0 or more" in capsys.readouterr().err


def test_the_published_page_is_made_again(capsys: pytest.CaptureFixture[str]) -> None:
    """Its tables from the rankings that are committed, and some of its numbers by hand."""
    assert main(["leaderboard", str(PUBLISHED), "--format", "markdown"]) == 0
    assert capsys.readouterr().out == (PUBLISHED / "table.md").read_text()
    page = (PUBLISHED.parent / "leaderboard_digits.md").read_text()
    frame, truth = (
        pd.read_parquet(PUBLISHED / "nasbench201.parquet"),
        pd.read_parquet("data/nasbench201-digits.parquet"),
    )
    entries = json.loads((PUBLISHED / "kept.json").read_text())["groups"][0]["rankings"]
    values = frame[["arch"]].merge(truth, on="arch")["digits_test"]
    columns = {one["variant"]: one["columns"] for one in entries}
    everyone = frame["sample"] & (frame[[name for own in columns.values() for name in own]] > 0).all(axis=1)
    assert f"{everyone.sum()} of NAS-Bench-201" in page
    for name in ("20 labels, graph", "78 labels, graph", "156 labels, graph"):
        taus = [kendalltau(frame.loc[everyone, own], values[everyone]).statistic for own in columns[name]]
        assert f"{np.mean(taus):.3f}".removeprefix("0") in page
    assert main(["leaderboard", str(PUBLISHED), "--format", "json"]) == 0
    pairs = pd.DataFrame(json.loads(capsys.readouterr().out)["pairs"])
    for space, words in (("nasbench201", "{} of the {} pairs"), ("blox", "{} of {} of Blox")):
        own = pairs[pairs["space"] == space]
        assert words.format((own["p_holm"] < ALPHA).sum(), len(own)) in page.replace("\n", " ")
