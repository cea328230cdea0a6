"""Data sets as tensors in memory, with fixed splits.

Images are uint8 (N, C, H, W), stored channels last, labels int64 (N,). The split never depends on a run's seed:
every run of a study trains on the same images and is scored on the same others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Split:
    """Images (N, C, H, W) uint8, whatever their layout stored channels last, and their labels (N,) int64."""

    images: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        stored = self.images.contiguous(memory_format=torch.channels_last)
        object.__setattr__(self, "images", stored)

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Images (B, C, H, W), channels last, and labels (B,) at the positions (B,); each image copied whole."""
        images = self.images.permute(0, 2, 3, 1).index_select(0, index).permute(0, 3, 1, 2)
        return images, self.labels.index_select(0, index)

    def to(self, device: torch.device) -> Split:
        return Split(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True)
class DataSet:
    """train, valid and test are disjoint. mean, std: of the training images, per channel, in uint8 units.

    levels: pixels are in 0..levels - 1.
    """

    name: str
    classes: int
    train: Split
    valid: Split
    test: Split
    mean: Tensor
    std: Tensor
    levels: int = 256

    def normalise(self, images: Tensor) -> Tensor:
        """uint8 (B, C, H, W) -> float32, channels last, zero mean and unit variance over the training images.

        Whole rows of W * C numbers at a time: an inner loop over three channels would take five times as long.
        """
        b, c, h, w = images.shape
        mean, std = (values.to(images.device).repeat(w) for values in (self.mean, self.std))
        rows = images.permute(0, 2, 3, 1).reshape(b, h, w * c).to(torch.float32, copy=True)
        return rows.sub_(mean).div_(std).view(b, h, w, c).permute(0, 3, 1, 2)

    def to(self, device: torch.device) -> DataSet:
        names = ("train", "valid", "test", "mean", "std")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})


def evaluation_set(data: DataSet, split: Split, noise: float = 0.0, copies: int = 1) -> tuple[Tensor, Tensor]:
    """Normalised images float32 (copies * N, C, H, W), channels last, and their labels (copies * N,).

    noise: Gaussian noise (in standard deviations of the data), other for each copy but the same for every run:
    it belongs to the task.
    """
    x = data.normalise(split.images).repeat(copies, 1, 1, 1)
    if noise:
        generator = torch.Generator().manual_seed(0)
        x = x + noise * torch.randn(x.shape, generator=generator).to(x.device)
    return x.contiguous(memory_format=torch.channels_last), split.labels.repeat(copies)


def _digits() -> DataSet:
    """scikit-learn's digits: 1,797 grey images of 8x8 pixels, ten classes (Alpaydin & Kaynak, 1998; UCI).

    1,000 train, 397 valid, 400 test: the first, next and last of one fixed permutation. Read from the package's file
    (64 pixels and the label in a row): importing the package would take 80 MB and a second of every process.
    """
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise ValueError("data: 'digits' is a file of scikit-learn, which is not installed")
    table = np.loadtxt(Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    rows = torch.from_numpy(table).to(torch.uint8)
    rows = rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))]
    x, y = rows[:, :64].reshape(-1, 1, 8, 8), rows[:, 64].long()
    train, valid, test = (
        Split(x[a:b].clone(), y[a:b].clone()) for a, b in ((0, 1000), (1000, 1397), (1397, 1797))
    )
    pixels = train.images.float()
    mean, std = pixels.mean((0, 2, 3)), pixels.std((0, 2, 3))
    return DataSet("digits", 10, train, valid, test, mean, std, levels=17)


LOADERS: dict[str, Callable[[], DataSet]] = {"digits": _digits}


@lru_cache
def load(name: str) -> DataSet:
    """The data set of that name. Raises ValueError for an unknown one."""
    if name not in LOADERS:
        raise ValueError(f"data: {name!r} is not one of {', '.join(LOADERS)}")
    return LOADERS[name]()
