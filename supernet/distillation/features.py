"""What a stage of the teacher takes and gives, image by image: computed once where that fits in memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import torch
from torch import Tensor

from supernet.data.dataset import DataSet, Split
from supernet.distillation.stages import Teacher

MOST_BYTES = 2**30  # of a stage's inputs and outputs; beyond it they are computed anew for every batch


def noisy_copies(data: DataSet, split: Split, noise: float, copies: int, seed: int) -> Tensor:
    """Normalised images (copies * N, C, H, W), channels last, each copy with Gaussian noise of its own."""
    x = data.normalise(split.images).repeat(copies, 1, 1, 1)
    if noise:
        generator = torch.Generator().manual_seed(seed)
        x = x + noise * torch.randn(x.shape, generator=generator).to(x)
    return x.contiguous(memory_format=torch.channels_last)


class StageFeatures:
    """Inputs and outputs of one stage of the teacher for images (N, C, H, W), `batch` of them at a time.

    most_bytes: up to which they are kept.
    """

    def __init__(
        self, teacher: Teacher, stage: int, images: Tensor, batch: int, most_bytes: int = MOST_BYTES
    ) -> None:
        self.teacher, self.stage, self.images, self.batch = teacher, stage, images, batch
        inputs, targets = self._computed(images[:1])
        each = (inputs.numel() + targets.numel()) * inputs.element_size()
        self.kept: tuple[Tensor, Tensor] | None = None
        if each * len(images) <= most_bytes:
            parts = [self._computed(part) for part in images.split(batch)]
            inputs, targets = (torch.cat(list(whole)) for whole in zip(*parts, strict=True))
            self.kept = inputs, targets

    def __len__(self) -> int:
        return len(self.images)

    @torch.no_grad()
    def _computed(self, images: Tensor) -> tuple[Tensor, Tensor]:
        inputs = self.teacher.stage_input(images, self.stage)
        return inputs, self.teacher.stages[self.stage](inputs)

    def at(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs (B, C, H, W) and outputs (B, C', H', W') of the images at these positions (B,)."""
        index = index.to(self.images.device)
        if self.kept is None:
            return self._computed(self.images[index])
        inputs, targets = (whole[index] for whole in self.kept)
        return inputs, targets

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """All, in order."""
        for first in range(0, len(self), self.batch):
            if self.kept is None:
                yield self._computed(self.images[first : first + self.batch])
            else:
                inputs, targets = (whole[first : first + self.batch] for whole in self.kept)
                yield inputs, targets

    @cached_property
    def variance(self) -> Tensor:
        """Of each channel of the outputs, over all images and pixels, unbiased, float64 (C',); 0 for a channel that is
        constant ("dead"), and for no other."""
        sums, lows, highs, values = [], [], [], 0
        for _, targets in self.batches():
            sums.append(targets.sum((0, 2, 3), dtype=torch.float64))
            lows.append(targets.amin((0, 2, 3)))
            highs.append(targets.amax((0, 2, 3)))
            values += targets[:, 0].numel()
        mean = torch.stack(sums).sum(0) / values
        constant = torch.stack(lows).amin(0) == torch.stack(highs).amax(0)
        deviations = (targets.double() - mean.view(1, -1, 1, 1) for _, targets in self.batches())
        squares = torch.stack([one.square().sum((0, 2, 3)) for one in deviations]).sum(0)
        return torch.where(constant, 0.0, squares / (values - 1))


def channel_weights(variance: Tensor, loss: str) -> Tensor:
    """(C,): what the channels' mean squared errors are multiplied by, so that their sum is the loss.

    mse: 1 / C. nsr: 1 / variance, over the number of channels that are not dead; 0 for dead ones, NaN if all are."""
    if loss == "mse":
        return torch.full_like(variance, 1 / len(variance))
    live = variance > 0
    return (
        torch.where(live, 1 / variance, 0.0) / live.sum()
        if live.any()
        else torch.full_like(variance, torch.nan)
    )
