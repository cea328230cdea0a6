"""Distances to a front and amortised costs of a study, by hand; the command in its five formats."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from estimators_study import write_estimators_study
from scipy.stats import spearmanr
from test_table_formats import check

from analysis.__main__ import main
from analysis.measures.amortised import amortised, total
from analysis.measures.front import COLUMNS, FRONT, against_front, with_intervals
from analysis.measures.yardstick import Yardstick, yardstick
from analysis.report.tables.yardstick import frames, printed
from analysis.store.study import load_study


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_estimators_study(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def found(folder: Path) -> Yardstick:
    return yardstick(load_study(folder), percents=[50, 100])


def row(frame: pd.DataFrame, **values: object) -> dict:
    for name, value in values.items():
        frame = frame[frame[name] == value]
    (one,) = frame.to_dict("records")
    return one


def test_distance_to_the_front_of_short_training(found: Yardstick) -> None:
    frame = against_front(found.bins, "short-training:train_accuracy")
    assert list(frame) == FRONT
    assert "short-training" not in set(frame["kind"])
    own = row(frame, variant="FEAR", metric="spearman", percent=50)
    cheap, dear = (
        row(found.bins, variant=f"{name}: train_accuracy", percent=50) for name in ("1 epoch", "4 epochs")
    )
    assert cheap["spearman"] < dear["spearman"]  # both on the front: 1 and 4 seconds
    assert (own["below_variant"], own["above_variant"]) == (cheap["variant"], dear["variant"])
    assert own["nearest_variant"] == cheap["variant"]
    share = (own["cost"] - 1) / 3
    there = cheap["spearman"] + share * (dear["spearman"] - cheap["spearman"])
    assert own["value_there"] == pytest.approx(there)
    assert own["difference"] == pytest.approx(own["value"] - there)
    uniform = row(frame, variant="uniform", metric="spearman", percent=50)
    assert pd.isna(uniform["below_variant"])  # cheaper than all of it
    assert np.isnan(uniform["difference"])
    assert uniform["nearest_variant"] == cheap["variant"]


def test_another_cost_and_mistakes(found: Yardstick) -> None:
    frame = against_front(found.bins, "fear", "macs")
    assert set(frame["kind"]) == {"short-training", "zero-cost", "cost"}  # of the supernet no MACs are known
    for front, cost, message in (
        ("fare", "seconds", "front: 'fare' is not one of cost, cost:live_convolutions, cost:log_rank_sum,"),
        ("fear:sotl", "seconds", "front: 'fear:sotl' is not one of"),
        ("fear", "joules", "cost: 'joules' is not one of seconds, steps, macs"),
    ):
        with pytest.raises(ValueError, match=message):
            against_front(found.bins, front, cost)


def test_large_costs_are_printed_in_millions(found: Yardstick) -> None:
    """The frames keep single multiply-accumulates."""
    own = frames(found, "fear", "macs")
    (table, _) = (one for one in printed(own, "fear", "macs") if one.name == "front")
    assert "cost in 10^6 MACs" in table.title
    titles = {column.key: column.heading for column in table.columns}
    row = {titles[key]: value for key, value in table.rows[0].items()}
    exact = own["front"][own["front"]["metric"] == "spearman"]
    exact = exact[(exact["variant"] == row["ranking"]) & (exact["percent"] == int(row["top %"]))].iloc[0]
    shown, error = row["its 10^6 MACs"].split(" ± ")
    assert float(shown) == pytest.approx(exact["nearest_cost"] / 1e6, rel=0.01)
    assert float(error) == pytest.approx(exact["nearest_cost_se"] / 1e6, rel=0.1)


def test_amortised_by_hand(found: Yardstick) -> None:
    frame = amortised(found)
    assert sorted(set(frame["architectures"])) == [100, 1000, 15625]
    assert set(frame.loc[frame["all"], "architectures"]) == {15625}
    uniform = row(frame, variant="uniform", architectures=1000)
    assert uniform["seconds"] == pytest.approx(110 + 1000 * 0.01)
    assert uniform["steps"] == 440
    short = row(frame, variant="4 epochs: train_accuracy", all=True)
    assert (short["seconds"], short["steps"]) == (4 * 15625, 40 * 15625)
    fear = row(frame, variant="FEAR", architectures=100)
    (own,) = [one for one in found.side_by_side[0].rankings if one.variant == "FEAR"]
    assert own.scored.sum() < len(own.costs["seconds"])  # those that came to no score have cost time too
    each = np.mean([1 + place / 50 + 0.5 for place in range(1, len(own.costs["seconds"]) + 1)])
    assert fear["seconds"] == pytest.approx(8 + 100 * each)
    assert fear["steps"] == 200
    assert total(None, 1.0, 10) is total(1.0, float("nan"), 10) is None


def test_the_difference_to_the_nearest_point_has_a_paired_interval(found: Yardstick) -> None:
    rows = with_intervals(found, against_front(found.bins, "short-training:train_accuracy"))
    assert list(rows) == [*FRONT, *COLUMNS]
    known = rows[rows["metric"] == "spearman"]
    assert (known["nearest_difference"] - (known["value"] - known["nearest_value"])).abs().max() < 1e-12
    assert rows.loc[rows["metric"] == "common", COLUMNS].isna().all(axis=None)
    # against a bootstrap of the pair: architectures drawn together
    group = found.side_by_side[0]
    fear, near = (
        next(r for r in group.rankings if r.variant == name) for name in ("FEAR", "1 epoch: train_accuracy")
    )
    own = row(rows, variant="FEAR", metric="spearman", percent=100)
    assert own["nearest_variant"] == near.variant
    keep = np.logical_and.reduce([r.scored for r in group.rankings if r.scored.mean() > 0.5])
    columns = np.array([group.truth[keep], fear.scores[0][keep], near.scores[0][keep]])
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(1000):
        truth, a, b = columns[:, rng.integers(columns.shape[1], size=columns.shape[1])]
        drawn.append(spearmanr(truth, a).statistic - spearmanr(truth, b).statistic)
    width = own["nearest_high"] - own["nearest_low"]
    assert width == pytest.approx(2 * 1.96 * np.std(drawn), rel=0.2)
    everyone = yardstick(found.study, "drop", [100])
    rows = with_intervals(everyone, against_front(everyone.bins))
    assert rows[COLUMNS].isna().all(axis=None)  # not the same architectures: not paired


def run(folder: Path, *more: str) -> int:
    return main(["yardstick", folder.name, "--runs", str(folder.parent), *more])


def test_the_fear_papers_tables_by_name(
    found: Yardstick, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--runs", str(folder.parent)]
    words = ["yardstick", folder.name, *where, "--bins", "50", "--format", "markdown", "--table"]
    for name in ("fear-1", "fear-3"):
        assert main([*words, name]) == 0
        lines = [
            line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| FEAR")
        ]
        assert [line[1] for line in lines] == ["50", "100"]
        for line in lines:
            percent = int(line[1])
            own = row(found.bins, variant="FEAR", percent=percent)
            short = found.bins[(found.bins["kind"] == "short-training") & (found.bins["percent"] == percent)]
            for cells, metric in ((line[2:6], "spearman"), (line[6:], "common")):
                assert cells[0].startswith(f"{own[metric]:.2f} ({own['seconds']:.3g}")
                # by brute force: the points that no cheaper one equals, the nearest of them in seconds
                front = [
                    p
                    for p in short.to_dict("records")
                    if all(
                        q[metric] < p[metric] or (q[metric] == p[metric] and q["seconds"] >= p["seconds"])
                        for q in short.to_dict("records")
                        if q["seconds"] <= p["seconds"] and q is not p
                    )
                ]
                nearest = min(front, key=lambda p: abs(p["seconds"] - own["seconds"]))
                assert cells[1].startswith(f"{nearest[metric]:.2f} ({nearest['seconds']:.3g}")
    assert main([*words, "fear-2"]) == 0
    table = capsys.readouterr().out
    for variant in ("FEAR", *found.bins.loc[found.bins["kind"] == "zero-cost", "variant"].unique()):
        whole = row(found.bins, variant=variant, percent=100)
        assert f"| {variant} | {whole['spearman']:.3f} |" in table
    assert "uniform" not in table


def test_a_study_without_fear_has_no_table_of_it(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["yardstick", study.name, "--runs", str(study.parent), "--table", "fear-1"]
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(
        f"error: study: {study.name} has nothing for fear-1, which needs"
    )


def test_text_says_who_is_missing_and_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--bins", "20,100", "--wide") == 0
    out = capsys.readouterr().out
    assert "Invented numbers for a test" in out
    assert "disconnected 5, not_reached 3" in out
    assert "seed 0: not run yet" in out
    assert "against the Pareto front of short-training, cost in s" in out
    assert "15,625" in out
    assert run(folder, "--table", "bins", "--format", "markdown") == 0
    assert "| ranking | kind | n | 10 % | 20 % |" in capsys.readouterr().out


def test_text_of_several_spaces_and_masks_names_them(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(study, "--table", "amortised", "--wide") == 0
    lines = capsys.readouterr().out.splitlines()
    (line,) = [line for line in lines if line.startswith("without none [nasbench201, without none]")]
    assert line.endswith("4,096")
    (line,) = [line for line in lines if line.startswith("uniform [blox]")]
    assert line.endswith("91,125")


def test_csv_and_json_have_every_number(
    folder: Path, found: Yardstick, capsys: pytest.CaptureFixture[str]
) -> None:
    for table, frame in (
        ("bins", found.bins),
        ("front", with_intervals(found, against_front(found.bins))),
        ("amortised", amortised(found)),
        ("rankings", found.rankings),
    ):
        assert run(folder, "--bins", "50", "--format", "csv", "--table", table) == 0
        lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
        assert len(lines) == len(frame) > 0
        assert list(lines[0]) == list(frame)
    assert run(folder, "--bins", "50", "--format", "json") == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["missing"], content["front"]) == ("common", "short-training")
    assert [r["spearman"] for r in content["bins_rows"]] == found.bins["spearman"].tolist()


def test_latex_is_well_formed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--format", "latex") == 0
    tables = capsys.readouterr().out.strip().split("\n\n")
    assert len(tables) == 6
    for table in tables:
        check(table)
    assert "one-shot" in tables[0]


def test_mistakes(folder: Path, study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for more, message in (
        (["--front", "sort"], "error: front: 'sort' is not one of cost, cost:live_convolutions,"),
        (["--bins", "5,x"], "error: bins: '5,x' is not a list of integers from 1 to 100"),
        (["--bins", "0"], "error: bins: 0 is not an integer from 1 to 100"),
    ):
        assert run(folder, *more) == 2
        assert capsys.readouterr().err.startswith(message)
    assert run(study, "--table", "front") == 2  # supernets alone
    assert "has no ranking of the kind short-training" in capsys.readouterr().err
