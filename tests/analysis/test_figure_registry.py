"""The registry of figures: a new one is a function with the decorator in one file; a wrong one is refused."""

from __future__ import annotations

import inspect
import io
import json
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

import analysis.figures
from analysis.__main__ import main
from analysis.figures import registry
from analysis.figures.registry import Source, figure, figures
from analysis.figures.sources import draw
from analysis.figures.state import state
from analysis.measures.collect import Collected
from supernet.spaces import get_space

EXAMPLE = '''
from collections.abc import Iterator

from analysis.figures import style
from analysis.figures.registry import Drawn, Source, figure
from analysis.user_tables.truth_file import TruthFile


@figure("example-1", source=Source.TABLE, of="blox", title="Sorted accuracies", needs="two architectures")
def sorted_accuracies(truth: TruthFile) -> Iterator[Drawn]:
    """The accuracies from the best to the worst."""
    if len(truth.frame) > 1:
        frame = truth.frame[["arch", truth.column]].sort_values(truth.column, ascending=False)
        with style.look():
            drawn = style.new_figure(height=3)
            drawn.subplots().plot(frame[truth.column].to_numpy())
        yield Drawn(drawn, frame, missing=("a second data set",))
'''


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more file in the package of figures."""
    figures()  # the package's own are registered for good
    (tmp_path / "example_figure.py").write_text(EXAMPLE)
    monkeypatch.setattr(analysis.figures, "__path__", [*analysis.figures.__path__, str(tmp_path)])
    monkeypatch.setattr(registry, "_REGISTRY", dict(registry._REGISTRY))
    monkeypatch.delitem(sys.modules, "analysis.figures.example_figure", raising=False)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    blox = get_space("blox")
    models = [blox.text(model) for model in blox.sample(3, 0)]
    path = tmp_path / "blox.csv"
    pd.DataFrame({"arch": models, "digits_test": [70.0, 90.0, 80.0]}).to_csv(path, index=False)
    return path


@pytest.mark.usefixtures("example")
def test_a_new_figure_is_one_function_in_one_file(table: Path, tmp_path: Path, capsys) -> None:
    assert main(["figure", "--runs", str(tmp_path / "none")]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("example-1 ")]
    assert "a table of Blox" in line
    assert "  Sorted accuracies  " in line
    assert "  real (blox-digits" in line  # of the checkout's data
    out = tmp_path / "out"
    assert main(["figure", "example-1", str(table), "--out", str(out), "--format", "svg"]) == 0
    printed = capsys.readouterr()
    assert printed.out.split() == [str(out / f"example-1.{kind}") for kind in ("svg", "csv")]
    assert printed.err == "missing: a second data set\n"
    assert pd.read_csv(out / "example-1.csv")["digits_test"].tolist() == [90, 80, 70]
    one = pd.read_csv(table)[:1]
    one.to_csv(table, index=False)
    assert main(["figure", "example-1", str(table), "--out", str(out)]) == 2
    assert (
        capsys.readouterr().err
        == f"error: table: {table} has nothing for example-1; it lacks two architectures\n"
    )


def test_the_state_of_a_figure_is_what_is_there(found: Collected, tmp_path: Path) -> None:
    """A made-up study, finished, and nothing else."""
    runs = found.study.folder.parent
    known = figures()
    assert state(known["topn"], runs).startswith(f"real ({found.study.folder.name}")
    assert state(known["topn"], tmp_path) == "waits for a study"
    assert state(known["paper-4"], tmp_path) == "waits for studies run search_space_subsets"
    assert "runs/truth/nats-size.parquet" in state(known["blox-22"], tmp_path)
    copy = tmp_path / "runs"
    shutil.copytree(runs, copy)
    (copy / found.study.folder.name).rename(copy / "search_space_subsets-smoke")
    assert state(known["paper-4"], copy) == "smoke (search_space_subsets-smoke)"
    assert state(known["topn"], copy) == "smoke (search_space_subsets-smoke)"


def test_students_are_of_a_teacher_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.figures.state.EMBEDDED", tmp_path / "none")
    (tmp_path / "truth").mkdir()
    pairs = figures()["blox-7a"]
    for name, teacher in (("scratch", None), ("1-epoch", "a"), ("4-epochs", "a"), ("of-b", "b")):
        assert "--finetune-from" in state(pairs, tmp_path)
        manifest = {"space": "blox"} | ({"fine_tuned": {"teacher": teacher}} if teacher else {})
        (tmp_path / "truth" / f"{name}.json").write_text(json.dumps(manifest))
        (tmp_path / "truth" / f"{name}.parquet").touch()
    assert state(pairs, tmp_path) == "real (scratch, 1-epoch, ...)"


@pytest.mark.usefixtures("example")
def test_papers_and_numbers_are_in_the_names() -> None:
    known = figures()
    assert (known["example-1"].series, known["example-1"].number) == ("example", 1)
    assert (known["blox-connectivity"].number, known["topn"].number) == (None, None)
    of_the_study = [one.number for one in known.values() if one.series == "paper"]
    assert of_the_study == list(range(2, 15))


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("topn", {"source": Source.REPORT}, "figure: two are named 'topn'"),
        ("new", {"source": Source.TABLE, "of": "mars"}, "of: 'mars' of figure 'new'"),
        ("new", {"source": Source.RUNS}, "of: '' of figure 'new'"),
        ("new", {"source": Source.REPORT, "of": "blox"}, "of: 'blox' of figure 'new'"),
    ],
)
def test_a_wrong_entry_is_refused(name: str, arguments: dict, message: str) -> None:
    figures()
    with pytest.raises(ValueError, match=message):
        figure(name, title="A title", **arguments)


def test_every_figure_takes_what_it_is_drawn_on() -> None:
    lacking = [name for name, one in figures().items() if "ax" not in inspect.signature(one.draw).parameters]
    assert not lacking


@pytest.mark.parametrize("name", ["variants", "topn", "residuals"])
def test_a_canvas_of_the_callers_is_drawn_on_and_given_back(found: Collected, name: str) -> None:
    """The other half of the figure stays empty, and all of the figure can be laid out and saved."""
    whole = Figure(figsize=(15, 7))
    left, right = whole.subfigures(1, 2)
    assert draw(name, found, ax=left) is left
    assert left.axes or left.subfigs
    assert not right.axes
    whole.savefig(io.BytesIO(), format="png", dpi=20)


def test_a_figure_of_one_panel_is_drawn_on_an_axes(found: Collected) -> None:
    ax = Figure(figsize=(5, 4)).subplots()
    assert draw("scatter", found.only("uniform", space="blox"), ax=ax) is ax
    assert (ax.get_ylabel(), ax.get_title(loc="left").split("\n")[0]) == ("score", "uniform")
    assert len(ax.figure.axes) == 1
    for name, source, message in (
        ("scatter", found, "ax: this figure has several panels"),
        ("topn", found.only("uniform", space="blox"), "ax: this figure has several panels"),
        ("paper-3", found, "source: paper-3 is drawn from a table of NAS-Bench-201"),
        ("learning", found, "source: it has nothing for learning, which needs a finished supernet"),
    ):
        with pytest.raises(ValueError, match=message):
            draw(name, source, ax=ax)
    with pytest.raises(ValueError, match="page: 2 is not one of 1 to 1"):
        draw("topn", found, page=2)


def test_some_variants_of_a_study_keep_their_numbers(found: Collected) -> None:
    part = found.only("uniform", "strictly fair", space="blox")
    assert set(zip(part.points["space"], part.points["variant"], strict=True)) == {
        ("blox", "uniform"),
        ("blox", "strictly fair"),
    }
    known = found.variants.set_index(["space", "variant", "measure"])["tau_b"]
    own = part.variants.set_index(["space", "variant", "measure"])["tau_b"]
    assert len(own) == 4
    assert (own == known[own.index]).all()
    assert set(part.differences["leader"]) <= {"uniform", "strictly fair"}
    assert {run.variant for run in part.study.runs} == {"uniform", "strictly fair"}
    with pytest.raises(ValueError, match="variant: 'fair' is not one of strictly fair, uniform"):
        found.only("fair")
