"""The paper's figures from a made-up study: their numbers are the report's, what is missing is said."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic_study import SIZES, scores_of, write_run, write_truth

from analysis.__main__ import main
from analysis.figures.ranking_study.drawing import draw
from analysis.figures.ranking_study.gather import CORRELATIONS, METRICS, RANDOM, gather
from analysis.figures.ranking_study.layouts import CONV1, LAYOUTS, POOL, SPACE, ZERO, Line, Mask, masked
from analysis.measures.collect import collect
from analysis.store.study import load_study
from studies.catalog import get
from supernet.spaces import get_space

pytestmark = pytest.mark.xdist_group("paper figures")  # the study is made once

TOP = [10, 25, 50]
SMOKE = "SMOKE SIZE: invented"


def write_catalogued(
    runs: Path, variants: Iterable[tuple[str, Mask]], *, seeds: int = 2, note: str = SMOKE, n: int = 400
) -> Path:
    """A study folder with these ways to train and masks, named as the catalogue names them."""
    folder = runs / "made-up"
    folder.mkdir(parents=True)
    truth = write_truth(folder / "truth.parquet", SPACE, n)
    entries = []
    for i, (trained, mask) in enumerate(variants):
        space = get_space(SPACE, mask)
        inside = truth[[space.in_mask(space.parse(text)) for text in truth["arch"]]].reset_index(drop=True)
        for seed in range(seeds):
            run_id = f"{i:06x}{seed:06x}"
            write_run(runs / "trainings" / run_id, scores_of(inside, 1 + i / 4, 100 * i + seed))
            entries.append(
                {
                    "variant": f"{trained}, {masked(mask)}", "space": SPACE, "mask": list(mask), "seed": seed,
                    "run_id": run_id, "folder": f"../trainings/{run_id}", "measure": "batch",
                    "size": asdict(SIZES[SPACE]),
                }
            )  # fmt: skip
    content = {
        "study": "made-up", "title": "Made up", "question": "?", "note": note, "top": TOP,
        "scored": {"top": 50, "random": 60}, "runs": entries,
        "truth": {SPACE: {"file": "truth.parquet", "column": "digits_test", "title": "invented accuracy (%)"}},
    }  # fmt: skip
    (folder / "study.json").write_text(json.dumps(content))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Figures 2 and 11 in part: 'wide' was trained on the full space alone."""
    variants: list[tuple[str, Mask]] = [("small", ()), ("small", (ZERO,)), ("small", (ZERO, POOL))]
    variants += [("wide", ())]
    return write_catalogued(tmp_path_factory.mktemp("paper"), variants)


@pytest.mark.parametrize("figure", LAYOUTS.values(), ids=list(LAYOUTS))
def test_the_catalogue_trains_all_of_every_figure(figure) -> None:
    study = get(figure.study)
    trained = {(v.name.removesuffix(f", {masked(v.mask)}"), v.mask) for v in study.variants}
    assert {line.key for line in figure.lines} <= trained


def test_grids_have_the_papers_panels() -> None:
    four, seven = LAYOUTS["paper-4"], LAYOUTS["paper-7"]
    assert [[cell.title for cell in row] for row in four.rows] == [
        [f"{size}: without", f"{size}: without {ZERO} and", f"{size}: without {POOL} and"]
        for size in ("small", "medium")
    ]
    assert four.metrics == ("mean_score", "tau_b")
    pairs = {line.mask for figure in (four, seven) for line in figure.lines if len(line.mask) == 2}
    assert len(pairs) == 10  # figure 7 completes all pairs of five operations
    assert [[len(cell.lines) for cell in row] for row in LAYOUTS["paper-9"].rows] == [[6] * 3] * 2
    assert [row[1].lines[0].mask for row in LAYOUTS["paper-9"].rows] == [(CONV1,)] * 2


def test_numbers_are_those_of_the_report(folder: Path) -> None:
    study, found = load_study(folder), collect(folder)
    series = gather(study, LAYOUTS["paper-11"].lines).series
    top = found.top.groupby(["variant", "top"])[["tau_b", "mean_score"]].agg(["mean", "std"])
    assert set(series["set"]) == {"10", "25", "50", RANDOM}
    for row in series.to_dict("records"):
        mask = tuple(row["mask"].split(", ")) if row["mask"] != "full space" else ()
        name = Line(label="", colour="", trained=row["trained"], mask=mask).name
        report = found.variants[found.variants["variant"] == name].iloc[0]
        assert row["topn_mean_tau"] == report["seedmean_topn_mean_tau"]
        assert row["seeds"] == 2
        for metric in METRICS:
            if row["set"] == RANDOM:
                expected = report[metric], report[f"{metric}_std"]
            elif metric in ("tau_b", "mean_score"):
                expected = tuple(top.loc[(name, int(row["set"]))][metric])
            else:
                continue
            np.testing.assert_allclose((row[metric], row[f"{metric}_std"]), expected, rtol=1e-12)
        assert row["n"] == (int(row["set"]) if row["set"] != RANDOM else report["n"])


def test_ceilings_are_those_of_the_report(folder: Path) -> None:
    study, found = load_study(folder), collect(folder)
    series = gather(study, LAYOUTS["paper-11"].lines).series
    whole = found.references[found.references["reference"] == "seed_to_seed"].set_index("mask")
    inside = found.top_references[found.top_references["reference"] == "seed_to_seed"]
    inside = inside.set_index(["mask", "top"])["tau_b"]
    for row in series.to_dict("records"):
        if row["set"] == RANDOM:
            for metric in CORRELATIONS:
                assert row[f"ceiling_{metric}"] == pytest.approx(whole.loc[row["mask"], metric], rel=1e-12)
        else:
            assert row["ceiling_tau_b"] == pytest.approx(inside[row["mask"], int(row["set"])], rel=1e-12)


def test_truth_without_seeds_has_no_ceiling(folder: Path, tmp_path: Path) -> None:
    copied = write_catalogued(tmp_path, [("small", ()), ("wide", ())], seeds=1, n=120)
    truth = pd.read_parquet(copied / "truth.parquet")
    truth[["arch", "digits_test"]].to_parquet(copied / "truth.parquet")
    assert gather(load_study(copied), LAYOUTS["paper-11"].lines).series["ceiling_tau_b"].isna().all()
    notes = {}
    for name, one in (("with", folder), ("without", copied)):
        ((drawn, *_),) = draw(LAYOUTS["paper-11"], load_study(one))
        notes[name] = " ".join(map(str, drawn.texts))
    assert "noise ceiling" in notes["with"]
    assert "noise ceiling" not in notes["without"]


def test_further_metrics_inside_the_top(folder: Path) -> None:
    study = load_study(folder)
    series = gather(study, LAYOUTS["paper-11"].lines[:1]).series
    truth = pd.read_parquet(folder / "truth.parquet").set_index("arch")["digits_test"]
    values = []
    for run in study.runs[:2]:  # the full space
        scores = pd.read_parquet(run.folder / "scores.parquet").set_index("arch")
        scores = scores[scores["status"] == "ok"]["score"]
        best = truth[scores.index].nlargest(25)
        values.append(best.corr(scores[best.index], method="spearman"))
    assert series[series["set"] == "25"]["spearman"].iloc[0] == pytest.approx(np.mean(values))


def test_draws_what_there_is_and_names_the_rest(folder: Path, capsys, tmp_path: Path) -> None:
    arguments = ["made-up", "--runs", str(folder.parent), "--out", str(tmp_path)]
    assert main(["figure", "paper-11", *arguments]) == 0
    output = capsys.readouterr()
    assert {path.name for path in tmp_path.iterdir()} == {
        f"paper-11.{s}" for s in ("csv", "pdf", "png", "svg")
    }
    missing = [line for line in output.err.splitlines() if not line.startswith("note: ")]
    assert "missing: wide, without none (not in the study)" in missing
    assert len(missing) == 4  # small without pooling, and three of wide
    data = pd.read_csv(tmp_path / "paper-11.csv")
    assert set(zip(data["trained"], data["mask"], strict=True)) == {
        ("small", "full space"), ("small", "none"), ("small", "none, avg_pool_3x3"), ("wide", "full space")
    }  # fmt: skip
    assert main(["figure", "paper-2", *arguments, "--format", "png"]) == 0
    points = pd.read_csv(tmp_path / "paper-2.csv")
    assert not (tmp_path / "paper-2.svg").exists()
    full = points[points["mask"] == "full space"]
    assert full["sampled"].sum() == collect(folder).variants["n"].iloc[0]


@pytest.mark.parametrize(("note", "marked"), [(SMOKE, True), ("Full size", False)])
def test_smoke_size_is_marked(folder: Path, note: str, marked: bool) -> None:
    ((drawn, *_),) = draw(LAYOUTS["paper-11"], replace(load_study(folder), note=note))
    assert ("SMOKE SIZE" in [text.get_text() for text in drawn.texts]) == marked


def test_runs_without_a_result_are_said(folder: Path, tmp_path: Path) -> None:
    copied = write_catalogued(tmp_path, [("small", ()), ("small", (ZERO,))], seeds=1, n=120)
    study = load_study(copied)
    write_failed = study.runs[1].folder / "result.json"
    write_failed.write_text(json.dumps({"status": "diverged", "reason": "loss is nan"}))
    found = gather(study, LAYOUTS["paper-2"].lines)
    assert found.unfinished == ("small, without none",)
    assert set(found.series["trained"]) == {"small"}
    assert found.series["tau_b_std"].isna().all()  # one seed
    ((_, frame, _, missing),) = draw(LAYOUTS["paper-2"], study)
    assert set(frame["trained"]) == {"small"}
    assert missing == ("small, without none (no finished run)",)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["paper-1", "made-up"], "figure: 'paper-1' is not one of confusion, learning, residuals, scatter,"),
        (["paper-4", "made-up", "--column", "a"], "--column: is of a table, and paper-4 is drawn from a"),
        (["paper-4"], "study: none is named; paper-4 is drawn from study search_space_subsets"),
        (["paper-4", "made-up", "--format", "gif"], "format: 'gif' is not one of png, pdf, svg"),
        (["paper-4", "nothing"], "no study 'nothing' in"),
        (["paper-14", "made-up"], "study: made-up has nothing for paper-14; it lacks a finished run of the"),
    ],
)
def test_mistakes_are_one_message(folder: Path, capsys, arguments: list[str], message: str) -> None:
    assert main(["figure", *arguments, "--runs", str(folder.parent)]) == 2
    *notes, error = capsys.readouterr().err.splitlines()
    assert message in error
    assert all(note.startswith("note: ") for note in notes)


def test_overview_names_every_figure(capsys) -> None:
    assert main(["figure"]) == 0
    text = capsys.readouterr().out
    assert all(f"paper-{number}" in text for number in range(2, 15))
    assert all(figure.study in text for figure in LAYOUTS.values())
