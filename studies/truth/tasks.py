"""What ground truth can be trained on: images, network, recipe and evaluation of each task, by name.

digits: the embedded task. synthetic: the FEAR paper's images of noise, with networks and recipe of NAS-Bench-201.
synthetic4: the same in small, for a laptop: no accuracy of one says anything about the other. These are fixed.
Any other data set (cifar10, cifar100, imagenet16, folder:NAME): the benchmark's networks and recipe, or what was
`Asked` for instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from studies import embedded
from supernet.data.config import FACTS, DataConfig
from supernet.spaces import SPACES, Size, get_space
from supernet.spaces.recipe import get_recipe
from supernet.training.config import Augmentation, TrainingConfig


@dataclass(frozen=True, kw_only=True)
class Task:
    """note: what the data are, printed wherever results are. size: of the stand-alone networks. noise: Gaussian, of the
    evaluation images, in standard deviations of the data; copies: of each of them. best: whether the accuracies at the
    epoch of the best validation accuracy are kept beside those of the last."""

    note: str
    data: DataConfig
    size: Size
    training: TrainingConfig
    noise: float = 0.0
    copies: int = 1
    best: bool = False

    @property
    def label(self) -> str:
        """The data in the names of columns and files: 'pets' for 'folder:pets'."""
        name = self.data.name.rpartition(":")[2]
        return re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-") or "folder"

    @property
    def metrics(self) -> tuple[str, ...]:
        """What is measured of each network; '_best': at the epoch of the best validation accuracy."""
        return ("valid", "test", *(("valid_best", "test_best") if self.best else ()))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What differs from a task's default, None for what does not. recipe: of which space. split, subset,
    valid_subset, image_size: of the images (supernet/data/config.py). epochs, batch_size: of the training. channels,
    cells: of the network, the first stage's and those a stage."""

    recipe: str | None = None
    split: str | None = None
    subset: int | None = None
    valid_subset: int | None = None
    image_size: int | None = None
    epochs: int | None = None
    batch_size: int | None = None
    channels: int | None = None
    cells: int | None = None

    @property
    def given(self) -> dict[str, str | int]:
        """By option of the command line, what is not None."""
        values = {f.name.replace("_", "-"): getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


def _embedded(space: str) -> Task:
    return Task(
        note=embedded.NOTE,
        data=DataConfig(name=embedded.DATA),
        size=embedded.SIZES[space],
        training=embedded.STAND_ALONE[space],
        noise=embedded.NOISE,
        copies=embedded.COPIES,
    )


def task_of(manifest: Mapping[str, Any]) -> Task:
    """The task that the networks of a table of `truth build` were trained on, as its manifest says.

    Raises ValueError for a table of others, and for one of networks that were fine-tuned."""
    if manifest.get("fine_tuned"):
        raise ValueError("its networks were fine-tuned from a teacher, not trained from scratch")
    try:
        training = manifest["training"]
        return Task(
            note=manifest["note"],
            data=DataConfig(name=manifest["data"], **manifest.get("images", {})),
            size=Size(**manifest["size"]),
            training=TrainingConfig(**{**training, "augmentation": Augmentation(**training["augmentation"])}),
            noise=manifest["evaluation"]["noise"],
            copies=manifest["evaluation"]["copies"],
            best=manifest.get("best_epoch", False),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ValueError(
            "its manifest does not say how its networks were trained; `truth build` writes it"
        ) from None


RECIPES = {name: get_recipe(space) for name, space in SPACES.items()}
NASBENCH201, BLOX = (RECIPES[name].training for name in ("nasbench201", "blox"))

# Without crops and flips, whose labels would no longer be those of the image; decay as our trainings have it.
_SYNTHETIC_TRAINING = replace(NASBENCH201, decayed="weights", augmentation=Augmentation())
SYNTHETIC = Task(
    note="synthetic CIFAR-10: images of noise, labels of random networks",
    data=DataConfig(name="synthetic"),
    size=Size(channels=16, stages=3, cells_per_stage=5),
    training=_SYNTHETIC_TRAINING,
)
SYNTHETIC4 = Task(
    note="images of noise of 4x4 pixels, labels of random networks, small networks: not the FEAR paper's images",
    data=DataConfig(name="synthetic4"),
    size=Size(channels=4, stages=1, cells_per_stage=1, image_size=4, reduction="light"),
    training=replace(_SYNTHETIC_TRAINING, epochs=8, lr=0.4),
)
_SYNTHETIC = {"synthetic": SYNTHETIC, "synthetic4": SYNTHETIC4}


def get_task(space: str, data: str, asked: Asked | None = None, classes: int | None = None) -> Task:
    """The task of these data for this space.

    Args:
        classes: number of classes; needed for a folder of images, where only its files tell.

    Raises:
        ValueError: if there are none of these data, not for this space, or not what was asked for.
    """
    asked = asked or Asked()
    if data == embedded.DATA or data in _SYNTHETIC:
        if asked.given:
            raise ValueError(f"--{next(iter(asked.given))}: the task {data!r} is fixed; leave it out")
        if data == embedded.DATA:
            return _embedded(space)
        if space != "nasbench201":
            raise ValueError(f"space: {space!r} has no recipe for {data!r}; 'nasbench201' has one")
        return _SYNTHETIC[data]
    return _own(space, data, asked, classes)


def _own(space: str, data: str, asked: Asked, classes: int | None) -> Task:
    recipe = asked.recipe or space
    if recipe not in RECIPES:
        raise ValueError(f"--recipe: {recipe!r} is not one of {', '.join(RECIPES)}")
    for name in ("epochs", "batch_size", "channels", "cells", "subset", "valid_subset", "image_size"):
        value = getattr(asked, name)
        if value is not None and value < 1:
            raise ValueError(f"--{name.replace('_', '-')}: {value} is not a positive integer")
    config = DataConfig(
        name=data,
        split=asked.split or _split(data, recipe),
        subset=asked.subset,
        valid_subset=asked.valid_subset,
        image_size=asked.image_size,
    )
    published = get_space(space).published
    size = replace(
        published,
        image_size=config.side,
        image_channels=config.facts.channels,
        classes=_classes(config, classes),
        channels=asked.channels or published.channels,
        cells_per_stage=asked.cells or published.cells_per_stage,
    )
    return Task(
        note=_note(config, recipe),
        data=config,
        size=size,
        training=_for_side(RECIPES[recipe].training, config.side, asked),
        best=RECIPES[recipe].best,
    )


def _split(data: str, recipe: str) -> str | None:
    """The benchmark's own where it is defined; None for the data set's default."""
    split = RECIPES[recipe].split
    return split if data in FACTS and split in FACTS[data].splits else None


def _classes(config: DataConfig, counted: int | None) -> int:
    classes = counted if config.facts.classes is None else config.facts.classes
    if classes is None:
        raise ValueError(f"data: the classes of {config.name!r} are known from its folder only")
    return classes


def _note(config: DataConfig, recipe: str) -> str:
    parts = [f"{config.name} under the split {config.split!r}, {config.side}x{config.side} pixels"]
    parts += [f"{config.subset} training images"] if config.subset is not None else []
    parts += [f"{config.valid_subset} validation images"] if config.valid_subset is not None else []
    return f"{', '.join(parts)}; recipe of {get_space(recipe).title}, trained by this project"


def _for_side(recipe: TrainingConfig, side: int, asked: Asked) -> TrainingConfig:
    """The recipe, made for 32 pixels, at another side: shift and cutout in proportion, at least a pixel."""
    of = recipe.augmentation
    shift, cutout = (max(1, round(pixels * side / 32)) if pixels else 0 for pixels in (of.shift, of.cutout))
    return replace(
        recipe,
        augmentation=replace(of, shift=shift, cutout=cutout),
        epochs=asked.epochs or recipe.epochs,
        batch_size=asked.batch_size or recipe.batch_size,
    )
