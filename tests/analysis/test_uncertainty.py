"""Influences against small changes of weight, intervals against resampling and known errors."""

import numpy as np
import pytest
from scipy import stats

from analysis.statistics import correlation, influence
from analysis.statistics.crossed import Mean
from analysis.statistics.pairs import Pair
from analysis.statistics.uncertainty import (
    BOOTSTRAP_LIMIT,
    COEFFICIENTS,
    INFLUENCES,
    SMALLEST,
    interval,
    mean_tau,
    paired_difference,
    permutation_p,
    spread,
    standard_error,
)


def sample(n, levels=None, seed=0, noise=1.0):
    """Truth and scores (n,), with ties if `levels` is given."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y = x + noise * rng.normal(size=n)
    return (np.floor(x * levels), np.floor(y * levels)) if levels else (x, y)


@pytest.mark.parametrize("levels", [None, 2])
@pytest.mark.parametrize("name", COEFFICIENTS)
def test_influence_is_the_change_when_one_architecture_is_doubled(name, levels):
    """To first order in 1/n, a second copy of i moves the coefficient by influence[i] / n."""
    x, y = sample(600, levels)
    value = COEFFICIENTS[name](Pair(x, y)).value
    found = INFLUENCES[name](x, y)
    assert found.mean() == pytest.approx(0, abs=1e-12)
    chosen = np.random.default_rng(1).choice(600, 40, replace=False)
    moved = [COEFFICIENTS[name](Pair(np.append(x, x[i]), np.append(y, y[i]))).value - value for i in chosen]
    # A copy is a tie with its original: the same small shift for all i, hence up to a constant.
    assert np.corrcoef(np.array(moved) * 600, found[chosen])[0, 1] > 0.999
    assert np.std(np.array(moved) * 600 - found[chosen]) < 0.02 * np.std(found)


@pytest.mark.parametrize("levels", [None, 2])
@pytest.mark.parametrize("name", ["tau_b", "pearson"])
def test_bootstrap_is_that_of_the_definition(name, levels):
    """The counted statistics equal the coefficient of the resample written out."""
    from analysis.statistics import uncertainty

    x, y = sample(50, levels)
    counts = uncertainty.resamples(50, 0)[:20]
    counted = getattr(uncertainty, f"_counted_{name}")(counts, x, y)
    written_out = [
        COEFFICIENTS[name](Pair(np.repeat(x, row), np.repeat(y, row))).value for row in counts.astype(int)
    ]
    assert counted == pytest.approx(written_out, abs=1e-12)


def test_bootstrap_is_scipys_loop_over_the_same_resamples():
    """The interval of a thousand architectures: percentiles of SciPy's tau-b of each resample, to 1e-12."""
    from analysis.statistics import uncertainty

    x, y = sample(200, levels=20)
    taus = [
        stats.kendalltau(np.repeat(x, row), np.repeat(y, row)).statistic
        for row in uncertainty.resamples(200, 7).astype(int)
    ]
    found = interval(x, y, seed=7)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(taus, (0.025, 0.975))), abs=1e-12)


def test_resamples_are_those_of_a_seed_alone():
    from analysis.statistics import uncertainty

    rng = np.random.default_rng(3)
    drawn = rng.integers(30, size=(1000, 30)).tolist()
    first = uncertainty.resamples(30, 3)
    assert first.tolist() == [[row.count(architecture) for architecture in range(30)] for row in drawn]
    uncertainty.resamples(30, 4)
    assert np.array_equal(uncertainty.resamples(30, 3), first)
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 1


def test_quantile_is_that_of_the_normal_distribution():
    from analysis.statistics import uncertainty

    assert stats.norm.ppf((1 + uncertainty.LEVEL) / 2) == uncertainty.QUANTILE


@pytest.mark.parametrize("name", ["tau_b", "pearson"])
def test_the_two_methods_agree(name):
    x, y = sample(BOOTSTRAP_LIMIT)
    found = interval(x, y, name)
    assert "bootstrap" in found.method
    assert (found.high - found.low) / 3.92 == pytest.approx(standard_error(INFLUENCES[name](x, y)), rel=0.1)
    x, y = sample(BOOTSTRAP_LIMIT + 1)
    longer = interval(x, y, name)
    assert "jackknife" in longer.method
    assert longer.high - longer.low == pytest.approx(found.high - found.low, rel=0.15)


def test_null_standard_error():
    """sd of tau under independence is sqrt(2 (2n + 5) / (9 n (n - 1))): .0211 at n = 1000."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 1000))
    exact = np.sqrt(2 * 2005 / (9 * 1000 * 999))
    assert exact == pytest.approx(0.0211, abs=1e-4)
    assert standard_error(influence.of_tau_b(x, y)) == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize("n", [40, 1200])
def test_coverage(n):
    """About 95 of 100 intervals hold the value of the population: tau = 2/pi asin(rho) for a normal pair."""
    hits = 0
    for seed in range(100):
        x, y = sample(n, seed=seed)
        found = interval(x, y, seed=seed)
        hits += found.low <= 2 / np.pi * np.arcsin(np.sqrt(0.5)) <= found.high
    assert hits >= 88


def test_same_seed_same_interval():
    x, y = sample(60)
    assert interval(x, y, seed=3) == interval(x, y, seed=3)
    assert interval(x, y, seed=3) != interval(x, y, seed=4)


def test_no_interval():
    assert interval([1, 2, 3], [1, 3, 2]).note == f"no interval for fewer than {SMALLEST} architectures"
    constant = interval(np.arange(50.0), np.ones(50))
    assert (constant.low, constant.high, constant.note) == (None, None, "all 50 scores are equal")
    one_off = np.zeros(40)
    one_off[0] = 1
    lost = interval(np.arange(40.0), one_off)
    assert lost.low is None
    assert "resamples drew a constant column" in lost.note
    with pytest.raises(ValueError, match="'tau' is not one of tau_b"):
        interval([1, 2], [1, 2], "tau")


def test_perfect_agreement():
    assert interval(np.arange(50.0), np.arange(50.0))[:2] == (1, 1)
    assert interval(np.arange(2000.0), np.arange(2000.0))[:2] == (1, 1)
    assert mean_tau(np.arange(2000.0), [np.arange(2000.0)])[:3] == (1, 1, 1)


def test_mean_over_seeds():
    x, _ = sample(500)
    columns = [x + np.random.default_rng(k).normal(size=500) for k in range(1, 5)]
    found = mean_tau(x, columns)
    taus = [correlation.kendall_tau(x, column).value for column in columns]
    assert found.value == pytest.approx(np.mean(taus))
    assert found.low < found.value < found.high
    # The error shared by the seeds stays, their own averages out.
    one = mean_tau(x, columns[:1])
    assert found.high - found.low < one.high - one.low
    assert mean_tau(x, [np.ones(500)]) == Mean(None, None, None, 500)
    assert mean_tau(x[:5], [x[:5]]).value is None


def test_paired_difference():
    x, y = sample(400)
    worse = y + np.random.default_rng(5).normal(size=400)
    found = paired_difference(x, [y], [worse])
    assert found.value == pytest.approx(
        correlation.kendall_tau(x, y).value - correlation.kendall_tau(x, worse).value
    )
    assert 0 < found.low < found.value < found.high
    back = paired_difference(x, [worse], [y])
    assert back[:3] == pytest.approx((-found.value, -found.high, -found.low))
    same = paired_difference(x, [y], [y])
    assert same[:3] == pytest.approx((0, 0, 0))
    assert paired_difference(x, [y], []).value is None


def test_paired_difference_against_bootstrap():
    x, y = sample(300)
    z = y + 0.7 * np.random.default_rng(5).normal(size=300)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(300):
        i = rng.integers(0, 300, 300)
        drawn.append(stats.kendalltau(x[i], y[i]).statistic - stats.kendalltau(x[i], z[i]).statistic)
    found = paired_difference(x, [y], [z])
    assert (found.high - found.low) / 3.92 == pytest.approx(np.std(drawn), rel=0.15)


def test_spread():
    assert spread([1.0, 2.0, 3.0]) == (2, 1, 3)
    assert spread([2.0]) == (2, None, 1)
    assert spread([]) == (None, None, 0)
    with pytest.raises(ValueError, match="not all finite"):
        spread([1.0, float("nan")])


def test_permutation_p():
    assert permutation_p(-1, np.zeros(99)) == pytest.approx(0.01)
    assert permutation_p(0, np.zeros(99)) == 1
