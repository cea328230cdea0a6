"""Figures of a table of ground truth by name: what they show is what the table says, and the papers' statements."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from synthetic_study import SIZES

from analysis.__main__ import main
from analysis.figures import style
from analysis.figures.blox import is_uniform, with_fronts
from analysis.figures.registry import NamedFigure, Source, figures, get
from analysis.measures.ground_truth import occurrences, use_by_mask
from analysis.statistics.correlation import kendall_tau
from analysis.user_tables.truth_file import read_truth_file
from supernet.spaces import get_space
from supernet.spaces.blox.blocks import BLOCKS

NB201, BLOX = get_space("nasbench201"), get_space("blox")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """blox.csv: 150 models and the 45 uniform ones; nb201.csv: 300 cells, two data sets."""
    folder, rng = tmp_path_factory.mktemp("tables"), np.random.default_rng(0)
    models = [BLOX.canonical(block * 3) for block in BLOCKS]
    models += [model for model in BLOX.sample(150, 1) if model not in models]
    blox = pd.DataFrame({"arch": [BLOX.text(model) for model in models]})
    blox["cifar100_test"] = rng.uniform(50, 75, len(models)).round(1)  # with ties
    blox["cifar100_valid"] = blox["cifar100_test"] + rng.normal(0, 1, len(models))
    blox.to_csv(folder / "blox.csv", index=False)
    cells = NB201.sample(300, 0)
    nb201 = pd.DataFrame({"arch": [NB201.text(cell) for cell in cells], "a_valid": 50.0})
    convolutions = np.array([cell.count(3) for cell in cells])
    nb201["a_test"] = 60 + 5 * convolutions + rng.normal(0, 1, 300)
    nb201["b_test"] = 30 + 3 * convolutions + rng.normal(0, 1, 300)
    nb201["a_test_seed0"] = nb201["a_test_ep12"] = 1.0  # neither of them a data set's final accuracy
    nb201.to_csv(folder / "nb201.csv", index=False)
    return folder


def draw(name: str, table: Path, out: Path, *more: str) -> pd.DataFrame:
    assert main(["figure", name, str(table), "--out", str(out), "--format", "svg", *more]) == 0
    assert {path.suffix for path in out.iterdir() if path.stem == name} == {".svg", ".csv"}
    return pd.read_csv(out / f"{name}.csv")


def test_columns_are_found_by_name(tables: Path) -> None:
    found = read_truth_file(tables / "nb201.csv")
    assert (found.column, found.space.name, len(found.frame)) == ("a_test", "nasbench201", 300)
    assert found.with_other(data="*") == ["a_test", "b_test"]
    assert found.with_other(part="valid") == ["a_valid"]
    assert read_truth_file(tables / "nb201.csv", "b_test").with_other(part="valid") == []


def test_costs_are_the_tables_own_or_of_its_size(tables: Path, tmp_path: Path) -> None:
    computed = read_truth_file(tables / "blox.csv").costs
    assert (
        computed["params"].min() == BLOX.cost(BLOX.canonical((0, 2, 0, 1, 0) * 3)).params
    )  # the published size
    frame = pd.read_csv(tables / "blox.csv")
    frame.assign(params=range(len(frame))).to_parquet(tmp_path / "t.parquet")
    manifest = {"title": "a title", "size": asdict(SIZES["blox"])}
    (tmp_path / "t.json").write_text(json.dumps(manifest))
    found = read_truth_file(tmp_path / "t.parquet")
    assert found.costs["params"].tolist() == list(range(len(frame)))
    expected = [BLOX.cost(model, SIZES["blox"]).macs for model in found.architectures]
    assert found.costs["macs"].tolist() == expected
    assert "a title" in found.source


def test_figure_3_counts_operations(tables: Path, tmp_path: Path) -> None:
    drawn = draw("paper-3", tables / "nb201.csv", tmp_path)
    found = read_truth_file(tables / "nb201.csv")
    counts = occurrences(found.space, found.architectures)["operation"]
    expected = use_by_mask(counts, found.frame["a_test"])
    pd.testing.assert_frame_equal(drawn, expected, check_dtype=False, rtol=1e-6)


def test_figure_10_shows_each_data_set(tables: Path, tmp_path: Path) -> None:
    drawn = draw("paper-10", tables / "nb201.csv", tmp_path)
    assert list(drawn) == ["arch", "a_test", "b_test"]
    assert len(drawn) == 300


def test_uniform_models_are_the_45_blocks_three_times() -> None:
    encodings = [(0, 1, 0, 0, 1), (2, 0, 0, 0, 1), (1, 0, 0, 1, 0)]  # ST1 of conv, bconv and conv
    assert is_uniform(BLOX, encodings[0] * 3)
    assert is_uniform(BLOX, (*encodings[0], *encodings[2], *encodings[0]))  # one function, two encodings
    assert not is_uniform(BLOX, (*encodings[0], *encodings[1], *encodings[0]))


def test_fronts_are_of_each_kind(tables: Path, tmp_path: Path) -> None:
    drawn = draw("blox-4", tables / "blox.csv", tmp_path)
    assert drawn["uniform"].sum() == 45
    for _, group in drawn.groupby("uniform"):
        for cost in ("params", "macs"):
            front = group[group[f"pareto_{cost}"]].sort_values(cost)
            assert front["accuracy"].max() == group["accuracy"].max()
            assert group[cost].min() in set(front[cost])
            assert front.drop_duplicates(cost)["accuracy"].is_monotonic_increasing
    assert with_fronts(read_truth_file(tables / "blox.csv"))["uniform"].sum() == 45


def test_histograms_count_every_model(tables: Path, tmp_path: Path) -> None:
    drawn = draw("blox-14", tables / "blox.csv", tmp_path)
    names = ["MACs (millions)", "parameters (millions)", "cifar100_valid (%)", "cifar100_test (%)"]
    n = len(pd.read_csv(tables / "blox.csv"))
    assert drawn.groupby("quantity", sort=False)["models"].sum().to_dict() == dict.fromkeys(names, n)
    assert (drawn["low"] < drawn["high"]).all()


def test_one_model_and_equal_accuracies_have_one_bin(tables: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(tables / "blox.csv")
    frame[:1].to_csv(tmp_path / "one.csv", index=False)
    assert draw("blox-14", tmp_path / "one.csv", tmp_path)["models"].tolist() == [1, 1, 1, 1]
    frame.assign(cifar100_test=50.0).to_csv(tmp_path / "equal.csv", index=False)
    drawn = draw("blox-14", tmp_path / "equal.csv", tmp_path)
    assert drawn[drawn["quantity"] == "cifar100_test (%)"]["models"].tolist() == [len(frame)]
    draw("blox-4", tmp_path / "equal.csv", tmp_path)
    draw("blox-15", tmp_path / "equal.csv", tmp_path)


def test_relations_show_validation_where_it_is(tables: Path, tmp_path: Path) -> None:
    truth = read_truth_file(tables / "blox.csv")
    ((drawn, data, *_),) = get("blox-15").draw(truth)
    assert list(data) == ["arch", "cifar100_test", "cifar100_valid", "params", "macs"]
    tau = kendall_tau(data["cifar100_test"], data["macs"]).value
    assert any(
        f"tau-b {tau:.3f}".replace("-0", "\N{MINUS SIGN}0") in t.get_text() for t in drawn.axes[0].texts
    )
    data.drop(columns="cifar100_valid").to_csv(tmp_path / "less.csv", index=False)
    ((drawn, data, *_),) = get("blox-15").draw(read_truth_file(tmp_path / "less.csv"))
    assert "no validation accuracy" in drawn.axes[2].texts[0].get_text()
    assert "cifar100_valid" not in data


def test_the_best_and_the_worst(tables: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(tables / "blox.csv")
    order = frame.sort_values("cifar100_test", ascending=False, kind="stable")
    best, worst = (draw(name, tables / "blox.csv", tmp_path) for name in ("blox-16", "blox-17"))
    assert best["arch"].tolist() == order["arch"].iloc[:5].tolist()
    assert best["place"].tolist() == [1, 2, 3, 4, 5]
    assert worst["arch"].tolist() == order["arch"].iloc[:-6:-1].tolist()
    assert worst["place"].tolist() == list(range(len(frame), len(frame) - 5, -1))
    frame[:3].to_csv(tmp_path / "few.csv", index=False)
    assert len(draw("blox-17", tmp_path / "few.csv", tmp_path)) == 3


OF_TABLES = [one for one in figures().values() if one.source is Source.TABLE]


@pytest.mark.parametrize(
    ("figure", "size"),
    [(one, "page") for one in OF_TABLES] + [(one, "column") for one in OF_TABLES if one.sizes],
)
def test_texts_are_inside_the_figure(tables: Path, figure: NamedFigure, size: str) -> None:
    table = {"": "blox.csv", "blox": "blox.csv", "nasbench201": "nb201.csv"}[figure.of]
    with style.sized(size):
        ((drawn, *_),) = figure.draw(read_truth_file(tables / table))
    if size == "column":
        assert drawn.get_size_inches()[0] <= 3.3
        assert min(text.get_fontsize() for text in drawn.findobj(Text) if text.get_text()) >= 6
    canvas = FigureCanvasAgg(drawn)
    canvas.draw()
    # Matplotlib also keeps labels of ticks beyond the axes, which it does not draw.
    ticks = {t for axes in drawn.axes for t in (*axes.get_xticklabels(), *axes.get_yticklabels())}
    titles, placed = {axes.get_title(loc="left") for axes in drawn.axes} - {""}, []
    for text in drawn.findobj(Text):
        if text not in ticks and text.get_visible() and text.get_text().strip():
            box = text.get_window_extent(canvas.get_renderer())
            assert min(box.x0, box.y0) >= -1, text
            assert box.x1 <= drawn.bbox.x1 + 1, text
            assert box.y1 <= drawn.bbox.y1 + 1, text
            placed += [box] if text.get_text() in titles else []
    assert not any(a.overlaps(b) for a, b in itertools.combinations(placed, 2))
    if figure.name == "paper-3":
        assert sum("without" in title for title in titles) == len(NB201.operations)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["blox-4"], "table: none is named; blox-4 is drawn from a table of Blox"),
        (["blox-4", "nb201.csv"], "nb201.csv is of NAS-Bench-201, and blox-4 is drawn from a table of Blox"),
        (["blox-4", "none.csv"], "none.csv: No such file or directory"),
        (["blox-4", "blox.csv", "--column", "top1"], "no column 'top1'; numeric columns: cifar100_test"),
        (["paper-10", "nb201.csv", "--column", "a_valid"], "has a_valid of one data set alone"),
        (["paper-3", "words.csv"], "words.csv: no known search space reads all of its architectures, the"),
        (["paper-3", "plain.csv"], "has none named as a test accuracy; choose one of top1"),
        (["paper-3", "empty.csv"], "column: 'a_test' of"),
        (["blox-4", "blox.csv", "--format", "gif"], "format: 'gif' is not one of png, pdf, svg"),
        (["blox-4", "blox.csv", "--size", "poster"], "--size: 'poster' is not one of page, column, slide"),
        (["blox-16", "blox.csv", "--size", "column"], "--size: 'column' is not possible for blox-16"),
    ],
)
def test_mistakes_are_one_message(
    tables: Path, capsys, monkeypatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tables)
    cell = NB201.text((0, 1, 2, 3, 4, 0))
    pd.DataFrame({"arch": ["x"], "a_test": [1.0]}).to_csv("words.csv", index=False)
    pd.DataFrame({"arch": [cell], "top1": [1.0]}).to_csv("plain.csv", index=False)
    pd.DataFrame({"arch": [cell], "a_test": [np.nan]}).to_csv("empty.csv", index=False)
    assert main(["figure", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
