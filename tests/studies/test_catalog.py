"""The catalogue: every study is what its file says and has a smoke size."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from studies import catalog
from studies.__main__ import main
from studies.commands.plan import parse_truths
from studies.estimators.one_shot import OneShot
from studies.model.smoke import smoke
from studies.model.variant import Variant
from studies.running.plan import Plan
from studies.running.progress import expected_seconds


@pytest.mark.parametrize("name", catalog.names())
def test_a_study_is_named_by_its_file_and_documented(name: str) -> None:
    study = catalog.get(name)
    assert study.name == name
    notebook = importlib.import_module(f"studies.catalog.{name}").__doc__ or ""
    for word in ("Question:", "Command:", "Data:", "Expected:"):
        assert word in notebook
    assert f"studies run {name}" in notebook


def kind(variant: Variant) -> tuple[object, ...]:
    """What a smoke size leaves as it is."""
    estimator = variant.estimator
    way = estimator.sampling if isinstance(estimator, OneShot) else estimator.kind
    return variant.space, variant.name, variant.mask, way


@pytest.mark.parametrize("name", catalog.names())
def test_the_smoke_size_is_the_same_grid_on_embedded_data(name: str, tmp_path: Path) -> None:
    study = catalog.get(name)
    small = smoke(study)
    assert list(map(kind, small.variants)) == list(map(kind, study.variants))
    runs = Plan.of(small, tmp_path).runs  # finds its ground truth
    own = [run for run in runs if run.seed in small.seeds]  # without seeds that only a member's mean has
    assert len(own) == len({run.folder for run in own}) == len(study.variants)
    for variant in small.variants:
        assert variant.data.name == "digits"
        if isinstance(variant.estimator, OneShot):
            training = variant.estimator.training
            assert training.epochs == 1 or (training.updates or 0) in range(1, 20)


# Of the paper's studies, in this order: trainings that no earlier one asks for, and trainings that are shared.
JOBS = {
    "search_space_subsets": (160, 0),  # figures 2, 4, 7
    "linear_transformers": (120, 60),  # figures 5, 8; shared: without them, on 6 spaces, 2 sizes
    "training_variants": (250, 50),  # figures 6, 9; shared: the baseline on 5 spaces, 2 sizes
    "width_and_metrics": (60, 20),  # figures 11 to 13; shared: small on 4 spaces
    "depth": (20, 5),  # figure 14; shared: two cells a stage
}
# Of our own: all trainings, and those that none of the paper's studies asks for.
OWN = {
    "bn_modes": (20, 0),
    "evaluation_subsets": (70, 0),
    "fair_sampling": (30, 25),
    "equal_updates": (50, 25),
    "balanced_sampling": (50, 30),
    "weight_average": (10, 10),
    "nb201_cifar10": (20, 0),
}


def run_ids(name: str) -> set[str]:
    study = catalog.get(name)
    found = [variant.run_id(seed) for variant in study.variants for seed in study.seeds]
    assert len(set(found)) == len(found)
    return set(found)


def test_the_papers_studies_have_the_trainings_of_its_job_grid_and_share_the_rest() -> None:
    trained: set[str] = set()
    for name, (new, shared) in JOBS.items():
        ids = run_ids(name)
        assert (len(ids - trained), len(ids & trained)) == (new, shared), name
        trained |= ids
    assert len(trained) == 610
    for name, (all_, new) in OWN.items():
        ids = run_ids(name)
        assert (len(ids), len(ids - trained)) == (all_, new), name


def test_blox_studies_share_trainings() -> None:
    known = run_ids("blox_cifar100")
    shared = {"blox_sampling": 15, "blox_masks": 5, "blox_linear_transformers": 10, "blox_shared_cells": 15}
    assert {name: len(run_ids(name) & known) for name in shared} == shared
    assert len(run_ids("blox_masks") & run_ids("blox_linear_transformers")) == 10


def test_every_expected_time_is_of_a_measured_kind() -> None:
    small, medium = (catalog.get("nb201_cifar10").variants[i] for i in (0, 2))
    assert expected_seconds(small) == pytest.approx(44_000 * 2 * 0.854, rel=0.01)  # as measured: step.md
    assert 6 < (expected_seconds(medium) or 0) / (expected_seconds(small) or 1) < 8
    same = {v.name: expected_seconds(v) for v in catalog.get("fair_sampling").variants}
    assert same["same batches, sum"] == pytest.approx(5 * (same["consecutive batches, sum"] or 0), rel=0.01)
    budgets = {v.name: expected_seconds(v) or 0 for v in catalog.get("equal_updates").variants}
    ratio = budgets["strictly fair, 44,000 updates, full space"] / budgets["strictly fair, full space"]
    assert ratio == pytest.approx(5, rel=0.01)
    assert {expected_seconds(v) for v in catalog.get("blox_cifar100").variants} == {None}


def test_two_variants_that_are_one_training_are_refused() -> None:
    study = catalog.get("quickstart")
    first = study.variants[0]
    again = first.changed(name="again", bn_modes=("running",))
    with pytest.raises(ValueError, match="variants: uniform and again are the same training"):
        replace(study, variants=(*study.variants, again))


def test_another_ground_truth_can_be_named() -> None:
    found = parse_truths(["blox-digits:digits_valid"])
    assert set(found) == {"blox"}
    assert found["blox"].column == "digits_valid"
    with pytest.raises(ValueError, match="--truth: 'blox-digits:digits_test' is a second one of blox"):
        parse_truths(["blox-digits:digits_valid", "blox-digits:digits_test"])
    with pytest.raises(ValueError, match="--truth: 'blox-digits' is not TABLE:COLUMN"):
        parse_truths(["blox-digits"])
    with pytest.raises(ValueError, match="table: 'nowhere' is neither"):
        parse_truths(["nowhere:cifar10_test"])


def test_what_a_space_does_not_have_is_refused_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["show", "macro_cifar10_cpu", "--smoke", "--runs", str(tmp_path)]
    for more, message in (
        (["--truth", "blox-digits:digits_test"], "is of blox; macro_cifar10_cpu-smoke is of macro"),
        (["--set", "size.stages=2"], "does not fit macro, whose 3 stages have 2, 3, 3 layers"),
        (["--set", "linear_transformers=all"], "linear_transformers: 'all' is not one of none, skip (macro)"),
    ):
        assert main([*words, *more]) == 2
        assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_page_of_the_studies_counts_their_runs() -> None:
    lines = (Path(__file__).parent / "run_ids.tsv").read_text().splitlines()[1:]
    runs: Counter[str] = Counter()
    for study, *_, ids in (line.split("\t") for line in lines):
        runs[study] += len(ids.split(" "))
    page = (Path(__file__).parents[2] / "docs/reference/studies.md").read_text()
    told: dict[str, int] = {}
    for names, counts in re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (\d+(?:, \d+)*) \|", page, re.MULTILINE):
        told |= dict(zip(re.findall(r"\w+", names), map(int, counts.split(", ")), strict=True))
    assert told == runs


def test_run_ids_are_those_that_earlier_versions_gave() -> None:
    """run_ids.tsv holds the ids of every study's runs: a run made by an earlier version is found again only under its
    id. New studies and variants are appended; what is there stays."""
    lines = (Path(__file__).parent / "run_ids.tsv").read_text().splitlines()[1:]
    recorded: dict[str, dict[tuple[str, str], list[str]]] = {}
    for study, space, variant, ids in (line.split("\t") for line in lines):
        recorded.setdefault(study, {})[space, variant] = ids.split(" ")
    assert set(recorded) == set(catalog.names())
    for name, variants in recorded.items():
        study = catalog.get(name)
        now = {
            (v.space, v.name): [v.run_id(seed) for seed in dict.fromkeys(map(v.seed_of, study.seeds))]
            for v in study.variants
        }
        assert now == variants, name
