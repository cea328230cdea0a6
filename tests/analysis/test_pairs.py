"""Counts of pairs against a look at every pair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.statistics.pairs import EACH_WITH_EACH, Pair, below_in_both, pair_balance, places, tied_pairs


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=1, max_size=60))
def test_counts_by_pairs(pairs):
    x, y = (np.array(values, dtype=float) for values in zip(*pairs, strict=True))
    below = ((x[None] < x[:, None]) & (y[None] < y[:, None])).sum(axis=1)
    assert below_in_both(places(x).dense, places(y).dense).tolist() == below.tolist()
    balance = (np.sign(x[:, None] - x) * np.sign(y[:, None] - y)).sum(axis=1)
    assert pair_balance(places(x), places(y)).tolist() == balance.tolist()
    assert tied_pairs(places(x)) == (np.triu(x[:, None] == x, 1)).sum()
    assert 2 * Pair(x, y).excess == balance.sum()


@pytest.mark.parametrize("levels", [2, 50, 10**9])
@pytest.mark.parametrize("n", [127, 128, 129, 1000])
def test_counts_at_every_depth(n, levels):
    """Ranks of up to ten bits, with few, some and no ties."""
    x, y = np.random.default_rng(n).integers(0, levels, size=(2, n))
    balance = (np.sign(x[:, None] - x) * np.sign(y[:, None] - y)).sum(axis=1)
    assert pair_balance(places(x), places(y)).tolist() == balance.tolist()


@pytest.mark.parametrize("n", [EACH_WITH_EACH, EACH_WITH_EACH + 1])
@pytest.mark.parametrize("levels", [1, 3, 10**9])
def test_excess_is_the_same_either_way(n, levels):
    pair = Pair(*np.random.default_rng(levels).integers(0, levels, size=(2, n)).astype(float))
    assert 2 * pair.excess == pair_balance(*pair.places).sum()


@given(st.lists(st.floats(-1e9, 1e9) | st.sampled_from([-0.0, 0.0, 1e-300]), min_size=1, max_size=50))
def test_places(values):
    values = np.array(values)
    found = places(values)
    assert found.less.tolist() == (values[None] < values[:, None]).sum(axis=1).tolist()
    assert found.equal.tolist() == (values[None] == values[:, None]).sum(axis=1).tolist()
    assert found.mean_ranks.tolist() == stats.rankdata(values).tolist()
    assert sorted(set(found.dense.tolist())) == list(range(len(set(values.tolist()))))
