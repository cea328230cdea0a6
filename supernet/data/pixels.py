"""What is computed of pixels while a data set is read: smaller images, mean and standard deviation. All of it in
whole numbers, so that no machine and no release rounds another way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from supernet.data.dataset import Split

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
CHUNK = 1000  # images whose pixels are held in wider types at a time


def shrink(images: Pixels, side: int) -> Pixels:
    """uint8 (N, C, S, S) -> (N, C, side, side): each pixel the mean of a square of pixels, halves rounded up.

    ValueError if side does not divide S.
    """
    whole = images.shape[-1]
    if whole % side:
        raise ValueError(f"image_size: {side} is not a divisor of {whole}, the side of the images")
    factor = whole // side
    if factor == 1:
        return images
    out = np.empty((*images.shape[:2], side, side), np.uint8)
    for begin in range(0, len(images), CHUNK):
        block = images[begin : begin + CHUNK]
        total = np.full((*block.shape[:2], side, side), factor**2 // 2, np.uint32)
        for row in range(factor):
            for column in range(factor):
                total += block[:, :, row::factor, column::factor]
        out[begin : begin + CHUNK] = total // factor**2
    return out


def stack(blocks: Iterable[Pixels], side: int) -> Tensor:
    """Blocks of images (n, C, S, S) -> one tensor uint8 (N, C, side, side), stored channels last. Of a block no more
    is kept than its smaller images."""
    parts = [
        torch.from_numpy(np.ascontiguousarray(shrink(block, side).transpose(0, 2, 3, 1))) for block in blocks
    ]
    return torch.cat(parts).permute(0, 3, 1, 2)


def gather(batches: Iterable[tuple[Pixels, np.ndarray]], side: int) -> Split:
    """Batches of images (n, C, S, S) and labels (n,) as one split with `side` pixels a side."""
    labels = []

    def images() -> Iterator[Pixels]:
        for pixels, own in batches:
            labels.append(torch.from_numpy(own))
            yield pixels

    stacked = stack(images(), side)
    return Split(stacked, torch.cat(labels))


def mean_and_std(images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (with n - 1) of every channel of images uint8 (N, C, H, W), N > 0: float32 (C,)."""
    n = images.numel() // images.shape[1]
    total, squares = (torch.zeros(images.shape[1], dtype=torch.int64) for _ in range(2))
    for block in images.split(CHUNK):
        values = block.to(torch.int32)
        total += values.sum((0, 2, 3))
        squares += (values * values).sum((0, 2, 3))
    # n * (sum of squares) - (sum)^2 has more digits than an int64 holds for a million images: Python's ints.
    spread = [n * q - s * s for q, s in zip(squares.tolist(), total.tolist(), strict=True)]
    std = [(value / (n * max(1, n - 1))) ** 0.5 for value in spread]
    return torch.tensor([s / n for s in total.tolist()]), torch.tensor(std)
