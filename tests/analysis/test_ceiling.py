"""Noise ceilings: on simulated noise of known size, and with missing seeds."""

import numpy as np
import pandas as pd
import pytest

from analysis.measures.ceiling import ceiling, inside_top, partner, seed_columns
from analysis.statistics.correlation import kendall_tau, pearson


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


def test_inside_the_top_by_hand():
    _, frame = measured(40)
    frame["acc_valid"] = frame["acc_test_seed1"] + 0.1 * frame["acc_test_seed2"]
    seeds = [frame[f"acc_test_seed{k}"].to_numpy() for k in range(3)]

    def tau(chooser, a, b):
        top = np.argsort(-chooser)[:10]
        return kendall_tau(a[top], b[top]).value

    found = inside_top(frame, "acc_test", [10, 40, 41])
    own = [tau(seeds[i], seeds[i], seeds[j]) for i in range(3) for j in range(3) if i != j]
    assert found["seed_to_seed"][10] == pytest.approx(np.mean(own))
    mean = [(seeds[i], (sum(seeds) - seeds[i]) / 2) for i in range(3)]
    assert found["seed_to_mean"][10] == pytest.approx(np.mean([tau(m, m, one) for one, m in mean]))
    third = [tau(seeds[i], seeds[(i + 1) % 3], seeds[(i + 2) % 3]) for i in range(3)]
    assert found["third_seed"][10] == pytest.approx(np.mean(third))
    test = frame["acc_test"].to_numpy()
    assert found["valid_to_test"][10] == pytest.approx(tau(test, test, frame["acc_valid"].to_numpy()))
    whole = ceiling(frame, "acc_test")
    for name in ("seed_to_seed", "seed_to_mean", "valid_to_test"):
        assert found[name][40] == pytest.approx(whole[name]["tau_b"])  # the whole is its own top
        assert found[name][41] is None
    linear = inside_top(frame, "acc_test", [40], "pearson")["seed_to_seed"][40]
    assert linear == pytest.approx(whole["seed_to_seed"]["pearson"])
    assert inside_top(frame, "other", [10]) == {}
    assert set(inside_top(frame[["acc_test_seed0", "acc_test_seed1"]], "acc_test", [10])) == {"seed_to_seed"}


def test_inside_the_top_nobody_gains_by_the_choice():
    """Noise alone: no seed says anything of another, inside the top as everywhere. Were the top chosen by the mean of
    all seeds, two seeds would anticorrelate in it."""
    rng = np.random.default_rng(0)
    taus = {name: [] for name in ("seed_to_seed", "seed_to_mean", "third_seed", "chosen by all")}
    for _ in range(60):
        frame = pd.DataFrame(rng.normal(size=(400, 3)), columns=[f"a_seed{k}" for k in range(3)])
        for name, by_size in inside_top(frame, "a", [20]).items():
            taus[name].append(by_size[20])
        top = np.argsort(-frame.mean(axis=1).to_numpy())[:20]
        taus["chosen by all"].append(ceiling(frame.iloc[top], "a")["seed_to_seed"]["tau_b"])
    for name in ("seed_to_seed", "seed_to_mean", "third_seed"):
        assert abs(np.mean(taus[name])) < 0.05
    assert np.mean(taus["chosen by all"]) < -0.2


def test_a_missing_seed_chooses_and_counts_for_nobody():
    _, frame = measured(30)
    frame.loc[:4, "acc_test_seed1"] = np.nan
    found = inside_top(frame, "acc_test", [25, 26])
    assert found["third_seed"][25] is not None
    assert found["third_seed"][26] is None
    kept = inside_top(frame[5:].reset_index(drop=True), "acc_test", [10])
    assert inside_top(frame, "acc_test", [10])["third_seed"] == kept["third_seed"]
