"""What ground truth can be trained on, and that a table of images on disk is of the recipe that it names."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from analysis.store.column_names import parse
from studies.configuration import derived_seed
from studies.truth import table
from studies.truth.build import Builder
from studies.truth.stand_alone import Watch, train
from studies.truth.tasks import SYNTHETIC, SYNTHETIC4, Asked, get_task
from supernet.data import DataConfig
from supernet.data.catalog import SOURCES, count_classes
from supernet.data.loading import load_data
from supernet.data.synthetic import Synthetic
from supernet.network import NetworkConfig, StandAlone, seeded
from supernet.spaces import get_space
from supernet.training.trainer import Trainer

CELL = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small synthetic images, fewer of them."""
    source = SOURCES["synthetic4"]
    assert isinstance(source, Synthetic)
    monkeypatch.setitem(SOURCES, "synthetic4", replace(source, draws=6000, of_each=24))
    SOURCES["synthetic4"].get(tmp_path, lambda done, total: None)
    return tmp_path


def test_a_record_is_what_the_network_alone_reaches(root: Path) -> None:
    space, data = get_space("nasbench201"), load_data(DataConfig(name="synthetic4"), root)
    config = replace(SYNTHETIC4.training, epochs=2, batch_size=50)
    records = train("nasbench201", CELL, [0, 3], replace(SYNTHETIC4, training=config), root)
    assert [(r["arch"], r["seed"], r["status"]) for r in records] == [(CELL, s, "finished") for s in (0, 3)]
    for record in records:
        seed = derived_seed("nasbench201", CELL, record["seed"])
        settings = NetworkConfig(space=space, size=SYNTHETIC4.size, affine=True)
        network = seeded(StandAlone, settings, space.parse(CELL), seed=seed)
        Trainer(network, data, config, seed=seed).run()
        network.eval()
        with torch.no_grad():
            right = network(data.normalise(data.test.images)).argmax(1) == data.test.labels
        # Side by side sums are rounded in another order: one image of leeway.
        assert record["test"] == pytest.approx(100 * float(right.float().mean()), abs=101 / len(right))


def test_a_table_of_another_task_is_refused(tmp_path: Path) -> None:
    space, path = get_space("nasbench201"), tmp_path / "t.parquet"
    small, large = (Builder(space, task, 1, 1, 0, path) for task in (SYNTHETIC4, SYNTHETIC))
    assert small.header["data"] == "synthetic4"
    assert large.header["training"]["epochs"] == 200
    assert small.header["evaluation"] == {"noise": 0.0, "copies": 1}
    with pytest.raises(ValueError, match=r"begun with other settings \(data, size, training\)"):
        large._check(small.header, small.records_path)


@pytest.mark.parametrize(
    ("space", "data", "message"),
    [
        ("nasbench201", "nothing", "data: 'nothing' is not one of digits, cifar10"),
        ("blox", "synthetic", "space: 'blox' has no recipe for 'synthetic'; 'nasbench201' has one"),
    ],
)
def test_what_there_is_no_recipe_for_is_refused(space: str, data: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        get_task(space, data)


@pytest.mark.parametrize("name", ["digits", "synthetic", "synthetic4"])
def test_networks_fit_the_images_of_their_task(name: str) -> None:
    size, source = get_task("nasbench201", name).size, SOURCES[name]
    shape = size.image_size, size.image_channels, size.classes
    assert shape == (source.side, source.channels, source.classes)


# Data of one's own


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of pictures of three classes, and of no size in particular."""
    draw = np.random.default_rng(0)
    for number, name in enumerate(("cat", "dog", "eel")):
        folder = tmp_path / "my.pets" / name
        folder.mkdir(parents=True)
        for picture in range(30):
            pixels = draw.integers(0, 256, (14 + picture % 3, 17, 3), dtype=np.uint8)
            pixels[..., number] //= 4
            Image.fromarray(pixels).save(folder / f"{picture}.png")
    return tmp_path


SMALL = Asked(image_size=8, epochs=2, batch_size=20, channels=4, cells=1)


def test_the_recipes_are_the_published_ones() -> None:
    """Blox: Chau et al. (2022), supplement, table 4, and what its code does; NAS-Bench-201: Dong & Yang (2020)."""
    blox = get_task("blox", "cifar100")
    assert blox.data == DataConfig(name="cifar100", split="blox")
    assert blox.size == get_space("blox").published
    assert blox.metrics == ("valid", "test", "valid_best", "test_best")
    recipe, images = blox.training, blox.training.augmentation
    assert (recipe.epochs, recipe.batch_size, recipe.lr, recipe.lr_final) == (200, 256, 0.01, 0)
    assert (recipe.momentum, recipe.nesterov, recipe.weight_decay) == (0.9, False, 5e-4)
    assert (recipe.decayed, recipe.label_smoothing) == ("all", 0)
    policy = images.policy, images.num_ops, images.magnitude, images.policy_first
    assert policy == ("randaugment", 2, 14, True)
    assert (images.flip, images.shift, images.cutout) == (True, 4, 16)
    cifar = get_task("nasbench201", "cifar10")
    assert cifar.metrics == ("valid", "test")
    assert (cifar.size, cifar.data.split) == (get_space("nasbench201").published, "study")
    assert (cifar.training.lr, cifar.training.nesterov, cifar.training.decayed) == (0.1, True, "all")
    half = get_task("nasbench201", "cifar10", Asked(image_size=16, recipe="blox"))
    assert (half.training.augmentation.shift, half.training.augmentation.cutout) == (2, 8)
    assert half.data.split == "study"


def test_named_architectures_of_a_folder_at_another_size(pictures: Path) -> None:
    """More of them later, as often as one likes; a sample is another table."""
    space, path = get_space("nasbench201", ["none"]), pictures / "t.parquet"
    task = get_task(
        "nasbench201",
        "folder:my.pets",
        replace(SMALL, recipe="blox"),
        count_classes("folder:my.pets", pictures),
    )
    assert (task.size.classes, task.size.image_size, task.label) == (3, 8, "my-pets")

    def build(*cells: tuple[int, ...]) -> pd.DataFrame:
        return Builder(space, task, cells, 1, 0, path, root=pictures).run(1, lambda done, total: None)

    one, two = (3, 1, 1, 1, 4, 2), (2, 3, 1, 4, 1, 3)
    first = build(one)
    both = build(two)
    assert list(both["arch"]) == [space.text(one), space.text(two)]
    pd.testing.assert_frame_equal(both.head(1), first)
    columns = table.load(path).manifest["columns"]
    assert {"my-pets_valid_seed0", "my-pets_test", "my-pets_test_best"} <= set(columns)
    assert all(parse(name) for name in columns)
    records = [json.loads(line) for line in path.with_suffix(".records.jsonl").read_text().splitlines()[1:]]
    assert all(record["valid_best"] >= record["valid"] for record in records)
    assert "--arch" in table.load(path).manifest["command"]
    with pytest.raises(ValueError, match=r"begun with other settings \(chosen\)"):
        Builder(space, task, 2, 1, 0, path, root=pictures).run(1, lambda done, total: None)


class Scripted:
    """Stands for a group of two networks whose answers are given: (epochs, networks) right ones and confidence."""

    count = 2

    def __init__(self, labels: torch.Tensor, classes: int) -> None:
        self.labels, self.classes = labels, classes
        self.right, self.sure = (0, 0), (1.0, 1.0)

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        logits = torch.zeros(len(images), 2, self.classes)
        for network in range(2):
            answers = self.labels[: len(images)].clone()
            answers[self.right[network] :] = (answers[self.right[network] :] + 1) % self.classes
            logits[torch.arange(len(images)), network, answers] = self.sure[network]
        return logits


def test_the_best_epoch_is_that_of_the_highest_accuracy_then_of_the_lowest_loss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Against a table by hand. Half of the answers are wrong, so that more confidence is more loss."""
    labels = torch.arange(10) % 3
    monkeypatch.setattr(
        "studies.truth.stand_alone._evaluation", lambda *_: (torch.zeros(10, 3, 8, 8), labels)
    )
    watch = Watch(replace(SYNTHETIC4, best=True), Path(), "cpu", 2)
    group = Scripted(labels, 3)
    right, sure = ((2, 5), (5, 5), (5, 5), (5, 4), (4, 5)), ((1, 1), (3, 3), (1, 1), (1, 1), (2, 2))
    for group.right, group.sure in zip(right, sure, strict=True):
        watch(group)  # type: ignore[arg-type]
    assert watch.best_epoch == [4, 3]
    assert watch.best_test == [50.0, 50.0]
    record = {"status": "finished", "valid": 40.0, "test": 40.0}
    assert watch.of(0, record, True) == {
        "curve": [20.0, 50.0, 50.0, 50.0, 40.0], "valid_best": 50.0, "test_best": 50.0, "best_epoch": 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "asked", "message"),
    [
        ("digits", Asked(epochs=3), "--epochs: the task 'digits' is fixed; leave it out"),
        ("cifar10", Asked(recipe="best"), "--recipe: 'best' is not one of nasbench201, blox"),
        ("cifar10", Asked(epochs=0), "--epochs: 0 is not a positive integer"),
        ("cifar10", Asked(valid_subset=-1), "--valid-subset: -1 is not a positive integer"),
        ("cifar10", Asked(split="own"), "split: 'own' is not one of study"),
        ("cifar10", Asked(image_size=10), "image_size: 10 is not a divisor of 32"),
        ("folder:my.pets", Asked(), "image_size: must be given"),
        ("folder:none", Asked(image_size=8), "'folder:none' is not in"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(data: str, asked: Asked, message: str, pictures: Path) -> None:
    with pytest.raises(ValueError, match=message):
        get_task("nasbench201", data, asked, count_classes(data, pictures))


def test_images_that_the_recipe_cannot_use_are_refused_before_anything_is_trained(pictures: Path) -> None:
    space, path = get_space("nasbench201"), pictures / "t.parquet"
    task = get_task(
        "nasbench201", "folder:my.pets", replace(SMALL, subset=21), count_classes("folder:my.pets", pictures)
    )
    with pytest.raises(ValueError, match="batch_size: 20 leaves a last batch of one of 21 images"):
        Builder(space, task, 1, 1, 0, path, root=pictures).run(1, lambda done, total: None)
    assert not path.with_suffix(".records.jsonl").exists()
    with pytest.raises(ValueError, match="image_size: 6 cannot be halved 2 times"):
        Builder(space, replace(task, size=replace(task.size, image_size=6)), 1, 1, 0, path)


def test_pandas_reads_the_curves(tmp_path: Path) -> None:
    found, path = table.load(table.resolve("nasbench201-digits")), tmp_path / "t.parquet"
    frame, values = found.frame.head(3), np.arange(12, dtype=np.float32).reshape(3, 4)
    curves = pd.DataFrame({"arch": frame["arch"], "digits_valid": table.curve_column(values)})
    table.save(frame, dict(found.manifest), path, curves)
    read = pd.read_parquet(table.curves_path(path))
    assert list(read.columns) == ["arch", "digits_valid"]
    assert np.array_equal(np.stack(read["digits_valid"]), values)
    assert np.array_equal(table.curves(path, ["digits_valid"])["digits_valid"], values)
