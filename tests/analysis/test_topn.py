"""Sets at the top: against definitions, chance levels, and the facts about the null distribution."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.statistics.correlation import kendall_tau
from analysis.statistics.topn import (
    TOP,
    best_rank,
    by_score,
    check_top,
    overlap,
    predicted_top,
    regret,
    tau_predicted_top,
    tau_true_top,
    topn_mean_tau,
    topn_means,
    topn_null,
    true_top,
)


def pair(n, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    return truth, truth + noise * rng.normal(size=n)


def test_true_top_breaks_ties_by_file_order():
    assert true_top([3, 5, 5, 1, 5], 2).tolist() == [1, 2]
    assert true_top([3, 5, 5, 1, 5], 4).tolist() == [1, 2, 4, 0]


def test_predicted_top_breaks_ties_by_the_seed_alone():
    scores = np.zeros(30)
    first = [int(predicted_top(scores, 1, seed)[0]) for seed in range(3000)]
    counts = np.bincount(first, minlength=30)
    assert counts.min() > 60  # 100 expected for each place
    assert predicted_top(scores, 5, 1).tolist() == predicted_top(scores, 5, 1).tolist()


@pytest.mark.parametrize("order", ["rising", "falling"])
def test_a_constant_score_has_the_overlap_of_chance_whatever_the_order_of_rows(order):
    truth = np.arange(1000.0) if order == "rising" else np.arange(1000.0)[::-1]
    values = [overlap(truth, np.zeros(1000), 10, seed).value for seed in range(300)]
    assert np.mean(values) == pytest.approx(0.1, abs=0.01)
    ranks = [best_rank(truth, np.zeros(1000), 10, seed) for seed in range(300)]
    assert np.mean(ranks) == pytest.approx(91, abs=12)  # (n + 1) / (k + 1)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.integers(0, 9))
def test_by_score_is_a_falling_order_of_all(scores, seed):
    order = by_score(scores, seed)
    assert sorted(order) == list(range(len(scores)))
    ordered = np.array(scores)[order]
    assert (np.diff(ordered) <= 0).all()


def test_taus_of_the_two_tops():
    truth, scores = pair(300)
    best = np.argsort(-truth)[:25]
    assert tau_true_top(truth, scores, 25) == kendall_tau(truth[best], scores[best])
    best = np.argsort(-scores)[:25]
    assert tau_predicted_top(truth, scores, 25) == kendall_tau(truth[best], scores[best])
    assert tau_true_top(truth, scores, 300).value == pytest.approx(kendall_tau(truth, scores).value)


def test_overlap():
    truth = np.arange(100.0)
    assert overlap(truth, truth, 5) == (5, 1, 0.05)
    assert overlap(truth, -truth, 5) == (5, 0, 0.05)
    assert overlap(truth, truth, 0.1).n == 1
    assert overlap(truth, -truth, 100).value == 1
    with pytest.raises(ValueError, match="percent: 0 is not between"):
        overlap(truth, truth, 0)


def test_best_rank_and_regret():
    truth = [90.0, 94.0, 93.0, 94.0, 80.0]
    scores = [5.0, 1.0, 9.0, 0.0, 7.0]
    assert best_rank(truth, scores, 1) == 3  # two are better
    assert regret(truth, scores, 1) == pytest.approx(1)
    assert best_rank(truth, scores, 4) == 1
    assert regret(truth, scores, 4) == 0


@pytest.mark.parametrize("k", [0, 6, -1])
def test_sets_that_do_not_fit(k):
    with pytest.raises(ValueError, match=r"top: .* is not between 1 and 5"):
        predicted_top(np.arange(5), k)


def test_check_top():
    assert check_top([50, 10]) == (10, 50)
    for bad in ([], [10, 10], [0], [-5], [2.5], [True]):
        with pytest.raises(ValueError, match="top: "):
            check_top(bad)


def test_topn_mean_tau_by_definition():
    for seed in range(30):
        truth, scores = pair(600, seed, noise=20)
        order = np.argsort(-truth)
        means = [scores[order[:n]].mean() for n in TOP]
        assert topn_means(truth, scores) == pytest.approx(means)
        signs = [np.sign(b - a) for a, b in itertools.combinations(means, 2)]  # N rises from a to b
        expected = sum(signs) / len(signs)
        assert topn_mean_tau(truth, scores, permutations=0).value == pytest.approx(expected)


def test_topn_mean_tau_best_is_minus_one():
    truth, _ = pair(600)
    found = topn_mean_tau(truth, truth)
    assert found.value == -1
    assert found.sizes == TOP
    assert topn_mean_tau(truth, -truth, permutations=0).value == 1


def test_null_of_topn_mean_tau():
    """Scores without relation to the truth: -1 in about 3.1 % of cases, at most -.73 in 15.6 %, sd .568.

    Kendall's own null would give 1/720 and sd .355: the means are nested."""
    rng = np.random.default_rng(0)
    truth = np.arange(15625.0)
    values = []
    for _ in range(6000):
        scores = np.zeros(15625)
        scores[-500:] = rng.normal(size=500)
        values.append(topn_mean_tau(truth, scores, permutations=0).value)
    values = np.array(values)
    assert (values == -1).mean() == pytest.approx(0.031, abs=0.007)
    assert (values <= -0.73).mean() == pytest.approx(0.156, abs=0.015)
    assert values.std() == pytest.approx(0.568, abs=0.02)


def test_p_value_is_uniform_under_the_null():
    """The p-value is below .1 in at most a tenth of unrelated rankings."""
    rng = np.random.default_rng(1)
    truth = np.arange(600.0)
    p = [topn_mean_tau(truth, rng.normal(size=600), permutations=199, seed=k).p_value for k in range(300)]
    assert np.mean(np.array(p) <= 0.1) == pytest.approx(0.08, abs=0.04)
    best = topn_mean_tau(truth, truth)
    assert best.p_value == pytest.approx(0.031, abs=0.008)  # even a perfect score cannot do better


def test_p_value_counts_random_choices_of_the_scores():
    """The permutations are those of the definition: the best get scores drawn without replacement."""
    truth, scores = pair(600, noise=3)
    scores = np.round(scores)  # with ties
    rng = np.random.default_rng(5)
    null = []
    for _ in range(1500):
        drawn = rng.choice(scores, 500, replace=False)
        means = [drawn[:n].mean() for n in TOP]
        signs = [0 if abs(b - a) < 1e-12 else np.sign(b - a) for a, b in itertools.combinations(means, 2)]
        null.append(sum(signs) / len(signs))
    found = topn_mean_tau(truth, scores, permutations=1500, seed=5)
    expected = (1 + sum(value <= found.value + 1e-9 for value in null)) / 1501
    assert found.p_value == pytest.approx(expected, abs=1e-12)
    again = topn_mean_tau(truth, -scores, permutations=1500, seed=5)  # the same permutations, kept
    assert again == topn_mean_tau(truth, -scores, permutations=1500, seed=5)
    assert again.p_value > 0.5


def test_a_given_order_is_the_one_of_the_seed():
    truth, _ = pair(400)
    scores = np.round(truth)
    for seed in range(3):
        order = by_score(scores, seed)
        for function, k in ((tau_predicted_top, 30), (best_rank, 5), (regret, 5), (overlap, 10)):
            assert function(truth, scores, k, order=order) == function(truth, scores, k, seed)


def test_sets_larger_than_the_space_are_left_out():
    truth, scores = pair(100)
    assert topn_mean_tau(truth, scores, permutations=9).sizes == (10, 25, 50)
    few = topn_mean_tau(truth[:20], scores[:20])
    assert (few.value, few.p_value, few.sizes) == (None, None, (10,))
    assert "fewer than 2 sets" in few.note


def test_constant_scores_have_no_topn_mean_tau():
    """Sums of equal numbers differ in their last bits: still a tie, not a trend."""
    assert topn_mean_tau(np.arange(600), np.full(600, 0.1)).value is None
    almost = np.full(600, 0.1)
    almost[0] = 0.2  # outside the true top-500
    assert topn_mean_tau(np.arange(600), almost, permutations=0).value == 0


def test_null_table():
    null = topn_null(15625)
    assert [entry.value for entry in null] == pytest.approx(np.linspace(-1, 1, 16))
    assert null[0].at_most == pytest.approx(0.031, abs=0.007)
    assert null[2].at_most == pytest.approx(0.156, abs=0.015)  # -.73
    assert null[0].kendall == pytest.approx(1 / 720)
    assert null[-1].at_most == 1
    assert null[-1].kendall == pytest.approx(1)
    assert sum(b.kendall - a.kendall for a, b in itertools.pairwise(null)) == pytest.approx(719 / 720)
    assert [entry.at_most for entry in null] == sorted(entry.at_most for entry in null)


def test_null_of_two_sets_is_even_and_of_fewer_there_is_none():
    half, whole = topn_null(60, (10, 50, 500))
    assert half.value == -1
    assert half.at_most == pytest.approx(0.5, abs=0.02)
    assert (half.kendall, whole.at_most) == (0.5, 1)
    assert topn_null(40, (10, 50)) == []


def test_kendalls_null_is_a_count_of_all_orders():
    orders = list(itertools.permutations(range(5)))
    for entry in topn_null(100, (5, 10, 20, 40, 80), permutations=9):
        values = [np.mean([np.sign(b - a) for a, b in itertools.combinations(o, 2)]) for o in orders]
        assert entry.kendall == pytest.approx(np.mean(np.array(values) <= entry.value + 1e-9))
