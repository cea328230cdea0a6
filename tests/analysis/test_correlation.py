"""Rank correlations against a count of all pairs, against SciPy, and by properties."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.statistics.correlation import VARIANTS, kendall_tau, pearson, spearman, weighted_tau

ALL = [kendall_tau, pearson, spearman, weighted_tau]
tied = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=40)
real = st.lists(
    st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)),
    min_size=2,
    max_size=30,
    unique_by=(lambda t: t[0],),
)


def by_pairs(x, y, variant):
    """The definitions, pair by pair."""
    concordant = discordant = tied_x = tied_y = 0
    for i, j in itertools.combinations(range(len(x)), 2):
        product = np.sign(x[i] - x[j]) * np.sign(y[i] - y[j])
        concordant += product > 0
        discordant += product < 0
        tied_x += x[i] == x[j]
        tied_y += y[i] == y[j]
    n = len(x)
    pairs = n * (n - 1) / 2
    if variant == "a":
        return (concordant - discordant) / pairs
    if variant == "b":
        return (concordant - discordant) / math.sqrt((pairs - tied_x) * (pairs - tied_y))
    m = min(len(set(x)), len(set(y)))
    return 2 * (concordant - discordant) / (n**2 * (m - 1) / m)


@given(tied, st.sampled_from(VARIANTS))
def test_kendall_by_pairs(pairs, variant):
    x, y = map(list, zip(*pairs, strict=True))
    found = kendall_tau(x, y, variant)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert found.value is None
        assert "equal" in found.note
    else:
        assert found.value == pytest.approx(by_pairs(x, y, variant), abs=1e-12)


@given(tied)
def test_against_scipy(pairs):
    x, y = map(list, zip(*pairs, strict=True))
    if len(set(x)) > 1 and len(set(y)) > 1:
        assert kendall_tau(x, y).value == pytest.approx(stats.kendalltau(x, y).statistic)
        assert kendall_tau(x, y, "c").value == pytest.approx(stats.kendalltau(x, y, variant="c").statistic)
        assert spearman(x, y).value == pytest.approx(stats.spearmanr(x, y).statistic)
        assert pearson(x, y).value == pytest.approx(stats.pearsonr(x, y).statistic)
        expected = max(-1.0, min(1.0, stats.weightedtau(x, y).statistic))
        assert weighted_tau(x, y).value == pytest.approx(expected)


@pytest.mark.parametrize("n", [1000, 15_625])
@pytest.mark.parametrize("levels", [None, 3, 40])
def test_against_scipy_at_the_size_of_a_space(n, levels):
    rng = np.random.default_rng(n)
    x = rng.normal(size=n)
    y = x + rng.normal(size=n)
    if levels:
        x, y = np.floor(levels * x), np.floor(levels * y)
    theirs = {
        kendall_tau: stats.kendalltau(x, y),
        spearman: stats.spearmanr(x, y),
        pearson: stats.pearsonr(x, y),
        weighted_tau: stats.weightedtau(x, y),
    }
    for function, result in theirs.items():
        assert function(x, y).value == pytest.approx(result.statistic, abs=1e-12)
    expected = stats.kendalltau(x, y, variant="c").statistic
    assert kendall_tau(x, y, "c").value == pytest.approx(expected, abs=1e-12)


@given(real)
def test_properties(pairs):
    x, y = map(np.array, zip(*pairs, strict=True))
    for function in ALL:
        value = function(x, y).value
        if value is None:
            assert len(set(y)) == 1
            continue
        assert -1 <= value <= 1
        assert function(x, x).value == pytest.approx(1)
        order = np.random.default_rng(0).permutation(len(x))
        assert function(x[order], y[order]).value == pytest.approx(value, abs=1e-9)  # position never matters
    for function in (kendall_tau, spearman):
        if (value := function(x, y).value) is not None:
            assert function(x, -y).value == pytest.approx(-value)
            assert function(np.argsort(np.argsort(x)), y).value == pytest.approx(value)


def test_without_ties_a_equals_b():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 200))
    assert kendall_tau(x, y, "a").value == pytest.approx(kendall_tau(x, y, "b").value, abs=1e-12)


def test_mass_ties_make_a_stricter():
    """30 % of the scores stuck at one value, a common failure: tau-a is the stricter."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=1000)
    scores = truth + rng.normal(size=1000)
    scores[rng.permutation(1000)[:300]] = -9.0
    assert kendall_tau(truth, scores, "a").value < kendall_tau(truth, scores, "b").value


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused(function, bad):
    with pytest.raises(ValueError, match=r"y: .* at position 1 is not a finite number"):
        function([1, 2, 3], [1, bad, 3])
    with pytest.raises(ValueError, match="x: "):
        function([bad, 2, 3], [1, 2, 3])


@pytest.mark.parametrize("function", ALL)
def test_undefined_is_said(function):
    assert function([1, 2, 3], [4, 4, 4]) == (None, "all 3 scores are equal")
    assert function([4, 4], [1, 2]) == (None, "all 2 truth values are equal")
    assert function([1], [2]) == (None, "1 architecture: a correlation needs at least 2")
    assert function([], []) == (None, "0 architectures: a correlation needs at least 2")
    assert function([1, 2], [3, 4]).value == pytest.approx(1)
    assert function([1, 2], [4, 3]).value == pytest.approx(-1)


def test_other_mistakes():
    with pytest.raises(ValueError, match="lengths 3 and 2 differ"):
        kendall_tau([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match=r"shape \(1, 2\)"):
        kendall_tau([[1, 2]], [[1, 2]])
    with pytest.raises(ValueError, match="'d' is not one of a, b, c"):
        kendall_tau([1, 2], [1, 2], "d")


def test_extreme_values():
    assert pearson([1e308, -1e308, 0], [1e-308, -1e-308, 0]).value == pytest.approx(1)
    assert pearson([0, 5e-324], [1, 2]).value == pytest.approx(1)
    assert pearson([1e16, 1e16 + 2, 1e16 + 4], [1, 2, 3]).value == pytest.approx(1)
