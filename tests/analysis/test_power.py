"""Power against simulated studies: the tests of SciPy on drawn seeds, with no formula of ours in them."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from analysis.statistics.power import (
    INTERVAL,
    POWER,
    detectable,
    detectable_over_architectures,
    pooled_std,
    seeds_needed,
    std_interval,
    welch_power,
)

STUDIES = 10_000
RNG = np.random.default_rng(0)


def share_significant(difference, std, seeds, alpha):
    a, b = (RNG.normal(mean, std, (seeds, STUDIES)) for mean in (difference, 0))
    return (ttest_ind(a, b, equal_var=False).pvalue < alpha).mean()


@pytest.mark.parametrize(("difference", "std", "alpha"), [(0.03, 0.02, 0.05), (0.06, 0.02, 0.05 / 6)])
def test_seeds_needed_is_what_simulated_studies_need(difference, std, alpha):
    seeds = seeds_needed(difference, std, alpha)
    assert share_significant(difference, std, seeds, alpha) == pytest.approx(
        welch_power(difference, std, seeds, alpha), abs=0.01
    )
    assert share_significant(difference, std, seeds, alpha) > POWER - 0.01
    assert share_significant(difference, std, seeds - 1, alpha) < POWER + 0.01
    assert detectable(std, seeds, alpha) < difference < detectable(std, seeds - 1, alpha)
    assert share_significant(0, std, seeds, alpha) == pytest.approx(
        welch_power(0, std, seeds, alpha), abs=0.005
    )


def test_the_interval_of_the_standard_deviation_covers_as_often_as_it_says():
    """Of studies of 4 variants and 3 seeds; so does the range of seeds, which rises with it."""
    drawn = RNG.normal(0, 0.02, (2000, 4, 3))
    ends = np.array([std_interval(pooled_std(study)) for study in drawn])
    assert ((ends[:, 0] < 0.02) & (ends[:, 1] > 0.02)).mean() == pytest.approx(INTERVAL, abs=0.025)
    assert seeds_needed(0.03, 0.01, 0.05) < seeds_needed(0.03, 0.02, 0.05) < seeds_needed(0.03, 0.04, 0.05)


def test_over_architectures():
    smallest = detectable_over_architectures(0.01, 0.05)
    drawn = RNG.normal(smallest, 0.01, 100_000)
    assert (abs(drawn) > 1.959964 * 0.01).mean() == pytest.approx(POWER, abs=0.01)


def test_edges():
    assert pooled_std([[0.1], [0.2]]) is None
    assert pooled_std([[1, 3], [5], [10, 12, 14]]) == (pytest.approx(np.sqrt(10 / 3)), 3)
    assert seeds_needed(1e-6, 1.0, 0.05) is None
    assert seeds_needed(0.5, 0.0, 0.05) == 2
    assert detectable(0.0, 2, 0.05) == 0
    assert welch_power(100, 0.001, 3, 0.05) == 1  # far beyond the bound
    with pytest.raises(ValueError, match="seeds: 1"):
        welch_power(0.1, 0.1, 1, 0.05)
