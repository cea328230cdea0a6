"""Data sets as tensors in memory, with fixed splits; augmentation of whole batches at once.

Images are uint8 (N, C, H, W), labels int64 (N,). The split never depends on a run's seed: every run of a study
trains on the same images and is scored on the same others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Split:
    """Images (N, C, H, W) uint8 and their labels (N,) int64."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> Split:
        return Split(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True)
class DataSet:
    """train, valid and test are disjoint. mean, std: of the training images, per channel, in uint8 units."""

    name: str
    classes: int
    train: Split
    valid: Split
    test: Split
    mean: Tensor
    std: Tensor

    def normalise(self, images: Tensor) -> Tensor:
        """uint8 (B, C, H, W) -> float32, zero mean and unit variance over the training images."""
        shape = (1, -1, 1, 1)
        mean, std = self.mean.view(shape).to(images.device), self.std.view(shape).to(images.device)
        return (images.float() - mean) / std

    def to(self, device: torch.device) -> DataSet:
        train, valid, test = self.train.to(device), self.valid.to(device), self.test.to(device)
        return DataSet(self.name, self.classes, train, valid, test, self.mean.to(device), self.std.to(device))


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What is done to training images, freshly for each image each time.

    shift: pixels, uniform in [-shift, shift] both ways, black beyond the border. flip: mirrored left-right with
    probability 1/2. cutout: side of a square set to the mean, centre uniform, clipped at the border.
    noise: standard deviation of Gaussian noise, in standard deviations of the data.
    """

    shift: int = 0
    flip: bool = False
    cutout: int = 0
    noise: float = 0.0

    def __post_init__(self) -> None:
        for field in ("shift", "cutout"):
            value = getattr(self, field)
            if not isinstance(value, int) or value < 0:
                raise ValueError(f"{field}: {value!r} is not an integer >= 0")
        if not 0 <= self.noise < float("inf"):
            raise ValueError(f"noise: {self.noise!r} is not a number >= 0")

    def __call__(self, data: DataSet, images: Tensor, generator: torch.Generator) -> Tensor:
        """uint8 (B, C, H, W) -> normalised float32 (B, C, H, W), channels last."""
        b, c, h, w = images.shape
        device = images.device

        def integers(low: int, high: int) -> Tensor:
            return torch.randint(low, high, (b,), generator=generator, device=device)

        if self.shift or self.flip:
            columns = torch.arange(w, device=device).expand(b, w)
            if self.flip:
                mirrored = integers(0, 2).bool().view(b, 1)
                columns = torch.where(mirrored, w - 1 - columns, columns)
            rows = torch.arange(h, device=device).expand(b, h)
            if self.shift:
                images = F.pad(images, (self.shift,) * 4)
                rows = rows + integers(0, 2 * self.shift + 1).view(b, 1)
                columns = columns + integers(0, 2 * self.shift + 1).view(b, 1)
            wide = images.shape[3]
            flat = (rows.view(b, 1, h, 1) * wide + columns.view(b, 1, 1, w)).view(b, 1, h * w)
            images = images.flatten(2).gather(2, flat.expand(b, c, h * w)).view(b, c, h, w)
        x = data.normalise(images)
        if self.cutout:
            half, odd = divmod(self.cutout, 2)
            rows = torch.arange(h, device=device).view(1, h, 1) - integers(0, h).view(b, 1, 1)
            columns = torch.arange(w, device=device).view(1, 1, w) - integers(0, w).view(b, 1, 1)
            hole = (rows >= -half) & (rows < half + odd) & (columns >= -half) & (columns < half + odd)
            x = x.masked_fill(hole.unsqueeze(1), 0.0)
        if self.noise:
            x = x + self.noise * torch.randn(x.shape, generator=generator, device=device)
        return x.contiguous(memory_format=torch.channels_last)


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

    1,000 train, 397 valid, 400 test: the first, next and last of one fixed permutation.
    """
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    x = torch.from_numpy(images).view(-1, 1, 8, 8).to(torch.uint8)[order]
    y = torch.from_numpy(labels).long()[order]
    train, valid, test = (
        Split(x[a:b].clone(), y[a:b].clone()) for a, b in ((0, 1000), (1000, 1397), (1397, 1797))
    )
    pixels = train.images.float()
    return DataSet("digits", 10, train, valid, test, pixels.mean((0, 2, 3)), pixels.std((0, 2, 3)))


LOADERS: dict[str, Callable[[], DataSet]] = {"digits": _digits}


@lru_cache
def load(name: str) -> DataSet:
    """The data set of that name. Raises ValueError for an unknown one."""
    if name not in LOADERS:
        raise ValueError(f"data: {name!r} is not one of {', '.join(LOADERS)}")
    return LOADERS[name]()
