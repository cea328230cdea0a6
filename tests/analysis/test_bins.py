"""Cumulative bins by brute force; the reference of range restriction against closed forms and the published numbers."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, multivariate_normal, spearmanr

from analysis.statistics.bins import (
    EVERY,
    REPORTED,
    bin_reference,
    bin_sizes,
    bins,
    check_percents,
    share_interval,
)
from supernet.spaces import get_space


def brute(truth: list[float], score: list[float], percent: int) -> tuple[int, float, float, float]:
    """k, Spearman, tau-b and common ratio, word for word."""
    n = len(truth)
    k = math.floor(n * percent / 100)
    by_truth = sorted(range(n), key=lambda i: -truth[i])
    by_score = sorted(range(n), key=lambda i: -score[i])
    top = by_truth[:k]
    inside = [truth[i] for i in top], [score[i] for i in top]
    common = sum(i in by_score[:k] for i in top) / k
    return k, spearmanr(*inside).statistic, kendalltau(*inside).statistic, common


@settings(max_examples=25)
@given(st.integers(0, 1000), st.integers(30, 120))
def test_every_bin_is_what_its_definition_says(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    score = truth + rng.normal(size=n)
    for found in bins(truth, [score], (10, 26, 50, 100)):
        k, rho, tau, common = brute(truth.tolist(), score.tolist(), found.percent)
        assert found.k == k
        assert found.spearman.value == pytest.approx(rho)
        assert found.tau_b == pytest.approx(tau)
        assert found.common.value == pytest.approx(common)
        if found.percent < 100:
            x = found.percent / 100
            assert found.corrected == pytest.approx((common - x) / (1 - x))
        else:
            assert (found.common.value, found.corrected) == (1, None)


def test_sizes() -> None:
    assert len(EVERY) == 50
    assert bin_sizes(1000, REPORTED) == {10: 100, 20: 200, 30: 300, 40: 400, 50: 500, 100: 1000}
    assert all(bin_sizes(n)[x] == math.floor(n * x / 100) for n in (500, 729, 1000, 15625) for x in EVERY)
    assert bin_sizes(20, (2, 4, 6)) == {6: 1}


def test_seeds_are_averaged_and_intervals_hold_the_value() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=200)
    columns = [truth + rng.normal(size=200) for _ in range(3)]
    (together,) = bins(truth, columns, [50])
    alone = [bins(truth, [column], [50])[0] for column in columns]
    for name in ("spearman", "common"):
        values = [getattr(one, name).value for one in alone]
        mean = getattr(together, name)
        assert mean.value == pytest.approx(np.mean(values))
        assert getattr(together, f"{name}_std") == pytest.approx(np.std(values, ddof=1))
        assert mean.low < mean.value < mean.high
        assert getattr(alone[0], f"{name}_std") is None


def test_equal_scores_have_no_spearman_and_chances_common_ratio() -> None:
    truth = np.arange(1000.0)
    (found,) = bins(truth, [np.zeros(1000)], [50])
    assert found.spearman.value is found.tau_b is found.spearman_std is None
    assert abs(found.corrected or 0) < 0.15  # by lot, not by position


def test_wilsons_interval() -> None:
    assert share_interval(0.5, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)  # a textbook's
    assert share_interval(0.0, 10) == pytest.approx((0, 0.2775), abs=1e-4)
    assert share_interval(1.0, 10) == pytest.approx((0.7225, 1), abs=1e-4)


def test_mistakes() -> None:
    for percents, message in (
        ([10, 101], "bins: 101 is not an integer from 1 to 100"),
        ([10, 10], "bins: 10, 10: one or more distinct ones are needed"),
        ([], "bins: none: one or more"),
    ):
        with pytest.raises(ValueError, match=message):
            check_percents(percents)
    with pytest.raises(ValueError, match=r"rho: 1\.5 is not between -1 and 1"):
        bin_reference(1.5, 10)
    with pytest.raises(ValueError, match="percent: 0 is not between"):
        bin_reference(0.5, 0)


def test_the_reference_is_what_was_measured_with_equal_noise() -> None:
    # 1,000 architectures, Spearman .91 over all: an independent measurement.
    measured = {10: 0.61, 20: 0.67, 30: 0.71, 40: 0.74, 50: 0.77}
    for percent, rho in measured.items():
        assert bin_reference(0.91, percent).spearman == pytest.approx(rho, abs=0.015)
    assert bin_reference(0.91, 10).common == pytest.approx(0.71, abs=0.01)
    assert bin_reference(0.91, 50).common == pytest.approx(0.87, abs=0.01)


@pytest.mark.parametrize("rho", [-0.6, 0.0, 0.3, 0.78, 0.97])
def test_the_reference_against_closed_forms(rho: float) -> None:
    r = 2 * math.sin(math.pi * rho / 6)
    assert bin_reference(rho, 100) == pytest.approx((rho, 1), abs=1e-5)
    # half: the orthant of the bivariate normal, 1/4 + asin(r) / (2 pi)
    assert bin_reference(rho, 50).common == pytest.approx(0.5 + math.asin(r) / math.pi, abs=1e-6)
    t = 1.2815515655446004  # the quantile of .9
    both = multivariate_normal([0, 0], [[1, r], [r, 1]]).cdf([-t, -t])
    assert bin_reference(rho, 10).common == pytest.approx(both / 0.1, abs=1e-4)


def test_the_reference_against_a_simulation() -> None:
    rng = np.random.default_rng(0)
    x = np.sort(rng.normal(size=100_000))[::-1]
    r = 2 * math.sin(math.pi * 0.5 / 6)
    (found,) = bins(x, [r * x + math.sqrt(1 - r**2) * rng.normal(size=len(x))], [20])
    expected = bin_reference(0.5, 20)
    assert found.spearman.value == pytest.approx(expected.spearman, abs=0.02)
    assert found.common.value == pytest.approx(expected.common, abs=0.01)


def test_the_reference_of_a_perfect_and_of_a_reversed_score() -> None:
    assert bin_reference(1.0, 10) == (1, 1)
    assert bin_reference(-1.0, 10) == (-1, 0)
    assert bin_reference(-1.0, 80) == (-1, 0.75)


def test_parameters_as_a_ranking_of_the_whole_published_benchmark(reference_data: Path) -> None:
    table = pd.read_csv(reference_data / "nb201" / "nasbench201.csv")
    space = get_space("nasbench201")
    params = [float(space.cost(space.parse(text)).params) for text in table["arch"]]
    found = {one.percent: one for one in bins(table["cifar10_test"], [params], REPORTED)}
    assert found[100].k == 15625
    assert found[100].tau_b == pytest.approx(0.578, abs=0.002)  # as published
    assert found[100].spearman.value == pytest.approx(0.75, abs=0.03)
    # inside the top it says far less, and less than a narrow range alone would leave
    expected = bin_reference(found[100].spearman.value, 10).spearman
    assert found[10].spearman.value < expected
    assert found[10].common.value > 0.1
