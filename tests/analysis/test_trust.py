"""Trust: every number where the truth is known in closed form, from the pure functions to the page of a study."""

from __future__ import annotations

import csv
import io
import json
import math
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic_study import NOTE, SIZES, texts, write_run

from analysis.__main__ import main
from analysis.measures.collect import collect
from analysis.measures.correlate import ranking
from analysis.report.study_page import write_report
from analysis.report.tables.study import table_frame
from analysis.statistics.correlation import kendall_tau, spearman
from analysis.statistics.partial import partial_kendall, partial_spearman
from analysis.statistics.topn import overlap, topn_mean_tau
from analysis.statistics.uncertainty import COEFFICIENTS, interval, mean_tau, paired_difference
from analysis.tables.html import Html

CLOSED = {
    "tau_b": lambda rho: 2 / math.pi * math.asin(rho),
    "tau_kendall_a": lambda rho: 2 / math.pi * math.asin(rho),
    "spearman": lambda rho: 6 / math.pi * math.asin(rho / 2),
    "pearson": lambda rho: rho,
}
N = 60  # architectures of the study below


def normal_pair(n, rho, seed=0):
    x, y = np.random.default_rng(seed).normal(size=(2, n))
    return x, rho * x + math.sqrt(1 - rho**2) * y


@pytest.mark.parametrize("rho", [-0.8, -0.3, 0.0, 0.5, 0.95])
def test_bivariate_normal(rho):
    x, y = normal_pair(10_000, rho)
    found = ranking(x, y, (10,), permutations=9)
    for name, closed in CLOSED.items():
        # Four standard errors of an unrelated pair, the widest.
        assert found[name]["value"] == pytest.approx(closed(rho), abs=4 / math.sqrt(10_000))
        assert found[name]["low"] < found[name]["value"] < found[name]["high"]


@pytest.mark.parametrize("name", CLOSED)
def test_bootstrap_intervals_cover(name):
    """About 95 of 100 percentile intervals hold the population's value: of 200, 88 % would be four standard errors
    away."""
    hits = 0
    for seed in range(200):
        found = interval(*normal_pair(60, 0.6, seed), name)
        hits += found.low <= CLOSED[name](0.6) <= found.high
    assert 0.88 <= hits / 200 <= 0.99


def test_intervals_of_means_and_of_differences_cover():
    """Two variants of two seeds, all equally good: the mean is covered, and a difference of 0 is as a rule allowed. The
    trainings do not differ by more than their architectures' noise, so that the part of the architectures is enough,
    and Student's t of two seeds makes the whole wide."""
    parts, whole = np.zeros(2), np.zeros(2)
    for seed in range(200):
        rng = np.random.default_rng(seed)
        truth = rng.normal(size=60)
        a, b, c, d = (truth + rng.normal(size=60) for _ in range(4))  # each correlates sqrt(1/2)
        found = mean_tau(truth, [a, b])
        difference = paired_difference(truth, [a, b], [c, d])
        for k, (one, target) in enumerate(((found, CLOSED["tau_b"](math.sqrt(0.5))), (difference, 0))):
            low, high = one.architectures
            parts[k] += low <= target <= high
            whole[k] += one.low <= target <= one.high
    assert ((parts / 200 >= 0.89) & (parts / 200 <= 0.99)).all()
    assert (whole / 200 >= 0.95).all()


def test_two_equal_columns_and_the_reverse():
    rng = np.random.default_rng(0)
    truth = np.round(rng.normal(size=200), 1)  # with ties
    for score, sign in ((truth, 1), (-truth, -1)):
        found = ranking(truth, score, (10, 25), permutations=99)
        for name in ("tau_b", "spearman", "pearson"):
            assert found[name]["value"] == pytest.approx(sign)
            assert (found[name]["low"], found[name]["high"]) == pytest.approx((sign, sign))
        assert found["weighted_tau"] == pytest.approx(sign)
        assert found["topn_mean_tau"]["value"] == -sign
        untied = 1 - sum(c * (c - 1) for c in np.unique(truth, return_counts=True)[1]) / (200 * 199)
        assert found["tau_kendall_a"]["value"] == pytest.approx(sign * untied)  # a tie is half right
    distinct = rng.permutation(200)
    assert ranking(distinct, distinct)["overlap"]["5"]["value"] == 1
    assert ranking(distinct, distinct)["regret"]["1"] == 0
    assert ranking(distinct, -distinct)["overlap"]["5"]["value"] == 0
    assert ranking(distinct, -distinct)["regret"]["10"] == 190


def test_ties_in_blocks():
    """60 in three blocks of 20 equal scores, in the right order: 1,200 of 1,770 pairs are told apart, all rightly."""
    truth, score = np.arange(60), np.arange(60) // 20
    assert kendall_tau(truth, score, "a").value == pytest.approx(1200 / 1770)
    assert kendall_tau(truth, score).value == pytest.approx(1200 / math.sqrt(1200 * 1770))
    assert kendall_tau(truth, score, "c").value == pytest.approx(2 * 1200 / (60**2 * 2 / 3))
    # Mean ranks 10.5, 30.5, 50.5 against 1 to 60: the variance between the blocks is all that is shared.
    between, whole = 20**2 * 2 / 3, (60**2 - 1) / 12
    assert spearman(truth, score).value == pytest.approx(math.sqrt(between / whole))


def test_networks_that_failed_at_chance_level():
    """30 % of scores stuck at 10 %, whatever the truth: tau-a over all pairs, tau-b over those that are told apart."""
    truth = np.arange(2000.0)
    stuck = np.random.default_rng(0).random(2000) < 0.3
    score = np.where(stuck, 10.0, 50 + truth / 100)
    k = int(stuck.sum())
    below = np.array([(~stuck[:i]).sum() for i in np.flatnonzero(stuck)])  # fine ones of less truth
    pairs, tied = 1999 * 1000, k * (k - 1) // 2
    above = 2000 - k - below
    excess = (2000 - k) * (1999 - k) // 2 + int((above - below).sum())
    assert kendall_tau(truth, score, "a").value == pytest.approx(excess / pairs)
    assert kendall_tau(truth, score).value == pytest.approx(excess / math.sqrt(pairs * (pairs - tied)))
    assert kendall_tau(truth, score, "a").value < kendall_tau(truth, score).value
    constant = [overlap(truth, np.full(2000, 10.0), 10, seed).value for seed in range(100)]
    assert np.mean(constant) == pytest.approx(0.1, abs=0.01)


def test_two_architectures_and_one():
    two = ranking(np.array([1.0, 2.0]), np.array([3.0, 5.0]), (1, 2))
    for name in COEFFICIENTS:
        assert (two[name]["value"], two[name]["low"], two[name]["high"]) == (1, None, None)
        assert "fewer than 10" in two[name]["note"]
    assert two["topn_mean_tau"]["value"] == -1
    assert two["topn_mean_tau"]["p_value"] == pytest.approx(0.5, abs=0.02)
    one = ranking(np.array([1.0]), np.array([3.0]), (1,))
    assert {one[name]["value"] for name in COEFFICIENTS} == {None}
    assert one["topn_mean_tau"]["value"] is None
    assert one["regret"] == {"1": 0.0}
    assert topn_mean_tau([1.0], [3.0]).value is None
    for partial in (partial_spearman, partial_kendall):
        assert partial([1.0], [1.0], [1.0]).value is None
        assert partial([1, 2, 3, 4], [4, 3, 2, 1], [1, 1, 1, 1]).note == "all 4 costs are equal"


# The whole way, from the files of a study to its table and page.

TRUTH = np.arange(N) / 10 + 80  # percent, no two alike
SCORES = {
    "perfect": [TRUTH - 30, TRUTH - 40],
    "reversed": [200 - TRUTH],
    "one of each": [TRUTH, 200 - TRUTH],
    "halves exchanged": [(np.arange(N) + N // 2) % N],
    "three blocks": [np.arange(N) // 20],
    "constant": [np.full(N, 10.0)],
    "gaps": [np.where(np.arange(N) % 6 == 0, np.nan, TRUTH)],  # 10 have no score
}
PAIRS = N * (N - 1) / 2
BLOCKS = 3 * 20 * 20 / math.sqrt(3 * 20 * 20 * PAIRS)
HALVES = (2 * 30 * 29 / 2 - 30 * 30) / PAIRS  # right inside the halves, wrong between them
KNOWN = {  # tau_b, its spread over seeds, spearman, overlap_5 (of 3), regret_10, n
    "perfect": (1, 0, 1, 1, 0, 60),
    "reversed": (-1, None, -1, 0, 5.0, 60),
    "one of each": (0, math.sqrt(2), 0, 0.5, 2.5, 60),
    "halves exchanged": (HALVES, None, -0.5 * (1 + 3 / (N**2 - 1)), 0, 3.0, 60),
    "three blocks": (BLOCKS, None, math.sqrt(20**2 * 2 / 3 / ((N**2 - 1) / 12)), None, None, 60),
    "constant": (None, None, None, None, None, 60),
    "gaps": (1, None, 1, 1, 0, 50),
}
MEASURES = ("tau_b", "tau_b_std", "spearman", "overlap_5", "regret_10", "n")


def write_known(runs: Path, scores: dict[str, list[np.ndarray]], truth: np.ndarray) -> Path:
    """A study of one space with these scores, one array a seed, in the order of the truth."""
    folder = runs / "known"
    folder.mkdir(parents=True)
    size = {"channels": 8, "stages": 3, "cells_per_stage": 1, "image_channels": 1, "image_size": 8}
    assert SIZES["nasbench201"].channels == size["channels"]
    architectures = texts("nasbench201", len(truth))[1]
    entries = []
    pd.DataFrame({"arch": architectures, "invented_test": truth}).to_parquet(folder / "truth.parquet")
    for variant, seeds in scores.items():
        for seed, column in enumerate(seeds):
            run_id = f"{len(entries):012x}"
            entries.append(
                {"variant": variant, "space": "nasbench201", "mask": [], "seed": seed, "run_id": run_id}
                | {"folder": f"../trainings/{run_id}", "measure": "batch", "size": size}
            )
            status = np.where(np.isfinite(column), "ok", "nan")
            frame = pd.DataFrame(
                {"arch": architectures, "measure": "batch", "score": column, "status": status}
            )
            write_run(folder / entries[-1]["folder"], frame)
    content = {"study": "known", "title": "Known numbers", "question": "Are they found?", "note": NOTE}
    content |= {"top": [10, 25, 50], "scored": {}, "runs": entries}
    truths = {"file": "truth.parquet", "column": "invented_test", "size": size}
    (folder / "study.json").write_text(json.dumps(content | {"truth": {"nasbench201": truths}}))
    return folder


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_known(tmp_path_factory.mktemp("known"), SCORES, TRUTH)


def test_collected_numbers_are_the_known_ones(known):
    found = collect(known)
    rows = table_frame(found).set_index("name")
    for name, numbers in KNOWN.items():
        for measure, value in zip(MEASURES, numbers, strict=True):
            if value is not None:
                assert rows.loc[name, measure] == pytest.approx(value, abs=1e-9), (name, measure)
            elif measure != "overlap_5" and measure != "regret_10":
                assert pd.isna(rows.loc[name, measure]), (name, measure)
    assert rows.loc["three blocks", "tau_kendall_a"] == pytest.approx(1200 / PAIRS)
    assert rows.loc["perfect", "pearson"] == pytest.approx(1)
    assert rows.loc["perfect", "topn_mean_tau"] == -1
    assert rows.loc["reversed", "topn_mean_tau"] == 1
    assert rows.loc["gaps", "missing"] == 10
    assert rows.loc["perfect", "mean_score"] == pytest.approx(TRUTH.mean() - 35)
    assert tuple(rows.loc["perfect", ["tau_b_low", "tau_b_high"]]) == pytest.approx((1, 1))
    low, high = rows.loc["halves exchanged", ["tau_b_low", "tau_b_high"]]
    assert low < HALVES < high
    top = found.top.set_index(["variant", "seed", "top"])["tau_b"]
    assert top["halves exchanged", 0, 25] == 1  # all of the upper half
    assert top["halves exchanged", 0, 50] == pytest.approx((30 * 29 / 2 + 20 * 19 / 2 - 600) / (50 * 49 / 2))
    assert pd.isna(top["constant", 0, 25])


class Rows(HTMLParser):
    """For each row of each table with named columns: its first cell's text, and the number behind each column."""

    def __init__(self) -> None:
        super().__init__()
        self.head: list[str] = []
        self.rows: list[tuple[str, dict[str, float]]] = []
        self.column, self.first = -1, False

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "thead":
            self.head = []
        elif tag == "th":
            self.head.append(given.get("data-column", ""))
        elif tag == "tr":
            self.column = -1
        elif tag == "td":
            self.column += 1
            self.first = self.column == 0
            if self.first:
                self.rows.append(("", {}))
            elif self.head[self.column] and "data-value" in given:
                self.rows[-1][1][self.head[self.column]] = float(given["data-value"])

    def handle_endtag(self, tag):
        self.first = self.first and tag != "td"

    def handle_data(self, data):
        if self.first:
            self.rows[-1] = (self.rows[-1][0] + data, self.rows[-1][1])


def test_table_and_page_have_the_same_numbers(known, capsys, monkeypatch):
    """The page without its pictures, which take most of the time."""
    none = dict.fromkeys(("variants", "topn", "scatter"), Html(""))
    monkeypatch.setattr("analysis.report.study_page.draw_figures", lambda *_: none)
    monkeypatch.setattr("analysis.report.study_page.diagnostics_section", lambda *_: [])
    assert main(["table", "known", "--runs", str(known.parent), "--format", "csv"]) == 0
    printed = {row["name"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert main(["table", "known", "--runs", str(known.parent), "--format", "json"]) == 0
    as_json = {row["name"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    parser = Rows()
    parser.feed(write_report(collect(known)).read_text())
    compared = 0
    for name, numbers in KNOWN.items():
        for measure, value in zip(MEASURES, numbers, strict=True):
            text = printed[name][measure]
            assert (text == "") == (as_json[name][measure] is None)
            if text:
                assert float(text) == as_json[name][measure]
                if value is not None:
                    assert float(text) == pytest.approx(value, abs=1e-9)
            for shown in (cells for first, cells in parser.rows if first == name):
                if measure in shown:
                    assert shown[measure] == float(text)
                    compared += 1
    assert compared > len(KNOWN) * 3


def test_a_study_of_two_architectures_and_of_one(tmp_path):
    two = collect(write_known(tmp_path / "two", {"right": [np.array([1.0, 2.0])]}, np.array([80.0, 90.0])))
    row = table_frame(two).set_index("name").loc["right"]
    assert (row["tau_b"], row["n"]) == (1, 2)
    assert pd.isna(row["tau_b_low"])
    assert not len(two.top)
    one = collect(write_known(tmp_path / "one", {"alone": [np.array([1.0])]}, np.array([80.0])))
    row = table_frame(one).set_index("name").loc["alone"]
    assert pd.isna(row["tau_b"])
    assert (row["n"], row["regret_10"] is None or pd.isna(row["regret_10"])) == (1, True)
