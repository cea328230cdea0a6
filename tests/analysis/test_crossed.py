"""Intervals over architectures and trainings: by the formula, at its limits, and by how often they cover."""

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.bins import mean_common_ratio
from analysis.statistics.crossed import Group, crossed_half, difference_of, mean_of, trainings_half
from analysis.statistics.topn import by_score, by_truth
from benchmarks.coverage import Setting, Trainings, coverage, means_and_verdicts


def test_the_share_of_the_seeds_is_students():
    values = [0.10, 0.39]
    low, high = stats.t.interval(0.95, 1, loc=np.mean(values), scale=stats.sem(values))
    assert trainings_half([values]) == pytest.approx((high - low) / 2)
    a, b = [0.6, 0.65, 0.63], [0.5, 0.58]
    found = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert trainings_half([a, b]) == pytest.approx((found.high - found.low) / 2)
    assert trainings_half([[0.5]]) is None
    assert trainings_half([[0.5, 0.6], [0.5]]) is None
    assert trainings_half([[0.5, 0.5]]) == 0


def test_both_parts_add_in_squares():
    assert crossed_half(0.01, 0.05) == pytest.approx(np.hypot(1.959964 * 0.01, 0.05))
    assert crossed_half(0.01, None) == pytest.approx(1.959964 * 0.01)
    assert crossed_half(0.01, 0.0, both=0.01**2) == pytest.approx(1.959964 * 0.01)  # never narrower


def test_a_mean_of_seeds_that_differ_is_wider_than_its_part_over_architectures():
    rng = np.random.default_rng(0)
    influences = rng.normal(0, 1, (2, 400))
    influences -= influences.mean(axis=1, keepdims=True)
    found = mean_of(Group(np.array([0.10, 0.39]), influences))
    assert found.low < found.trainings[0] < found.architectures[0] < found.value
    assert found.trainings[0] < 0 < found.architectures[0]
    one = mean_of(Group(np.array([0.39]), influences[:1]))
    assert (one.low, one.high) == one.architectures
    assert one.trainings == (None, None)
    fixed = difference_of(
        Group(np.array([0.4]), influences[:1]), Group(np.array([0.3]), influences[1:], fixed=True)
    )
    assert fixed.seeds_half is None
    assert fixed.error == pytest.approx(np.std(influences[0] - influences[1]) / np.sqrt(399))


def test_error_of_the_common_ratio_is_that_of_fresh_samples():
    rng = np.random.default_rng(0)
    values, errors = [], []
    for _ in range(300):
        truth = rng.normal(size=500)
        scores = truth + 0.6 * rng.normal(size=500)
        found = mean_common_ratio(by_truth(truth), [by_score(scores)], 50)
        values.append(found.value)
        errors.append(found.error)
        assert 0 <= found.low < found.value < found.high <= 1
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)


@pytest.mark.parametrize("setting", [Setting(200, 0.95), Setting(100, 0.5, "ties"), Setting(100, 0.5, "top")])
@pytest.mark.parametrize("name", ["spearman", "tau_kendall_a", "common ratio, top 10 %"])
def test_a_slice_of_the_table_of_coverage(name, setting):
    covered, below, above = coverage(name, setting, studies=200, many=400)
    assert covered >= 0.90
    assert max(below, above) <= 0.08


def test_means_and_verdicts_of_trainings_that_differ():
    """By architectures alone a mean is not covered, and a quarter of the verdicts would be wrong."""
    both, alone, difference, wrong = means_and_verdicts(200, 3, Trainings(0.3), studies=120, many=300)
    assert both >= 0.90 > 0.7 > alone
    assert difference >= 0.90
    assert wrong <= 0.10
