"""The one form that all data sets have in memory: tensors of whole images, with fixed splits.

Images are uint8 (N, C, H, W), stored channels last, labels int64 (N,). The split never depends on a run's seed:
every run of a study trains on the same images and is scored on the same others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    """The images of a task. train, valid and test are disjoint.

    Attributes:
        mean: of the training images, per channel, in uint8 units.
        std: their standard deviation, in the same units.
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
