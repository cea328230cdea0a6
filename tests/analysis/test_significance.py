"""p-values against SciPy and resampling; Holm by hand and by its definition; identical variants are not told apart."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.measures.differences import SHARED, Side, compare_sides, difference, pairs, verdict
from analysis.statistics.crossed import Mean
from analysis.statistics.significance import holm, one_sample_p, paired_p, together, welch_p
from analysis.statistics.uncertainty import paired_difference
from analysis.store.tables import Table


def test_holm_by_hand():
    # Smallest times 4, next times 3, ...: .04, .06, .06 (from .04, never below), .06 (never below).
    assert holm([0.03, 0.01, 0.02, 0.05]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1, 1]
    assert holm([0.5, None, 0.01]) == [0.5, None, 0.02]  # what was not tested does not count
    assert holm([]) == []
    assert holm([None]) == [None]
    with pytest.raises(ValueError, match=r"\[1\.5\] are not all p-values in \[0, 1\]"):
        holm([1.5])
    with pytest.raises(ValueError, match="not all p-values"):
        holm([np.nan])


def test_holm_is_the_closed_test():
    """Brute force: rejected is what every set of hypotheses around it rejects by Bonferroni's test."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        p = np.round(rng.uniform(0, 0.2, 5), 2)
        adjusted = holm(p.tolist())
        for place in range(5):
            others = [i for i in range(5) if i != place]
            around = [[place, *more] for size in range(5) for more in combinations(others, size)]
            closed = max(min(1.0, len(group) * p[group].min()) for group in around)
            assert adjusted[place] == pytest.approx(closed)


def test_welch():
    assert welch_p([0.7], [0.5, 0.51]) is None
    assert welch_p([0.7, 0.7], [0.5, 0.5]) == 0
    assert welch_p([0.7, 0.7], [0.7, 0.7]) == 1


@pytest.mark.parametrize("sizes", [(2, 2), (2, 5), (5, 3)])
def test_welch_is_scipys(sizes):
    rng = np.random.default_rng(sum(sizes))
    for gap in np.linspace(0, 4, 40):
        a, b = rng.normal(gap, 1, sizes[0]), rng.normal(0, 0.3, sizes[1])
        assert welch_p(a, b) == pytest.approx(stats.ttest_ind(a, b, equal_var=False).pvalue)


def test_one_sample_p_is_scipys():
    assert one_sample_p([0.7], 0.5) is None
    assert one_sample_p([0.7, 0.7], 0.5) == 0
    assert one_sample_p([0.7, 0.7], 0.7) == 1
    rng = np.random.default_rng(0)
    for n in (2, 3, 5):
        values = rng.normal(0.6, 0.04, n)
        assert one_sample_p(values, 0.58) == pytest.approx(stats.ttest_1samp(values, 0.58).pvalue)


def test_paired_p_is_below_5_percent_where_the_interval_leaves_out_0():
    assert paired_p(Mean(None, None, None, 5)) is None
    assert paired_p(Mean(0.0, 0.0, 0.0, 50, error=0.0)) == 1
    assert paired_p(Mean(0.1, 0.1, 0.1, 50, error=0.0)) == 0
    for value, error, p in (
        (0.1, 0.1 / 1.96, 0.05),
        (-0.1, 0.1 / 1.96, 0.05),
        (0.1, 0.1, 2 * stats.norm.sf(1)),
    ):
        found = Mean(value, None, None, 50, error=error)
        assert paired_p(found) == pytest.approx(p, abs=1e-4)
        assert (found.architectures[0] > 0) == (value == 0.1 and error < 0.1 / 1.96 + 1e-9)


def test_paired_p_is_near_that_of_a_bootstrap():
    """Share of 4,000 resamples of the architectures whose difference, less the observed one, is as far from 0."""
    rng = np.random.default_rng(5)
    n = 120
    truth = rng.normal(size=n)
    a, b = truth + rng.normal(size=n), truth + 1.35 * rng.normal(size=n)
    found = paired_difference(truth, [a], [b])
    sign = [np.sign(np.subtract.outer(column, column)) for column in (truth, a, b)]
    drawn = []
    for _ in range(4000):
        count = np.bincount(rng.integers(n, size=n), minlength=n).astype(float)
        untied = count.sum() ** 2 - (count**2).sum()
        drawn.append(count @ (sign[0] * (sign[1] - sign[2])) @ count / untied)
    p = np.mean(np.abs(np.array(drawn) - found.value) >= abs(found.value))
    assert 0.02 < p < 0.5
    assert paired_p(found) == pytest.approx(p, rel=0.3)


def test_together_is_the_larger():
    assert together(0.01, 0.2) == 0.2
    assert together(0.01, None) is None
    assert together(None, 0.2) is None


def sides(rng, noises, seeds=4, n=80):
    """Variants whose seeds are one truth plus noise of a size each: a training's own, and its seed's."""
    names = [f"a{i}" for i in range(n)]
    values = rng.normal(size=n)
    table = Table(frame=pd.DataFrame({"arch": names, "acc": values}), column="acc", source="here")
    scores = [pd.DataFrame(values[:, None] + noise * rng.normal(size=(n, seeds))) for noise in noises]
    return [Side(f"v{i}", table, frame) for i, frame in enumerate(scores)]


def test_identical_variants_are_not_told_apart():
    """Of 100 studies of four equal variants at most 5 find a pair."""
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(100):
        rows = compare_sides("nasbench201", sides(rng, [1.0] * 4, n=40), "v0")
        assert len(rows) == 6
        wrong += any(verdict(row) != "not significant" for row in rows.to_dict("records"))
    assert wrong <= 5


def test_uncorrected_they_would_be():
    """What the correction and the second test are for."""
    rng = np.random.default_rng(0)
    rows = [compare_sides("nasbench201", sides(rng, [1.0] * 4, n=40), "v0") for _ in range(20)]
    assert sum((frame["p_architectures"] < 0.05).any() for frame in rows) > 2


def test_a_better_variant_is_told_apart():
    rng = np.random.default_rng(1)
    for _ in range(20):
        rows = compare_sides("nasbench201", sides(rng, [0.3, 1.0, 1.0]), "v0")
        verdicts = {(row["leader"], row["other"]): verdict(row) for row in rows.to_dict("records")}
        assert verdicts["v0", "v1"] == verdicts["v0", "v2"] == "better"
        assert verdicts["v1", "v2"] == "not significant"


def test_of_one_seed_nothing_is_said_about_the_training():
    rng = np.random.default_rng(2)
    (row,) = compare_sides("nasbench201", sides(rng, [0.3, 2.0], seeds=1), "v0").to_dict("records")
    assert pd.isna(row["p_seeds"])
    assert row["p_architectures"] < 0.001
    assert pd.isna(row["p_holm"])
    assert (row["low"], row["high"]) == (row["architectures_low"], row["architectures_high"])
    assert verdict(row) == "one seed"


def test_too_few_architectures_are_not_compared():
    rng = np.random.default_rng(3)
    (row,) = compare_sides("nasbench201", sides(rng, [0.3, 2.0], n=8), "v0").to_dict("records")
    assert verdict(row) == "not compared"
    assert row["n"] == 8


def test_sides_of_two_truths_meet_by_their_texts():
    """Truths in another order and of other architectures: what both have is compared, as if it were all there is."""
    rng = np.random.default_rng(4)
    first, second = sides(rng, [0.5, 1.0], n=80)
    table = first.truth
    shared = rng.permutation(80)[:50]  # of the second side, in an order of its own
    other = Table(frame=table.frame.iloc[shared].reset_index(drop=True), column="acc", source="there")
    moved = Side("v1", other, second.scores.iloc[shared].reset_index(drop=True))
    row = difference(first, moved)
    rows = np.sort(shared)
    expected = difference(
        Side("v0", table, first.scores.loc[rows]), Side("v1", table, second.scores.loc[rows])
    )
    assert row == expected | {"set": SHARED}
    assert row["n"] == 50


def test_which_pairs():
    names = [f"v{i}" for i in range(15)]
    assert len(pairs(names, "v3")) == 15 * 14 / 2
    names.append("v15")
    chosen = pairs(names, "v3")
    assert len(chosen) == 15 + 14
    assert all(0 in pair or 3 in pair for pair in chosen)
    assert all(a < b for a, b in chosen)
    assert len(pairs(names, "v0")) == 15
