"""Fronts of accuracy and cost: hypervolume against a count of cells, fronts of rankings, the command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.__main__ import main
from analysis.measures.fronts import TRUE, fronts
from analysis.statistics.pareto import hypervolume
from analysis.user_tables.truth_file import read_truth_file
from supernet.spaces import get_space

SPACE = get_space("macro")
POINTS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=12)


@given(POINTS)
def test_hypervolume_counts_the_dominated_cells(points: list[tuple[int, int]]) -> None:
    cells = sum(
        any(cost <= x and accuracy > y for cost, accuracy in points) for x in range(6) for y in range(2, 8)
    )
    cost, accuracy = ([point[i] for point in points] for i in (0, 1))
    accuracy = [min(one, 8) for one in accuracy]
    assert hypervolume(cost, accuracy, (6, 2)) == cells


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng, sample = np.random.default_rng(0), SPACE.sample(80, 0)
    frame = pd.DataFrame(
        {"arch": [SPACE.text(one) for one in sample], "digits_test": rng.uniform(50, 90, 80)}
    )
    frame["digits_valid"] = frame["digits_test"] + rng.normal(0, 0.1, 80)
    frame["latency_phone_ms"] = rng.uniform(1, 9, 80)
    frame["constant"], frame["unknown"] = 1.0, np.nan
    frame.to_csv(tmp_path / "macro.csv", index=False)
    return tmp_path / "macro.csv"


def test_the_truth_is_all_and_a_constant_is_one_of_the_cheapest(table: Path) -> None:
    truth = read_truth_file(table)
    cost = {"params": truth.costs["params"].to_numpy()}
    column = {name: truth.frame[name].to_numpy(dtype=float)[None] for name in ("digits_valid", "constant")}
    both = column | {"both": np.concatenate([column["digits_valid"], -column["digits_valid"]])}
    found = fronts(truth, cost, both, draws=300)
    rows = found.rows.set_index("ranking")
    assert rows["share"][TRUE] == pytest.approx(100)
    assert rows["trained"]["constant"] == 1
    (cheapest,) = found.points[found.points["ranking"] == "constant"]["at"]
    assert cheapest == cost["params"].min()
    assert rows["p"]["digits_valid"] < 0.05 < rows["p"]["constant"]
    assert rows["random_low"]["digits_valid"] < rows["random"]["digits_valid"] < rows["share"]["digits_valid"]
    lowest = fronts(truth, cost, {"inverse": -column["digits_valid"]}, draws=10).rows.set_index("ranking")
    assert rows["share"]["both"] == pytest.approx(
        (rows["share"]["digits_valid"] + lowest["share"]["inverse"]) / 2
    )


def test_what_dominates_nothing_has_no_share_and_no_p(table: Path) -> None:
    truth = read_truth_file(table)
    same = {"params": np.ones(80)}
    (row,) = (
        fronts(truth, same, {"params": -same["params"][None]}, draws=10)
        .rows.query("ranking == 'params'")
        .to_dict("records")
    )
    assert np.isnan([row[name] for name in ("share", "random", "p")]).all()


def test_the_command_and_its_figure(table: Path, tmp_path: Path, capsys) -> None:
    words = ["front", str(table), "--latency", "latency_phone_ms", "--by", "digits_valid", "--by=-params"]
    assert main([*words, "--draws", "20", "--figures", str(tmp_path / "drawn"), "--format", "csv"]) == 0
    rows = pd.read_csv(pd.io.common.StringIO(capsys.readouterr().out))
    assert rows["cost"].unique().tolist() == ["params", "macs", "latency_phone_ms"]
    points = pd.read_csv(tmp_path / "drawn" / "fronts.csv")
    assert len(points[(points["cost"] == "latency_phone_ms") & (points["ranking"] == "digits_valid")]) > 1
    assert (
        main(["figure", "fronts", str(table), "--out", str(tmp_path), "--format", "svg", "--size", "column"])
        == 0
    )
    assert set(pd.read_csv(tmp_path / "fronts-column.csv")["cost"]) == {"params", "macs", "latency_phone_ms"}
    capsys.readouterr()
    for more, message in (
        (["--by", "nothing"], "--by: the ranking 'nothing' is not one of params, macs, latency"),
        (["--cost", "flops"], "--cost: 'flops' is not one of params, macs, latency"),
        (["--draws", "0"], "--draws: 0 is not a positive integer"),
        (["--floor", "99"], "--floor: 99 is not a number below the highest truth"),
        (["--floor=-inf"], "--floor: -inf is not a number below"),
        (["--seed", "-1"], "--seed: -1 is not a number from 0 up"),
        (["--by", "unknown"], f"--by: unknown of {table} has no score of any architecture"),
    ):
        assert main([*words, *more]) == 2
        assert message in capsys.readouterr().err
