"""The catalogue: every study is what its file says and has a smoke size."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path

import pytest

from studies import catalog
from studies.commands import grid
from studies.execute import Plan
from studies.smoke import smoke


@pytest.mark.parametrize("name", catalog.names())
def test_a_study_is_named_by_its_file_and_documented(name: str) -> None:
    study = catalog.get(name)
    assert study.name == name
    notebook = importlib.import_module(f"studies.catalog.{name}").__doc__ or ""
    for word in ("Question:", "Command:", "Data:", "Expected:"):
        assert word in notebook
    assert f"studies run {name}" in notebook


@pytest.mark.parametrize("name", catalog.names())
def test_the_smoke_size_is_the_same_grid_on_embedded_data(name: str, tmp_path: Path) -> None:
    study = catalog.get(name)
    small = smoke(study)
    assert [(v.space, v.name, v.mask, v.sampling) for v in small.variants] == [
        (v.space, v.name, v.mask, v.sampling) for v in study.variants
    ]
    runs = Plan.of(small, tmp_path).runs  # finds its ground truth
    assert len(runs) == len({run.folder for run in runs}) == len(study.variants)
    for variant in small.variants:
        assert variant.data.name == "digits"
        assert variant.training.epochs == 1


def test_two_variants_that_are_one_training_are_refused() -> None:
    study = catalog.get("quickstart")
    again = replace(study.variants[0], name="again", bn_modes=("running",))
    with pytest.raises(ValueError, match="variants: uniform and again are the same training"):
        replace(study, variants=(*study.variants, again))


def test_another_ground_truth_can_be_named() -> None:
    found = grid.truths(["blox-digits:digits_valid"])
    assert set(found) == {"blox"}
    assert found["blox"].column == "digits_valid"
    with pytest.raises(ValueError, match="--truth: 'blox-digits' is not TABLE:COLUMN"):
        grid.truths(["blox-digits"])
    with pytest.raises(ValueError, match="table: 'nowhere' is neither"):
        grid.truths(["nowhere:cifar10_test"])
