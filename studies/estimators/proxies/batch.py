"""The one batch of training images that all architectures of a run are judged by."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import torch
from torch import Tensor

from studies.model.seeds import derived_seed
from supernet.data import DataSet


class Batch(NamedTuple):
    """positions: (N,) in the training split. images: (N, C, H, W) float32, normalised, not augmented, channels last.
    labels: (N,)."""

    positions: Tensor
    images: Tensor
    labels: Tensor

    def digest(self) -> str:
        """Equal for equal images and labels."""
        content = self.images.contiguous().cpu().numpy().tobytes() + self.labels.cpu().numpy().tobytes()
        return hashlib.sha256(content).hexdigest()


def fixed_batch(data: DataSet, size: int, seed: int) -> Batch:
    """`size` training images drawn without replacement; the same for the same seed.

    ValueError if there are fewer. Several proxies depend on the batch size, so it is never made smaller."""
    if size > len(data.train):
        raise ValueError(
            f"batch_size: {size} is more than the {len(data.train)} training images of {data.name}"
        )
    stream = torch.Generator().manual_seed(derived_seed("batch of the zero-cost proxies", seed))
    positions = torch.randperm(len(data.train), generator=stream)[:size]
    images, labels = data.train.batch(positions.to(data.train.labels.device))
    return Batch(positions, data.normalise(images), labels)
