"""Every study of the catalogue at its smoke size, through the command line, one after the other in one folder."""

from __future__ import annotations

import html
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.__main__ import main as analysis_main
from analysis.figures import registry, style
from analysis.measures.collect import collect
from analysis.report.tables.study import table_frame
from analysis.store.study import FULL, load_study
from studies import catalog
from studies.__main__ import main
from studies.model.smoke import RANDOM, smoke
from studies.model.study import Study, with_needed
from studies.truth.table import load, resolve

# One after the other: runs that two studies share are trained once.
pytestmark = pytest.mark.xdist_group("catalogue")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("catalogue")


@pytest.fixture(autouse=True)
def _drafts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are drawn for the page alone and not laid out, which takes most of the time: as they are saved,
    test_the_whole_study_in_small (test_cli.py)."""

    def draft(figure: Figure, data: pd.DataFrame, folder: Path, name: str) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"{name}.{kind}" for kind in ("png", "csv")]
        figure.set_layout_engine(None)
        figure.savefig(paths[0], dpi=40)
        data.to_csv(paths[1], index=False)
        return paths

    monkeypatch.setattr(style, "save", draft)


MOST = 4  # variants of a large grid that are run
STRUCTURED = ("estimators", "evaluation_subsets", "few_shot")  # whose variants belong together
OF_MANY_KINDS = ("leaderboard_digits",)
# Of studies whose smoke runs are dear, what no other study has the like of.
DEAR = {
    "blockwise_cifar10_small": ("blocks, 4 epochs", "fine-tuned, best teacher"),
    "blockwise_digits": (
        "blocks, 1 epoch",
        "blocks, 4 epochs",
        "shared blocks, fair",
        "fine-tuned, best teacher",
    ),
    "blockwise_digits_fine_tuned": ("20 labels, log MSE, 4 epochs", "from scratch"),
    "synthetic_cifar10": ("supernet", "zero-cost"),
    "synthetic_cifar10_small": ("supernet", "FEAR"),
}


def settings(value: Any, name: str = "") -> set[tuple[str, str]]:
    """Every setting inside a configuration, with its value."""
    if isinstance(value, dict):
        return {one for key, inner in value.items() for one in settings(inner, f"{name}/{key}")}
    if isinstance(value, list) and any(isinstance(inner, dict) for inner in value):  # members
        return {one for inner in value for one in settings(inner, name)}
    return {(name, str(value))}


def thinned(study: Study) -> Study:
    """Of a large grid the first variants that have a setting of a value that none before has, with what they rest
    on."""
    known: set[tuple[str, str]] = set()
    chosen = []
    for variant in study.variants:
        own = settings(variant.config(0))
        if not own <= known:
            chosen.append(variant)
        known |= own
    if study.name in DEAR:
        chosen = [variant for variant in study.variants if variant.name in DEAR[study.name]]
    elif study.name not in OF_MANY_KINDS:
        chosen = chosen[:MOST]
    return replace(study, variants=with_needed(study.variants, chosen))


@pytest.mark.parametrize("name", catalog.names())
def test_a_study_runs_to_its_report(
    name: str, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = catalog.get(name)
    if len(whole.variants) > MOST and name not in STRUCTURED:
        whole = thinned(whole)
        monkeypatch.setattr(catalog, "get", lambda name: whole)
    small = smoke(whole)
    before = {path: path.stat().st_mtime_ns for path in root.glob("trainings/*/checkpoint.pt")}
    assert main(["run", name, "--smoke", "--no-tensorboard", "--runs", str(root)]) == 0
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())  # nothing is trained twice
    trained = {path.name for path in root.glob("trainings/*")}
    assert {run.folder.name for run in small.runs(root)} <= trained

    folder = root / small.name
    wanted = {(run.space.name, run.variant) for run in load_study(folder).runs}
    printed = capsys.readouterr().out
    page = html.unescape((folder / "report.html").read_text())
    rows = table_frame(collect(folder))
    rows = rows[rows["seeds"].notna()]
    assert {(row["space"], row["name"]) for _, row in rows.iterrows()} == wanted
    assert (rows["seeds"] == 1).all()
    others = tuple(variant.name for variant in small.variants if not variant.estimator.trains_supernet)
    supernets = ~rows["name"].str.startswith(others)
    assert (rows["missing"][supernets] == 0).all()
    assert (rows["n"][supernets] == RANDOM).all()
    assert (rows["updates"][supernets] >= 1).all()
    assert (rows["missing"] + rows["n"] >= RANDOM).all()  # an estimator may say of some why it has no score
    for _, variant in wanted:
        assert variant in printed
        assert variant in page
    assert "SMOKE SIZE" in page
    # Eight scores may all be equal after one update: then there is no tau to be drawn.
    drawn = {"variants": int(rows["tau_b"].notna().sum()), "topn": len(wanted), "scatter": len(wanted)}
    assert drawn["variants"] > len(wanted) / 2
    for figure, least in drawn.items():
        pages = folder.glob(f"figures/{figure}*.csv")  # a large scatter has several
        assert sum(len(pd.read_csv(page)) for page in pages) >= least


def test_supernets_of_the_full_space_are_judged_beside_those_trained_with_a_mask(root: Path) -> None:
    name = "evaluation_subsets"
    if not (root / f"{name}-smoke").exists():
        assert main(["run", name, "--smoke", "--no-tensorboard", "--runs", str(root)]) == 0
    found = collect(root / f"{name}-smoke")
    rows = found.primary.reset_index(drop=True)
    views = rows[rows["trained_as"].notna()]
    assert len(views) == 12
    for place, view in views.iterrows():
        beside = rows.loc[int(str(place)) - 1]  # the row before is trained with the mask
        assert (beside["mask"], beside["n"]) == (view["mask"], view["n"])
        assert view["mask"] != FULL
        assert view["variant"] == f"{view['trained_as']}, evaluated without {view['mask']}"
        assert beside["variant"] == view["trained_as"].replace(FULL, f"without {view['mask']}")
        both = [
            set(found.points[(found.points["variant"] == row["variant"])]["arch"]) for row in (view, beside)
        ]
        assert both[0] == both[1]  # the same architectures
    assert len(found.controls) == 12
    assert (found.controls["n"] == RANDOM).all()
    runs = json.loads((root / f"{name}-smoke" / "study.json").read_text())["runs"]
    assert [run["run_id"] for run in runs] == list(dict.fromkeys(run["run_id"] for run in runs))


def test_blox_figures_of_blockwise_distillation_show_what_the_runs_and_tables_have(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "blockwise_digits"
    only = [word for one in DEAR[name] for word in ("--only", one)]
    assert main(["run", name, "--smoke", *only, "--no-tensorboard", "--runs", str(root)]) == 0
    study = load_study(root / f"{name}-smoke")
    drawn = {
        one: next(iter(registry.get(one).draw(study))).frame
        for one in ("blox-7b", "blox-8", "blox-18", "blox-19")
    }
    tuned = load(resolve("blox-digits-fine-tuned-best")).frame
    both = drawn["blox-7b"].query("teacher == 'best'").merge(tuned, on="arch")
    assert len(both) > 0
    assert (both["fine_tuned"] == both["digits_test"]).all()
    assert drawn["blox-8"]["bound"].dropna().between(0, 1).all()
    assert set(drawn["blox-8"]["stage"]) == {0, 1, 2}
    for one in ("blox-18", "blox-19"):
        last = drawn[one].groupby(["epochs", "distillation", "order"]).last()["accuracy"]
        assert last.nunique() == drawn[one]["epochs"].nunique()  # all orders end with all models trained
    capsys.readouterr()
    assert analysis_main(["blockwise", f"{name}-smoke", "--runs", str(root), "--format", "csv"]) == 0
    rows = pd.read_csv(io.StringIO(capsys.readouterr().out))
    weak = rows[rows["question"] == "Q2"].set_index("of").loc["best teacher"]
    assert weak["value"] == pytest.approx(both["from_scratch"].corr(both["fine_tuned"], method="spearman"))
    assert {"Q1", "Q2", "Q3", "Q8", "goal"} <= set(rows["question"])
    assert set(rows.query("quantity == 'difference of rho'")["verdict"]) == {"undecided"}  # one seed
