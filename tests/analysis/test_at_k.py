"""The measures at K against their definitions, all orders of a few architectures, and scikit-learn's nDCG."""

from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from analysis.statistics.correlation import kendall_tau
from analysis.statistics.topn import at_k, by_score, chance_of_being_first, sparse_tau

TRUTH = np.array([91.0, 90.0, 90.0, 70.5, 10.0, 93.0])  # with a tie


def everything(truth, order, k):
    return {
        f"{name}.{key}": value
        for name, entry in at_k(truth, np.zeros(len(truth)), k, np.array(order)).items()
        for key, value in entry.items()
    }


@pytest.mark.parametrize("k", [1, 2, 4, 6])
def test_chance_is_the_mean_over_all_orders(k):
    found = [everything(TRUTH, order, k) for order in permutations(range(len(TRUTH)))]
    for name in ("precision", "precision_bottom", "best_rank", "worst_rank", "ndcg", "regret"):
        mean = np.mean([one[f"{name}.value"] for one in found])
        assert found[0][f"{name}.chance"] == pytest.approx(mean, abs=1e-12)
    for name in ("best_rank", "worst_rank", "regret"):
        mean = np.mean([one[f"{name}.normalised"] for one in found])
        assert found[0][f"{name}.chance_normalised"] == pytest.approx(mean, abs=1e-12)


def test_values_by_hand():
    scores = np.array([5.0, 1.0, 4.0, 3.0, 6.0, 2.0])  # order: 4, 0, 2, 3, 5, 1
    found = at_k(TRUTH, scores, 3, by_score(scores))
    assert found["precision"]["value"] == pytest.approx(1 / 3)  # true top 3: 5, 0, 1; predicted 4, 0, 2
    assert found["precision_bottom"]["value"] == pytest.approx(1 / 3)  # true 2, 3, 4; predicted 3, 5, 1
    assert (found["best_rank"]["value"], found["worst_rank"]["value"]) == (2, 6)
    assert found["best_rank"]["normalised"] == pytest.approx(2 / 6)
    assert found["regret"]["value"] == 93 - 91
    assert found["regret"]["normalised"] == pytest.approx(2 / (93 - 90))


def test_ndcg_is_scikit_learns():
    rng = np.random.default_rng(0)
    truth, scores = rng.normal(90, 3, 200), rng.normal(size=200)
    for k in (1, 10, 200):
        expected = ndcg_score([truth - truth.min()], [scores], k=k)
        assert at_k(truth, scores, k, by_score(scores))["ndcg"]["value"] == pytest.approx(expected, abs=1e-12)


def test_a_large_space_has_the_closed_form():
    first = chance_of_being_first(91125, 500)
    assert first.sum() == pytest.approx(1, abs=1e-9)
    assert first @ np.arange(1, 91126) == pytest.approx(91126 / 501, rel=1e-9)


def test_constant_truth_has_no_ndcg_and_no_normalised_regret():
    found = at_k(np.full(5, 3.0), np.arange(5.0), 2, np.arange(5))
    assert found["ndcg"]["value"] is None
    assert found["regret"] == {"value": 0, "chance": 0, "normalised": None, "chance_normalised": None}


@pytest.mark.parametrize("k", [0, 7])
def test_k_must_fit(k):
    with pytest.raises(ValueError, match="is not between 1 and 6"):
        at_k(TRUTH, TRUTH, k, np.arange(6))


def test_sparse_tau_does_not_see_small_differences():
    truth = np.array([93.40, 93.41, 93.49, 93.5, 94.0])
    scores = np.array([3.0, 2.0, 1.0, 4.0, 5.0])
    assert sparse_tau(truth, scores, 0.1).value == kendall_tau([0, 0, 0, 1, 2], scores).value
    assert sparse_tau(truth, scores, 0.001).value == kendall_tau(truth, scores).value


def test_multiples_of_delta_are_not_rounded_down_by_their_last_bit():
    truth = np.round(np.arange(900, 950) * 0.1, 1)  # floor(93.4 / 0.1) would be 933 for some of them
    assert sparse_tau(truth, np.arange(50.0), 0.1).value == 1


@pytest.mark.parametrize("delta", [0, -1, np.nan, np.inf])
def test_delta_is_positive(delta):
    with pytest.raises(ValueError, match=r"delta: .* is not a positive number"):
        sparse_tau(TRUTH, TRUTH, delta)
