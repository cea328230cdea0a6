"""Predictors: how labels are drawn, what is left out for them, and that they know no more than they are told."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from digits_tables import DIGITS, SIZE, digits_task
from tiny_study import quiet

from analysis.__main__ import main as analysis_main
from analysis.measures.collect import Collected, collect
from analysis.measures.estimator_scores import LABELLED
from analysis.measures.remarks import remarks
from analysis.store import labels as labels_file
from analysis.store import scores
from analysis.store.scored import ScoredSet
from studies.estimators import Estimator
from studies.estimators.combination import Combination
from studies.estimators.compute.predictor import Fit
from studies.estimators.compute.predictors import labels
from studies.estimators.cost import NetworkCost
from studies.estimators.predictor import Predictor
from studies.estimators.predictor_models import SETTINGS, Forest, Ridge
from studies.estimators.random_order import RandomOrder
from studies.estimators.table_column import Recorded, TableColumn
from studies.model.member import Member
from studies.model.study import Study, Truth, generations
from studies.model.variant import Variant
from studies.running.plan import Plan
from studies.running.run import run_one
from studies.truth import table
from supernet.spaces import get_space

SPACE = get_space("nasbench201")
ROWS = 240
FOREST = Forest(trees=10, target="accuracy")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table whose accuracies follow the number of live convolutions, with other noise in each seed; `shuffled` has
    the validation accuracies of other architectures."""
    rng = np.random.default_rng(5)
    architectures = SPACE.sample(ROWS, seed=1)
    layers = np.array([SPACE.layer_counts(one)[SPACE.layers] for one in architectures])
    frame = pd.DataFrame({"arch": list(map(SPACE.text, architectures))})
    for metric in ("valid", "test"):
        for seed in range(2):
            frame[f"digits_{metric}_seed{seed}"] = 60 + 5 * layers + rng.normal(0, 2, ROWS)
        frame[f"digits_{metric}"] = frame[[f"digits_{metric}_seed{seed}" for seed in range(2)]].mean(axis=1)
    frame["shuffled"] = rng.permutation(frame["digits_valid_seed0"])
    size = SIZE["nasbench201"]
    manifest = {
        "space": SPACE.name,
        "title": "made up",
        "data": "digits",
        "size": {name: getattr(size, name) for name in size.__dataclass_fields__},
        "columns": [name for name in frame if name != "arch"],
        "epochs": 12,
        "seeds": 2,
    }
    path = tmp_path_factory.mktemp("truth") / "known.parquet"
    table.save(frame, manifest, path)
    return path


def entry(name: str, estimator: Estimator, *members: Member) -> Variant:
    size = SIZE["nasbench201"]
    return Variant(name=name, space=SPACE.name, size=size, data=DIGITS, estimator=estimator, members=members)


def study(path: Path, *variants: Variant, seeds: tuple[int, ...] = (0, 1), **more: object) -> Study:
    settings = {"question": "?", "note": "made up", "top": (10,), "seeds": seeds} | more
    truth = {SPACE.name: Truth(str(path), "digits_test")}
    return Study(name="labels", title="Labels", variants=variants, truth=truth, **settings)  # type: ignore[arg-type]


def collected(the_study: Study, folder: Path) -> tuple[Plan, Collected]:
    plan = Plan.of(the_study, folder)
    for run in (run for wave in generations(plan.runs) for run in wave):
        result = run_one(run, plan.architectures(run), "cpu", quiet)
        assert result["status"] == "finished", result["reason"]
    plan.write()
    return plan, collect(plan.folder)


def forest(path: Path, count: int = 30, **settings: object) -> Predictor:
    return Predictor(model=FOREST, table=str(path), labels=count, **settings)  # type: ignore[arg-type]


def test_labels_are_drawn_among_functions_and_nested(known: Path) -> None:
    few, many = forest(known, 10), forest(known, 40)
    drawn = labels.draw(many, SPACE, seed=0)
    assert few.labelled(SPACE, 0) == drawn[:10]
    assert many.labelled(SPACE, 0) == drawn[:40]
    assert set(few.labelled(SPACE, 1)) != set(drawn[:10])
    forms = [labels.form_of(SPACE, one) for one in drawn]
    assert len(set(forms)) == len(forms)
    assert set(forms) == {labels.form_of(SPACE, one) for one in SPACE.sample(ROWS, seed=1)}
    with pytest.raises(
        ValueError, match=r"labels: 239 of \d+ functions with a label in .* leave none to rank"
    ):
        forest(known, 239).labelled(SPACE, 0)


def test_labelled_functions_have_no_score_and_are_left_out_for_all(known: Path, tmp_path: Path) -> None:
    order, size = entry("order", RandomOrder()), entry("size", NetworkCost())
    told = entry("told", forest(known, features=("counts",)), Member(variant=size, measure="macs"))
    mixed = entry("mixed", Combination(baselines=("params",)), Member(variant=told))
    plan, found = collected(
        study(known, order, size, told, mixed, scored=ScoredSet(top=10, random=60)), tmp_path
    )
    asked = set(map(SPACE.text, plan.architectures(plan.runs[0])))
    known_to: dict[int, set[str]] = {}
    for run in (run for run in plan.runs if run.variant.name == "told"):
        chosen = labels_file.read(run.folder, run.run_id)
        assert list(chosen["arch"]) == list(
            map(SPACE.text, labels.draw(told.estimator, SPACE, run.seed)[:30])
        )  # type: ignore[arg-type]
        forms = {labels.form_of(SPACE, SPACE.parse(text)) for text in chosen["arch"]}
        frame = scores.read(run.folder, run.run_id)
        assert set(frame["arch"]) == asked
        known_to[run.seed] = set()
        for row in frame.itertuples():
            is_known = labels.form_of(SPACE, SPACE.parse(row.arch)) in forms
            assert (row.status == LABELLED) == is_known == pd.isna(row.score)
            known_to[run.seed] |= {row.arch} if is_known else set()
        assert json.loads((run.folder / "result.json").read_text())["labels"]["epochs"] == 30 * 12
        # Members score what is labelled although the study does not, so that the draw owes nothing to the true top.
        (its,) = (other for other in run.rests_on)
        assert set(scores.read(its.folder, its.run_id)["arch"]) == asked | set(chosen["arch"])
    rows = found.primary.set_index("variant")
    left_out = known_to[0] | known_to[1]
    sampled = set(found.points[found.points["sampled"] & (found.points["variant"] == "order")]["arch"])
    rest = len(sampled - left_out)
    assert 0 < rest < len(sampled) == 60 == rows.loc["order", "n"]
    for name in ("told", "mixed"):
        assert rows.loc[name, "n"] == rest
        pairs = found.differences[(found.differences[["leader", "other"]] == name).any(axis=1)]
        assert (pairs["n"] == rest).all()
        assert len(pairs) >= 4
    # Of the true top-10 what is left, and nothing from below it.
    truth = found.points[found.points["variant"] == "order"].nlargest(10, "truth")["arch"]
    inside = found.top[(found.top["variant"] == "told") & (found.top["top"] == 10)]
    assert set(inside["n"]) == {len(set(truth) - left_out)}
    # The ten highest scores are ten, however many of the true top-10 are labelled.
    assert len(set(truth) & left_out) > 0
    runs = found.runs[found.runs["variant"].isin(["order", "told", "mixed"])]
    values = found.points[found.points["variant"] == "order"]["truth"]
    assert runs["regret_10"].between(0, values.max() - values.min()).all()
    (note,) = [text for text in remarks(found) if "told" in text]
    assert note.startswith(f"{SPACE.title}: {60 - rest} of the sample were labelled")
    assert analysis_main(["table", "labels", "--runs", str(tmp_path)]) == 0
    assert analysis_main(["leaderboard", "labels", "--runs", str(tmp_path)]) == 0


def test_true_labels_rank_and_permuted_ones_rank_at_zero(known: Path, tmp_path: Path) -> None:
    told = entry("told", forest(known))
    shuffled = entry("shuffled", forest(known, column="shuffled"))
    _, found = collected(study(known, told, shuffled, seeds=tuple(range(6))), tmp_path)
    rows = found.primary.set_index("variant")
    assert rows.loc["told", "tau_b_low"] > 0.5
    assert rows.loc["shuffled", "tau_b_low"] < 0 < rows.loc["shuffled", "tau_b_high"]
    assert rows.loc["shuffled", "tau_b_std"] > 0  # draws are seeds


def test_a_member_that_knows_the_truth_is_named(known: Path, tmp_path: Path) -> None:
    told = forest(known, column="digits_test_seed0")
    with pytest.raises(ValueError, match="column: 'digits_test_seed0', which 'told' is told, has a part in"):
        Plan.of(study(known, entry("told", told)), tmp_path)
    frame = pd.read_parquet(known)
    frame["leak"] = frame["digits_test"] + np.random.default_rng(0).normal(0, 0.01, ROWS)
    path = tmp_path / "leaking.parquet"
    manifest = table.load(known).manifest | {"columns": [name for name in frame if name != "arch"]}
    table.save(frame, manifest, path)
    columns = [
        entry(name, TableColumn(table=str(path), columns=(name,))) for name in ("leak", "digits_valid")
    ]
    members = [Member(variant=one) for one in columns]
    _, found = collected(
        study(path, *columns, entry("told", forest(path), *members), seeds=(0,)), tmp_path / "runs"
    )
    (warning,) = [text for text in remarks(found) if text.startswith("warning")]
    assert "variant leak, measure leak, by which others rank, has a tau-b of 0.99" in warning


def test_active_rounds_take_the_best_and_some_of_the_better(known: Path, tmp_path: Path) -> None:
    settings = forest(known, 40, rounds=2, alpha=0.5)
    task = digits_task(tmp_path, size=SIZE["nasbench201"], seed=3)
    fit = Fit(settings, task)
    first = Fit(settings, task, fixed=dict.fromkeys(settings.labelled(SPACE, 3), 1))
    first.run(lambda done, detail: None)
    fit.run(lambda done, detail: None)
    assert fit.labelled[:20] == first.labelled
    assert len({labels.form_of(SPACE, one) for one in fit.labelled}) == 40
    drawn = labels.functions(settings, SPACE)
    taken = {labels.form_of(SPACE, one) for one in first.labelled}
    left = [same[0] for form, same in drawn.items() if form not in taken]
    order = np.argsort(-first.predict(left), kind="stable")
    assert fit.labelled[20:30] == [left[row] for row in order[:10]]
    assert set(fit.labelled[30:]) <= {left[row] for row in order[: len(order) // 2]}
    assert fit.told["round"].tolist() == [1] * 20 + [2] * 20


@pytest.mark.parametrize("kind", sorted(SETTINGS))
def test_a_prediction_does_not_depend_on_its_neighbours(kind: str, known: Path, tmp_path: Path) -> None:
    model = SETTINGS[kind]().small()
    features = ("counts",) if model.uses_table else ()
    task = digits_task(tmp_path, size=SIZE["nasbench201"], seed=0)
    fit = Fit(replace(forest(known, features=features), model=model), task)
    fit.run(lambda done, detail: None)
    some = SPACE.sample(5, seed=9)
    together = fit.predict([*some, *SPACE.sample(20, seed=8)])[:5]
    assert together.tolist() == [fit.predict([one])[0] for one in some]


def test_disconnected_architectures_are_last_and_alike(known: Path, tmp_path: Path) -> None:
    """Also where none of them was told, and the others are predicted as they were."""
    disconnected = list(itertools.islice((one for one in SPACE.enumerate() if not SPACE.is_valid(one)), 10))
    asked = [*SPACE.sample(100, seed=3), *disconnected]
    apart = np.arange(len(asked)) >= 100
    values = {}
    for how in ("predicted", "lowest"):
        folder = tmp_path / how
        folder.mkdir()
        fit = Fit(forest(known, disconnected=how), digits_task(folder, size=SIZE["nasbench201"], seed=0))
        fit.run(lambda done, detail: None)
        values[how] = fit.predict(asked)
    assert values["lowest"][apart].max() < values["lowest"][~apart].min()
    assert len(set(values["lowest"][apart])) == 1
    assert values["lowest"][~apart].tolist() == values["predicted"][~apart].tolist()
    assert "disconnected" not in forest(known).config()


def test_labels_cost_what_their_training_did(known: Path) -> None:
    chosen = SPACE.sample(3, seed=1)
    recorded = Recorded(images=100, batch_size=64)
    told = labels.costs(forest(known, recorded=recorded), SPACE, SIZE["nasbench201"], chosen)
    macs = sum(SPACE.cost(one, SIZE["nasbench201"]).macs for one in chosen)
    assert told == {
        "functions": 3,
        "epochs": 36,
        "updates": 3 * 12 * 2,
        "train_seconds": None,
        "macs": 3 * macs * 100 * 12,
    }


def test_settings_that_make_no_sense_are_named(known: Path) -> None:
    for message, settings in (
        ("features: 'x' is not one of", {"features": ("x",)}),
        ("labels: 3 is not an integer of at least 4", {"labels": 3}),
        ("rounds: 5 of 16 labels are fewer than 4", {"labels": 16, "rounds": 5}),
        ("alpha: 2 is not between 0 and 1", {"alpha": 2}),
        ("disconnected: 'last' is not one of predicted, lowest", {"disconnected": "last"}),
    ):
        with pytest.raises(ValueError, match=message):
            Predictor(**settings)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="features: 'ridge' needs features or members"):
        entry("told", Predictor(model=Ridge(), features=()))
