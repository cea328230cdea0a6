"""Searches that something guides: predictors, scores and what they cost, DARTS-PT; against what is known exactly."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from digits_tables import DIGITS
from tiny_study import Killed, tiny_study

from analysis.measures.search import differing
from analysis.store import search as store
from analysis.store.study import load_study, variant_and_measure
from studies import Plan, embedded
from studies.__main__ import main
from studies.estimators.predictor_models import Gcn, Ridge
from studies.running.run import run_one
from studies.search.bench import Bench, Over
from studies.search.look_up import generator
from studies.search.methods import with_settings
from studies.search.methods.darts_pt import Projecting
from studies.search.methods.genetic import Genetic
from studies.search.methods.predictor_guided import BrpNas, Donna, PredictorEvolution, SignatureSearch
from studies.search.methods.ranking import OneShot, Scores
from studies.search.pool import Pool, Worth, make_pool
from studies.search.price import Price, prices_of
from studies.search.projections import project
from studies.search.source import read_source
from studies.truth.table import resolve
from supernet.data.loading import load_data
from supernet.network import NetworkConfig, Supernet, seeded
from supernet.spaces import get_space
from supernet.training.config import TrainingConfig
from supernet.training.projection import Projection, ProjectionConfig

LINEAR = Ridge(degree=1, alphas=())  # of one-hot places: it finds a sum over places exactly


@pytest.fixture(scope="module")
def additive() -> tuple[Pool, Worth]:
    """NAS-Bench-Macro without one operation, 256 networks: what they are worth is a sum over layers, without ties."""
    space = get_space("macro", ["identity"])
    pool = make_pool(space, list(space.enumerate()), unique=True)
    value = np.array([sum(2.0**i * v for i, v in enumerate(one)) for one in pool.architectures])
    return pool, Worth(objective=100 * value / value.max(), epochs=None, macs=value)


def searched(search: object, pool: Pool, value: Worth, budget: float, run: int = 0) -> Bench:
    bench = Bench(pool, value, budget=budget, number=run)
    with suppress(Over):
        search.run(bench, generator(run))  # type: ignore[attr-defined]
    return bench


def trained(bench: Bench) -> list[int]:
    return [int(row) for row in bench.ledger.frame().query("kind == 'trained'")["subject"]]


# Predictors


def test_rounds_of_labels_are_the_papers(additive: tuple[Pool, Worth]) -> None:
    """With a model that predicts exactly: the first round is random search's beginning; of each further one half are
    the best that are left, the others from the best 1 / 2^i; after the rounds the best that are left, in turn."""
    pool, value = additive
    search = BrpNas(labels=60, a_round=20, model=LINEAR, features=("places",))
    rows = trained(searched(search, pool, value, 80))
    random = trained(searched(with_settings("random", {}), pool, value, 20))
    assert rows[:20] == random
    for place, start in enumerate((20, 40), 1):
        left = sorted(set(range(256)) - set(rows[:start]), key=lambda row: -value.objective[row])
        assert rows[start : start + 10] == left[:10]
        assert set(rows[start + 10 : start + 20]) <= set(left[10 : len(left) // 2**place])
    left = sorted(set(range(256)) - set(rows[:60]), key=lambda row: -value.objective[row])
    assert rows[60:] == left[:20]


def test_evolution_on_exact_predictions_trains_the_best_that_it_looked_at(
    additive: tuple[Pool, Worth],
) -> None:
    pool, value = additive
    search = PredictorEvolution(labels=20, model=LINEAR, features=("places",), population=8, generations=12)
    rows = trained(searched(search, pool, value, 30))
    assert rows[:20] == trained(searched(with_settings("random", {}), pool, value, 20))
    later = value.objective[rows[20:]]
    assert (np.diff(later) < 0).all()
    assert later[0] == max(set(value.objective) - set(value.objective[rows[:20]]))
    # The end of every search of a small pool: all its networks, each once.
    assert sorted(trained(searched(search, pool, value, 1e6))) == list(range(256))


def test_donna_pays_for_signatures_and_evolves_on_what_they_predict(additive: tuple[Pool, Worth]) -> None:
    """Signatures of which the worth is the sum: predictions are exact, as from the places themselves."""
    pool, value = additive
    signatures = np.array([[2.0**i * v for i, v in enumerate(one)] for one in pool.architectures])
    unit = {"trainings": 3.0, "epochs": 30.0, "macs": np.nan, "seconds": 2.0}
    evolution = {"labels": 20, "model": LINEAR, "population": 8, "generations": 12}
    donna = SignatureSearch(
        settings=Donna(**evolution),
        signatures=[signatures],
        known=[Price(made=(("distilled", unit),))],
    )
    bench = searched(donna, pool, value, 53)
    assert bench.ledger.frame()["kind"][0] == "distilled"
    assert bench.ledger.spent["trainings"] == 53
    exact = PredictorEvolution(**evolution, features=("places",))
    assert trained(bench) == trained(searched(exact, pool, value, 50))
    with pytest.raises(ValueError, match="model: 'gcn' sees no signatures"):
        Donna(model=Gcn())


def test_settings_of_a_model_are_read() -> None:
    texts = {"model": "ridge", "model.degree": "1", "features": "places,costs", "labels": "40"}
    assert with_settings("brp-nas", texts) == BrpNas(
        labels=40, model=Ridge(degree=1), features=("places", "costs")
    )
    for texts, message in (
        ({"model": "tree"}, "brp-nas.model: 'tree' is not one of ridge"),
        ({"model.width": "x"}, "'x' is not an integer"),
        ({"model": "ridge", "model.width": "8"}, r"brp-nas.model \(ridge\) has no 'width'; it has target"),
        ({"alpha.x": "1"}, "brp-nas has no 'alpha.x'"),
        ({"features": "colour"}, "features: 'colour' is not one of"),
    ):
        with pytest.raises(ValueError, match=message):
            with_settings("brp-nas", texts)


# Scores and what they cost


def test_evolution_on_scores_pays_for_each_that_it_asks_for(additive: tuple[Pool, Worth]) -> None:
    pool, value = additive
    unit = {"trainings": 3.0, "epochs": 30.0, "macs": np.nan, "seconds": 2.0}
    price = Price(made=(("supernet", unit),), scoring={"seconds": np.full(256, 0.5)})
    search = OneShot(rankings=[Scores(value.objective, price)], population=8, generations=6)
    bench = searched(search, pool, value, 9)
    events = bench.ledger.frame()
    assert events["kind"].tolist()[:9] == ["supernet", *["scored"] * 8]
    asked = events.query("kind == 'scored'")["subject"]
    assert asked.is_unique
    assert len(asked) < 256
    rows = trained(bench)
    assert rows == sorted(asked, key=lambda row: -value.objective[row])[:6]
    assert bench.ledger.spent["trainings"] == 3 + 6
    assert events.query("kind != 'trained'")["seconds"].sum() == 2 + 0.5 * len(asked)
    # A population that can have no more members ends.
    assert sorted(trained(searched(search, pool, value, 1e6))) == list(range(256))


def test_the_genetic_algorithm_is_elitist(additive: tuple[Pool, Worth]) -> None:
    """It looks at an encoding once, and after enough generations at the best of all, which it then keeps."""
    pool, value = additive
    looked: list[int] = []

    def fitness(code: int) -> float:
        looked.append(code)
        return float(value.objective[pool.rows[code]])

    seen: dict[int, float | None] = {}
    Genetic(population=10, generations=15).evolve(pool, fitness, np.random.default_rng(0), seen)
    assert looked == list(seen)
    assert len(set(looked)) == len(looked) <= 10 * 16
    assert max(value for value in seen.values() if value is not None) == value.objective.max()


def test_methods_that_share_rankings_differ_only_if_they_do_by_each() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(size=60)
    one_sided = base + np.where(np.arange(60) % 2, 3.0, -0.5) + rng.normal(size=60) / 10
    assert differing({"a": base, "b": one_sided})
    assert not differing({"a": base, "b": one_sided}, rankings={"b": 2})


def test_names_of_variants_may_have_colons() -> None:
    variants = {"blocks, 4 epochs: mse", "uniform"}
    assert variant_and_measure("blocks, 4 epochs: mse", variants) == ("blocks, 4 epochs: mse", "")
    assert variant_and_measure("blocks, 4 epochs: mse:nsr", variants) == ("blocks, 4 epochs: mse", "nsr")
    assert variant_and_measure("uniform:batch", variants) == ("uniform", "batch")
    assert variant_and_measure("uniform", variants) == ("uniform", "")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A supernet of NAS-Bench-201, trained for three epochs, that has scored a table of 30 cells."""
    folder = tmp_path_factory.mktemp("guided")
    study = tiny_study(folder)
    plan = Plan.of(study, folder / "runs", study.only(["uniform"], [0]))
    plan.write()
    for run in plan.selected:
        assert run_one(run, plan.architectures(run), "cpu", lambda *_: None)["status"] == "finished"
    return folder


def test_a_price_is_what_the_files_of_the_run_say(runs: Path) -> None:
    """By hand: three passes through the images, where the table's whole trainings have 12; the seconds of both files.
    The mask keeps the table small."""
    path = runs / "nasbench201.json"
    manifest = path.read_text()
    path.write_text(json.dumps(json.loads(manifest) | {"epochs": 12}))
    source = read_source(runs / "nasbench201.parquet", mask=["none"], missing_invalid=True)
    path.write_text(manifest)
    study = load_study(runs / "runs" / "tiny")
    (price,) = prices_of("tiny:uniform", source, runs / "runs")
    assert price is not None
    run = next(run for run in study.runs if run.variant == "uniform")
    assert price.made == (
        (
            "supernet",
            {
                "trainings": pytest.approx(3 / 12),
                "epochs": 3,
                "macs": pytest.approx(3 * 3 * source.truth.costs["macs"].mean()),
                "seconds": study.result(run)["train_seconds"],
            },
        ),
    )
    scores = pd.read_parquet(run.folder / "scores.parquet").query("measure == 'batch'")
    inside = scores[scores["arch"].isin(source.truth.frame["arch"])]
    assert 0 < len(inside) < len(scores)
    assert price.of_scoring()["seconds"] == pytest.approx(inside["seconds"].sum())
    assert price.of_scoring()["trainings"] == 0
    assert [one.total("seconds") for one in prices_of("params", source, runs) if one] == [0]


def test_darts_pt_is_paid_for_and_projects_once(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A CSV does not say how long a training is; then the user must say what guides the search cost."""
    frame = pd.read_parquet(runs / "nasbench201.parquet")
    frame.to_csv(runs / "cells.csv", index=False)
    words = ["search", str(runs / "cells.csv"), "--mask", "none", "--missing", "invalid", "--runs", "4"]
    words += ["--studies", str(runs / "runs"), "--workers", "1", "--out", str(runs / "out"), "--budget", "5"]
    words += ["--method", "ranking:tiny:uniform,darts-pt:tiny:uniform"]
    words += ["--set", "darts-pt.adapt=0", "--set", "darts-pt.tune=0"]
    study = load_study(runs / "runs" / "tiny")
    (run,) = [run for run in study.runs if run.variant == "uniform" and run.seed == 0]
    # In this process: a worker would take seconds to start.
    chosen = project(run.folder, 0, Projecting(adapt=0, tune=0), runs / "out", Path())
    kept = [(path.name, path.read_bytes()) for path in (runs / "out").iterdir()]
    assert [Path(name).suffix for name, _ in kept] == [".json"]
    assert main(words) == 2
    assert "what ranking:tiny:uniform cost in trainings is not known; --price" in capsys.readouterr().err
    assert main([*words[:-6], "--method", "donna:tiny:uniform"]) == 2
    assert "needs blockwise distillation; 'uniform' is of 'one-shot'" in capsys.readouterr().err
    words += ["--price", "ranking:tiny:uniform=2", "--price", "darts-pt:tiny:uniform=2.5"]
    assert main(words) == 0
    results = store.read(runs / "out")
    first = results.events.groupby(["method", "run"], observed=True)[["kind", "trainings"]].first()
    assert (first["kind"] == "prepared").all()
    assert first["trainings"].groupby("method", observed=True).unique().map(list).to_dict() == {
        "ranking:tiny:uniform": [2.0],
        "darts-pt:tiny:uniform": [2.5],
    }
    (settings,) = [one["settings"] for one in results.content["methods"] if "chosen" in one["settings"]]
    assert settings["chosen"] == [chosen["arch"]]
    assert all((runs / "out" / name).read_bytes() == content for name, content in kept)


# DARTS-PT


def projection(name: str, **settings: int) -> Projection:
    data = load_data(replace(DIGITS, subset=200))
    network = seeded(Supernet, NetworkConfig(space=get_space(name), size=embedded.SIZES[name]), seed=0)
    training = TrainingConfig(epochs=1, batch_size=250)
    return Projection(network, data, ProjectionConfig(training=training, **settings), seed=1)


@pytest.mark.parametrize("name", ["nasbench201", "blox", "macro"])
def test_a_mixture_of_one_option_each_is_the_path(name: str) -> None:
    """Against the supernet's own forward pass."""
    made = projection(name)
    space, network = get_space(name), made.network.eval()
    models = list(space.unique()) if name == "blox" else list(space.enumerate())
    x = made.valid[0][0][:5]
    for number in np.random.default_rng(0).choice(len(models), 4, replace=False):
        cells = space.cells_of(models[number])
        for part, options in made.options.items():
            cell = cells[part]
            picks = (cell[0], cell[1], cell[2:]) if name == "blox" else cell
            for place, (its, pick) in enumerate(zip(options, picks, strict=True)):
                made.chosen[part, place] = its.index(pick)
        assert made.architecture == models[number]
        torch.testing.assert_close(made.logits(x), network(x, models[number]), rtol=1e-4, atol=1e-4)


def test_a_projection_that_was_killed_is_the_one_that_was_not(tmp_path: Path) -> None:
    """And what it chooses is what it says: the option without which validation is worst."""
    whole = projection("nasbench201", adapt=1, tune=1)
    architecture = whole.run()
    for place, without in whole.looked:
        assert without[whole.chosen[place]] == min(without)
    killed = projection("nasbench201", adapt=1, tune=1)

    def kill(done: int, of: int) -> None:
        if done == 3:
            raise Killed

    with pytest.raises(Killed):
        killed.run(tmp_path / "state.pt", kill)
    resumed = projection("nasbench201", adapt=1, tune=1)
    assert resumed.run(tmp_path / "state.pt") == architecture
    assert resumed.looked == whole.looked
    for name, value in whole.network.state_dict().items():
        assert torch.equal(resumed.network.state_dict()[name], value)
    other = projection("blox")
    with pytest.raises(ValueError, match="it is of another projection"):
        other.run(tmp_path / "state.pt")


@pytest.mark.parametrize(
    ("table", "epochs"),
    [("blox-digits", 8), ("blox-digits-fine-tuned-best", 4), ("blox-digits-fine-tuned-best-1-epoch", 1)],
)
def test_a_training_of_a_fine_tuned_table_is_its_fine_tuning(table: str, epochs: int) -> None:
    source = read_source(resolve(table), missing_invalid=True)
    assert {worth.epochs for worth in source.worths} == {epochs}
