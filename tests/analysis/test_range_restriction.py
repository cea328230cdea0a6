"""The fall of tau-b that a narrow range alone brings: against simulation and closed forms."""

import math

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.correlation import kendall_tau
from analysis.statistics.range_restriction import Gaps, RangeRestriction


def simulated(truth, error, size, draws=200):
    """Mean tau-b over all and inside the top, of the truth with normal errors."""
    rng = np.random.default_rng(1)
    top = np.argsort(-truth, kind="stable")[:size]
    taus = []
    for _ in range(draws):
        score = truth + error * rng.normal(size=len(truth))
        taus.append((kendall_tau(truth, score).value, kendall_tau(truth[top], score[top]).value))
    return np.mean(taus, axis=0)


def long_tail(n, digits=6):
    return np.round(94 - np.random.default_rng(0).exponential(4, size=n), digits)


@pytest.mark.parametrize("digits", [6, 0])  # without and with ties in the truth
def test_equal_error_in_points_is_what_a_simulation_gives(digits):
    truth = long_tail(200, digits)
    whole, inside = simulated(truth, 2.0, 30)
    found = RangeRestriction(truth, [30]).inside(whole)[30]
    assert found.points == pytest.approx(inside, abs=0.02)


def test_equal_error_in_places_is_a_bivariate_normal_pair():
    """The accuracies themselves do not matter, their order alone does."""
    truth = long_tail(300)
    normal = stats.norm.ppf((stats.rankdata(truth) - 0.5) / 300)
    whole, inside = simulated(normal, 1.0, 40)
    assert whole == pytest.approx(2 / math.pi * math.asin(math.sqrt(1 / 2)), abs=0.02)
    found = RangeRestriction(truth, [40]).inside(whole)[40]
    assert found.places == pytest.approx(inside, abs=0.02)
    assert found.places == RangeRestriction(np.exp(truth / 10), [40]).inside(whole)[40].places


@pytest.mark.parametrize("rho", [0.2, 0.7, 0.95])
def test_over_all_the_closed_form(rho):
    truth = stats.norm.ppf((np.arange(4000) + 0.5) / 4000)
    error = math.sqrt(1 / rho**2 - 1)
    tau = 2 / math.pi * math.asin(rho)
    assert Gaps(truth).tau_b(error) == pytest.approx(tau, abs=0.002)
    assert Gaps(truth).error(tau) == pytest.approx(error, rel=0.01)


def test_truths_far_and_near_by_hand():
    """Two truths at each of 0 and 1: four pairs a gap apart, two of six tied."""
    gaps = Gaps(np.array([0.0, 1.0, 0.0, 1.0]))
    assert gaps.tau_b(0.5) == pytest.approx(math.erf(1) * 4 / math.sqrt(4 * 6))
    assert gaps.tau_b(0) == pytest.approx(math.sqrt(4 / 6))  # the best that a score without ties can do
    assert gaps.tau_b(math.inf) == 0
    assert gaps.error(0.9) == 0


def test_the_whole_as_its_own_top_and_the_ends():
    truth = long_tail(120)
    reference = RangeRestriction(truth, [1, 2, 10, 120, 121])
    assert reference.sizes == (2, 10, 120)
    for tau in (-0.9, -0.3, 0.0, 0.05, 0.6, 0.99):
        assert reference.inside(tau)[120] == pytest.approx((tau, tau), abs=1e-6)
        assert reference.inside(-tau)[10] == pytest.approx(tuple(-v for v in reference.inside(tau)[10]))
    assert reference.inside(1.0)[10] == pytest.approx((1, 1))
    falls = [reference.inside(tau)[10].points for tau in (0.2, 0.5, 0.8)]
    assert falls == sorted(falls)
    assert falls[-1] < 0.8
    for none in (None, math.nan):
        assert reference.inside(none)[10] == (None, None)
    tied_at_the_top = RangeRestriction(np.r_[np.ones(10), 0.5], [5])
    assert tied_at_the_top.inside(0.3)[5] == (None, None)
    assert RangeRestriction([1.0], [1]).inside(0.3) == {}
    with pytest.raises(ValueError, match="truth: not all values are finite"):
        RangeRestriction([1.0, math.nan], [2])
