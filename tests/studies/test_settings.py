"""--set: what it changes, what it refuses, and that a try is a study of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from studies import catalog
from studies.estimators.one_shot import OneShot
from studies.model.settings import change
from studies.model.smoke import smoke
from studies.model.study import Study


def ids(study: Study) -> set[str]:
    return {variant.run_id(0) for variant in study.variants}


def test_every_variant_is_changed_and_ids_follow() -> None:
    study = catalog.get("quickstart")
    changed, remarks = change(study, ["training.epochs=5", "training.augmentation.noise=0.10"])
    assert changed.name == "quickstart+training.augmentation.noise=0.1+training.epochs=5"
    left_out = "--set: a quarter of the updates of {} is left out: now the same as uniform"
    assert remarks == [left_out.format("nasbench201"), left_out.format("blox")]
    assert not ids(changed) & ids(study)
    kept = [variant for variant in study.variants if variant.name != "a quarter of the updates"]
    for before, after in zip(kept, changed.variants, strict=True):
        estimator = before.estimator
        assert isinstance(estimator, OneShot)
        augmentation = replace(estimator.training.augmentation, noise=0.1)
        # What said its length in updates has it in epochs now.
        training = replace(estimator.training, epochs=5, updates=None, augmentation=augmentation)
        assert after.run_id(1) == before.changed(training=training).run_id(1)
        assert (after.name, after.expected_seconds) == (before.name, None)
    same, _ = change(study, ["evaluation_batch=512"])  # its own value: its own runs
    assert ids(same) == ids(study)


def test_values_by_the_type_of_the_setting() -> None:
    (variant, *_) = change(
        catalog.get("nb201_cifar10"),
        [
            "training.epochs=none",
            "training.updates=9",
            "training.nesterov=True",
            "sampling.share_topology=false",
            "mask=none, skip_connect",
            "bn_modes=running",
            "data.subset=1000",
        ],
    )[0].variants
    assert isinstance(variant.estimator, OneShot)
    training = variant.estimator.training
    assert (training.epochs, training.updates, training.nesterov) == (None, 9, True)
    assert variant.estimator.sampling.share_topology is False
    assert (variant.mask, variant.estimator.bn_modes) == (("none", "skip_connect"), ("running",))
    assert variant.data.subset == 1000


def test_what_becomes_the_same_is_run_once() -> None:
    changed, remarks = change(catalog.get("quickstart"), ["sampling.kind=fair"])
    names = [(variant.space, variant.name) for variant in changed.variants]
    assert ("nasbench201", "uniform") in names
    assert ("nasbench201", "strictly fair") not in names
    assert "--set: strictly fair of nasbench201 is left out: now the same as uniform" in remarks


def test_what_has_no_such_setting_stays_and_is_named() -> None:
    study = catalog.get("estimators")
    changed, remarks = change(study, ["sampling.kind=balanced"])
    assert len(ids(changed) & ids(study)) == len(ids(study)) - 3  # two supernets, one of them a parent
    assert all("zero-cost" in remark or "left out" in remark for remark in remarks)


def test_parents_are_changed_with_their_children() -> None:
    changed, _ = change(smoke(catalog.get("few_shot")), ["training.batch_size=40"])
    assert changed.name == "few_shot-smoke+training.batch_size=40"
    for variant in changed.variants:
        assert variant.parent is None or variant.parent.config(0)["training"]["batch_size"] == 40


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("training.epochs", "--set: 'training.epochs' is not SETTING=VALUE"),
        ("trainig.epochs=5", "--set: 'trainig' is not one of affine, bn_modes, data, "),
        ("epochs=5", "; training.epochs is a setting"),
        ("name=x", "--set: 'name' is not one of"),
        ("training.epoch=5", "--set: training.epoch: 'epoch' is not one of epochs, updates, "),
        ("mask.x=1", "--set: mask.x: mask has no settings of its own"),
        ("training=5", "--set: training: has settings of its own, epochs, "),
        ("training.epochs=five", "--set: training.epochs: 'five' is not an integer or none"),
        ("training.lr=high", "--set: training.lr: 'high' is not a number"),
        ("training.compile=yes", "--set: training.compile: 'yes' is not true or false"),
        ("training.epochs=0", "--set: uniform: epochs: 0 is not a positive integer"),
        ("training.lr=nan", "--set: uniform: lr: nan is not a number >= 0"),
        ("sampling.kind=fiar", "--set: uniform: kind: 'fiar' is not one of uniform, fair, "),
        ("mask=pool", "--set: uniform: mask: 'pool' is not one of none, "),
    ],
)
def test_mistakes(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^--set") as error:
        change(catalog.get("quickstart"), [text])
    assert said in str(error.value)


def test_a_setting_twice() -> None:
    for texts in (["training.epochs=1", "training.epochs=2"], ["training=1", "training.epochs=2"]):
        with pytest.raises(ValueError, match="is set twice"):
            change(catalog.get("quickstart"), texts)
