"""What the best are made of: against counting by hand, and the paper's statements on the published table."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.measures.ground_truth import (
    agreement,
    occurrences,
    same_metric,
    sizes_up_to,
    use_by_mask,
    use_in_top,
)
from analysis.store.study import FULL
from supernet.spaces import get_space

NB201 = get_space("nasbench201")
BLOX = get_space("blox")


def sampled(name: str, n: int) -> tuple[list[tuple[int, ...]], list[float]]:
    architectures = get_space(name).sample(n, seed=1)
    rng = random.Random(0)
    return architectures, [round(rng.uniform(50, 60), 1) for _ in architectures]  # with ties


def test_the_example_of_the_papers_caption() -> None:
    """Three of ten use it, four times in all: usage .3; of 10 * 6 edges (the paper: of 10 * 5), share 4 / 60."""
    cells = [(4, 4, 1, 1, 1, 1), (1, 4, 1, 1, 1, 1), (1, 1, 1, 1, 1, 4), *[(1, 2, 3, 3, 3, 0)] * 7, (4,) * 6]
    counts = occurrences(NB201, cells)["operation"]
    use = use_in_top(counts, np.arange(11, 0, -1), [10, 11]).set_index(["name", "top"])
    assert use.loc[("avg_pool_3x3", 10)].tolist() == [3, 0.3, 4 / 60]
    assert use.loc[("avg_pool_3x3", 11)].tolist() == [4, 4 / 11, 10 / 66]


@pytest.mark.parametrize("name", ["nasbench201", "blox"])
def test_against_counting_by_hand(name: str) -> None:
    space = get_space(name)
    architectures, truth = sampled(name, 120)
    order = sorted(range(120), key=lambda i: (-truth[i], i))
    for kind, counts in occurrences(space, architectures).items():
        for row in use_by_mask(counts, truth, [5, 40]).itertuples():
            allowed = [
                i for i in order if row.mask == FULL or get_space(name, [row.mask]).in_mask(architectures[i])
            ]
            top = [architectures[i] for i in allowed[: row.top]]
            used = [space.choices(a)[kind] for a in top]
            occurring = [u for us in used for u in us]
            assert row.using == sum(row.name in us for us in used)
            assert row.usage == row.using / len(top)
            assert row.share == pytest.approx(occurring.count(row.name) / len(occurring))
        counted = use_by_mask(counts, truth, [5, 40])
        assert set(counted["mask"]) == {FULL, *counts.columns}
        assert counted.groupby(["mask", "top"])["share"].sum().to_numpy() == pytest.approx(1)


def test_blox_counts_live_operations_and_types() -> None:
    model = BLOX.parse("[[2],[0,0,1,0]],[[1],[2,1,1,0]],[[0],[1,0,0,1]]")  # ST1 conv, ST3, ST1 conv
    assert BLOX.choices(model) == {
        "operation": ("conv", "mbconv", "bconv", "conv"),
        "connectivity": ("ST1", "ST3", "ST1"),
    }
    counts = occurrences(BLOX, [model])
    assert counts["operation"].iloc[0].to_dict() == {"conv": 2, "mbconv": 1, "bconv": 1}
    assert counts["connectivity"].iloc[0].to_dict() == {"ST1": 2, "ST3": 1}


def test_masked_names_are_left_out() -> None:
    space = get_space("nasbench201", ["none"])
    counts = occurrences(space, space.sample(50, 0))["operation"]
    assert "none" not in counts
    assert set(use_by_mask(counts, np.arange(50))["mask"]) == {FULL, *counts.columns}


def test_sizes() -> None:
    assert sizes_up_to(5) == (5,)
    assert sizes_up_to(10) == (10,)
    assert sizes_up_to(120) == (10, 15, 20, 30, 50, 70, 100, 120)
    assert {10, 100, 500, 1000, 15625} <= set(sizes_up_to(15625))
    counts = occurrences(NB201, NB201.sample(5, 0))["operation"]
    with pytest.raises(ValueError, match="top: 6 is not between 1 and 5, the number of architectures"):
        use_in_top(counts, np.arange(5), [6])


def test_columns_of_the_same_metric() -> None:
    columns = ["a_valid", "a_test", "b_test", "b_test_seed0", "c_valid"]
    assert same_metric(columns, ["a", "b", "c"], "b_test") == ["a_test", "b_test"]
    assert same_metric(columns, ["a", "b", "c"], "c_valid") == ["a_valid", "c_valid"]
    with pytest.raises(ValueError, match="column: 'params' is not of one of the table's data sets a, b"):
        same_metric(columns, ["a", "b"], "params")


def test_agreement_is_over_what_both_have() -> None:
    frame = pd.DataFrame({"a": [1.0, 2, 3, 4, np.nan], "b": [1.0, 3, 2, np.nan, 5], "c": [1.0, 1, 1, 1, 1]})
    found = agreement(frame, ["a", "b", "c"]).set_index(["x", "y"])
    assert found.loc[("a", "b"), "n"] == 3
    assert found.loc[("a", "b"), "tau_b"] == found.loc[("b", "a"), "tau_b"] == pytest.approx(1 / 3)
    assert np.isnan(found.loc[("a", "c"), "tau_b"])


def test_the_papers_statements_hold_on_the_published_accuracies(reference_data: Path) -> None:
    frame = pd.read_csv(reference_data / "nb201" / "nasbench201.csv")
    counts = occurrences(NB201, [NB201.parse(text) for text in frame["arch"]])["operation"]
    for data in ("cifar10", "cifar100", "imagenet16"):
        use = use_by_mask(counts, frame[f"{data}_test"]).set_index(["mask", "name", "top"])
        for mask in (FULL, "none", "skip_connect", "nor_conv_1x1", "avg_pool_3x3"):
            # "Unless it is masked, every single top-500 Bench network makes use of it."
            assert use.loc[(mask, "nor_conv_3x3", 500), "usage"] == 1
            # "On average, it even makes up roughly half of the operation choices."
            assert 0.4 < use.loc[(mask, "nor_conv_3x3", 100), "share"] < 0.65
        # Without it, 1x1 convolutions and poolings make up for it.
        for name in ("nor_conv_1x1", "avg_pool_3x3"):
            with_it, without = (use.loc[(mask, name, 100), "share"] for mask in (FULL, "nor_conv_3x3"))
            assert without > 1.5 * with_it
        # "Perhaps the most surprising is the low importance of Average Pooling, even lower than Zero."
        shares = use.loc[FULL].xs(500, level="top")["share"]
        assert shares.idxmin() == "avg_pool_3x3"
        assert use.loc[(FULL, "none", 15625), "share"] == pytest.approx(0.2)
    columns = same_metric(list(frame), ["cifar10", "cifar100", "imagenet16"], "cifar10_test")
    found = agreement(frame, columns)
    assert len(found) == 6
    assert found["tau_b"].min() > 0.8
    assert found["spearman"].min() > 0.95
