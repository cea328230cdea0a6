"""How much the choices matter: each option against the tau that it stands for, and what may be an option."""

import math
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from analysis.measures.sensitivity import (
    COLUMNS,
    Forms,
    isomorphic_mean,
    orders,
    other_columns,
    sensitivity,
    tie_handling,
)
from analysis.report.sections.choices import sensitivity_section
from analysis.report.sections.top import chance_section
from analysis.statistics.correlation import kendall_tau
from analysis.store.tables import read_frame
from supernet.spaces import get_space


def test_sparse_truth_takes_near_values_for_equal():
    truth, score = [85.3, 85.34, 85.39, 85.4, 90.0], [3.0, 2, 1, 4, 5]
    found = tie_handling(truth, score)
    assert found["tau_b"] == found["tau_kendall_a"] == pytest.approx(0.4)
    # 85.3 / 0.1 is 852.999...: three values in one bin, so that 7 pairs are left and all agree.
    assert found["tau_b_sparse"] == pytest.approx(7 / math.sqrt(7 * 10))
    tied = tie_handling([1, 2, 3, 4], [1, 1, 2, 3], step=0.5)
    assert tied["tau_kendall_a"] == pytest.approx(5 / 6)
    assert tied["tau_b"] == pytest.approx(5 / math.sqrt(30))
    with pytest.raises(ValueError, match="step: 0 is not a positive number"):
        tie_handling(truth, score, 0)


def test_what_may_be_the_truth():
    names = [
        "arch", "index", "params_cifar10", "cifar10_train", "cifar10_valid", "cifar10_valid_loss", "cifar10_test",
        "cifar10_test_seed0", "cifar10_test_seed2", "cifar10_valid_seed0", "cifar10_test_top5", "cifar10_test_ep12",
        "cifar100_test", "cifar100_train_seed0", "cifar10_valid_best",
    ]  # fmt: skip
    assert other_columns(names, "cifar10_test") == {
        "cifar10_valid": "column",
        "cifar10_test_seed0": "seed",
        "cifar10_test_seed2": "seed",
        "cifar100_test": "column",
        "cifar10_valid_best": "column",
    }
    assert other_columns(names, "accuracy") == {}


def test_options_of_a_study(found):
    rows = sensitivity(found)
    assert list(rows) == COLUMNS
    fair = rows[(rows["variant"] == "strictly fair") & (rows["space"] == "nasbench201")].set_index("option")
    assert fair.index.tolist() == [
        "digits_valid", "digits_test_seed0", "digits_test_seed1", "digits_test_seed2", "tau_kendall_a",
        "tau_b_sparse", "running",
    ]  # fmt: skip
    points = found.points
    points = points[(points["variant"] == "strictly fair") & (points["space"] == "nasbench201")]
    truth = read_frame(found.study.truths["nasbench201"].path).set_index("arch").loc[points["arch"]]
    usual = kendall_tau(truth["digits_test"], points["score"]).value
    for name in ("digits_valid", "digits_test_seed1"):
        tau = kendall_tau(truth[name], points["score"]).value
        assert fair.loc[name, "tau"] == tau
        assert fair.loc[name, "change"] == pytest.approx(tau - usual)
    modes = found.variants.set_index(["space", "variant", "measure"])["seedmean_tau_b"]
    assert fair.loc["running", "tau"] == modes["nasbench201", "strictly fair", "running"]
    assert fair.loc["running", "tau"] - fair.loc["running", "change"] == pytest.approx(usual)


def test_a_column_with_gaps_is_compared_on_the_same_architectures(found, tmp_path):
    truth = read_frame(found.study.truths["nasbench201"].path)
    truth["digits_valid"] = truth["digits_test"].where(np.arange(len(truth)) % 3 > 0)
    truth.to_parquet(tmp_path / "truth.parquet")
    moved = replace(found.study.truths["nasbench201"], path=tmp_path / "truth.parquet")
    study = replace(found.study, truths={**found.study.truths, "nasbench201": moved})
    changed = SimpleNamespace(
        study=study, primary=found.primary, points=found.points, variants=found.variants
    )
    rows = sensitivity(changed)
    rows = rows[(rows["space"] == "nasbench201") & (rows["option"] == "digits_valid")]
    assert (rows["change"] == 0).all()  # the same truth where it is known
    assert (rows["n"] < 120).all()


def test_isomorphic_architectures_share_their_mean():
    space = get_space("nasbench201")
    twins = [
        f"|nor_conv_3x3~0|+|{dead}~0|none~1|+|none~0|skip_connect~1|none~2|"
        for dead in ("none", "avg_pool_3x3")
    ]
    alone = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|none~2|"
    assert space.canonical(space.parse(twins[0])) == space.canonical(space.parse(twins[1]))
    points = pd.DataFrame({"arch": [twins[0], alone, twins[1]], "score": [10.0, 1 / 3, 20.0]})
    assert list(isomorphic_mean(points, Forms(space))) == [15.0, 1 / 3, 15.0]


def test_order_of_variants():
    rows = pd.DataFrame(
        {
            "space": "s",
            "variant": ["a", "b", "c"],
            "choice": "column",
            "option": "valid",
            "tau": [0.5, 0.6, 0.4],
            "change": [0.0, 0.2, 0.1],  # by the usual column a, b, c
        }
    )
    (row,) = orders(rows).to_dict("records")
    assert (row["best"], row["best_usual"], row["swapped"], row["pairs"]) == ("b", "a", 1, 3)
    assert not len(orders(rows.assign(tau=None)))


def test_section_says_what_the_frame_says(found):
    text = "".join(sensitivity_section(found))
    row = sensitivity(found).iloc[0]
    shown = f"<div>{row['tau']:.3f}</div><div>({row['change']:+.3f})</div>".replace("-", "\N{MINUS SIGN}")
    assert shown in text
    assert "warm-up &lt;b&gt;" in text
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)
    none = SimpleNamespace(
        study=found.study, primary=found.primary, points=found.points[:0], variants=found.variants
    )
    assert sensitivity_section(none) == []


def test_section_on_chance(found):
    text = "".join(chance_section(found))
    top = found.top[(found.top["variant"] == "strictly fair") & (found.top["space"] == "blox")]
    inside = top[top["primary"].astype(bool) & (top["top"] == 50)]
    numbers = [inside[name].mean() for name in ("tau_b", "expected_points", "expected_places")]
    assert "<div>{:.3f}</div><div>({:.2f} to {:.2f})</div>".format(*numbers) in text
    assert "4 sets" in text  # of 160 architectures
    assert "n = 158" in text  # two have no score
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)
    assert chance_section(SimpleNamespace(top=found.top[:0])) == []
