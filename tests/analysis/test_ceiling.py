"""Noise ceilings: on simulated noise of known size, and with missing seeds."""

import numpy as np
import pandas as pd
import pytest

from analysis.ceiling import ceiling, partner, seed_columns, seed_to_seed_inside
from analysis.correlation import kendall_tau, pearson


def measured(n=4000, seeds=3, noise=0.5):
    rng = np.random.default_rng(0)
    true = rng.normal(size=n)
    frame = pd.DataFrame({f"acc_test_seed{k}": true + noise * rng.normal(size=n) for k in range(seeds)})
    frame["acc_test"] = frame.mean(axis=1)
    return true, frame


def test_columns_in_the_order_of_their_numbers():
    frame = pd.DataFrame(columns=["a_seed10", "a_seed2", "a_seedx", "aa_seed1", "a", "a_seed1_seed0"])
    assert seed_columns(frame, "a") == ["a_seed2", "a_seed10"]
    assert partner(pd.DataFrame(columns=["c_valid", "c_test"]), "c_test") == ("c_valid", "c_test")
    assert partner(pd.DataFrame(columns=["c_valid", "c_test"]), "c") is None
    assert partner(pd.DataFrame(columns=["c_test"]), "c_test") is None


def test_estimates_meet_the_truth_they_stand_for():
    true, frame = measured()
    found = ceiling(frame, "acc_test")
    reliability = 1 / (1 + 0.25)
    assert found["seed_to_seed"]["pearson"] == pytest.approx(reliability, abs=0.01)
    assert found["seed_to_seed"]["tau_b"] == pytest.approx(2 / np.pi * np.arcsin(reliability), abs=0.01)
    # Spearman-Brown: what a noise-free score reaches against the mean of three seeds, here known.
    assert found["true_to_mean"]["pearson"] == pytest.approx(
        pearson(true, frame["acc_test"]).value, abs=0.005
    )
    assert set(found["true_to_mean"]) == {"pearson", "n", "compared"}
    middle = found["seed_to_mean"]["tau_b"]
    assert found["seed_to_seed"]["tau_b"] < middle < kendall_tau(true, frame["acc_test"]).value


def test_pairs_by_hand_with_missing_seeds():
    _, frame = measured(50)
    frame.loc[:9, "acc_test_seed1"] = np.nan
    frame.loc[5:19, "acc_test_seed2"] = np.nan
    expected = []
    for a, b in ((0, 1), (0, 2), (1, 2)):
        both = frame[[f"acc_test_seed{a}", f"acc_test_seed{b}"]].dropna()
        expected.append(kendall_tau(both.iloc[:, 0], both.iloc[:, 1]).value)
    found = ceiling(frame, "acc_test")["seed_to_seed"]
    assert found["tau_b"] == pytest.approx(np.mean(expected))
    assert found["n"] == 30


def test_what_is_not_known_is_absent():
    assert ceiling(pd.DataFrame({"acc": [1.0, 2.0]}), "acc") is None
    _, frame = measured(30, seeds=2)
    assert set(ceiling(frame, "acc_test")) == {"seed_to_seed", "true_to_mean"}
    frame["acc_valid"] = frame["acc_test_seed0"]
    assert ceiling(frame[["acc_valid", "acc_test"]], "acc_valid").keys() == {"valid_to_test"}
    constant = pd.DataFrame({"a_seed0": [1.0, 1.0, 1.0], "a_seed1": [1.0, 2.0, 3.0]})
    assert ceiling(constant, "a")["seed_to_seed"]["tau_b"] is None


def test_inside_a_set():
    _, frame = measured(50)
    chosen = np.arange(10)
    assert seed_to_seed_inside(frame, "acc_test", chosen) == pytest.approx(
        ceiling(frame.iloc[:10], "acc_test")["seed_to_seed"]["tau_b"]
    )
    assert seed_to_seed_inside(frame, "other", chosen) is None
