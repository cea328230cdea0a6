"""The benchmark `input`: images augmented and put together into batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.transforms import autoaugment

from benchmarks.timing import Row, compare, one_thread
from benchmarks.work import random_images, training_set
from supernet.data.dataset import DataSet
from supernet.training.augmentation import augment
from supernet.training.config import Augmentation

BATCH = 256
MEAN, STD = (125.3, 123.0, 113.9), (63.0, 62.1, 66.7)  # CIFAR-10's, in uint8 units
LOADER = "DataLoader, 2 workers"
OURS = "this project, 1 thread"


class Pictures(Dataset[tuple[Tensor, int]]):
    """uint8 (N, H, W, C) as torchvision's CIFAR10 keeps them: each one a PIL image on its way to the transforms."""

    def __init__(self, pixels: np.ndarray, policy: list[Any]) -> None:
        mean, std = ([value / 255 for value in values] for values in (MEAN, STD))
        crop = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()]
        end = [transforms.ToTensor(), transforms.Normalize(mean, std)]
        self.pixels, self.transform = pixels, transforms.Compose([*crop, *policy, *end])

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.pixels[index])), 0


def run(quick: bool) -> Iterator[Row]:
    """Input: one epoch of augmented 32x32 colour images, here and from torchvision's transforms in a DataLoader.

    The study's augmentation, alone and with either policy; every variant gives whole normalised batches."""
    scale = 10 if quick else 1
    cifar10 = autoaugment.AutoAugment(autoaugment.AutoAugmentPolicy.CIFAR10)
    with one_thread():
        yield from rows("none", [], 10_000 // scale, {OURS: 15.0}, quick)
        yield from rows("autoaugment", [cifar10], 2_560 // scale, {}, quick)
        yield from rows("randaugment", [autoaugment.RandAugment()], 2_560 // scale, {}, quick)


def rows(policy: str, steps: list[Any], count: int, least: dict[str, float], quick: bool) -> list[Row]:
    """Rows of `count` random images; steps: the policy as torchvision's transforms of PIL images."""
    stream = torch.Generator().manual_seed(0)
    split = random_images(count, 10, generator=stream)
    data = training_set(split, 10, MEAN, STD)
    pictures = Pictures(split.images.permute(0, 2, 3, 1).contiguous().numpy(), steps)
    variants = {
        LOADER: from_loader(pictures, workers=2),
        "DataLoader, 0 workers": from_loader(pictures, workers=0),
        OURS: epoch(data, Augmentation(shift=4, flip=True, policy=policy), stream),
    }
    work = f"{count:,} images, shift and flip" + ("" if policy == "none" else f", {policy}")
    return compare(work, variants, turns=1 if quick else 5, least=least)


def from_loader(pictures: Pictures, workers: int) -> Callable[[], None]:
    """One epoch of batches; the workers stay from epoch to epoch."""
    loader = DataLoader(pictures, BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0)

    def one_epoch() -> None:
        for _ in loader:
            pass

    return one_epoch


def epoch(data: DataSet, augmentation: Augmentation, stream: torch.Generator) -> Callable[[], None]:
    """One epoch of batches as the trainer takes them."""

    def one_epoch() -> None:
        for index in torch.randperm(len(data.train), generator=stream).split(BATCH):
            augment(augmentation, data, data.train.batch(index)[0], stream)

    return one_epoch
