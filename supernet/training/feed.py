"""Batches of a training: images taken from the data set and augmented, on its device."""

from __future__ import annotations

import torch
from torch import Tensor

from supernet.data.dataset import DataSet
from supernet.fast.device import Recorder, sent
from supernet.training.augmentation import apply, draw, with_noise
from supernet.training.config import Augmentation


class Feed:
    """images (B, C, H, W) float32, channels last, and labels (B,) = feed(index), index (B,) on the host.

    generator: the host's. On a CUDA device what is drawn goes over in one copy, and all that is done with it for a
    batch of `batch_size` is one CUDA graph, recorded at the first.
    """

    def __init__(
        self, data: DataSet, augmentation: Augmentation, generator: torch.Generator, batch_size: int
    ) -> None:
        self.data, self.augmentation, self.generator = data, augmentation, generator
        self.batch_size = batch_size
        self.device = data.train.labels.device
        self.graph: torch.cuda.CUDAGraph | None = None
        self.numbers = self.images = self.labels = torch.empty(0)

    def release(self) -> None:
        """Let go of the recording and its memory."""
        self.graph = None
        self.numbers = self.images = self.labels = torch.empty(0)

    def __call__(self, index: Tensor) -> tuple[Tensor, Tensor]:
        shape = (len(index), *self.data.train.images.shape[1:])
        draws = draw(self.augmentation, shape, self.generator)
        numbers = torch.cat([index.unsqueeze(0), draws])
        if self.device.type == "cuda" and len(index) == self.batch_size:
            images, labels = self._replayed(numbers)
        else:
            images, labels = self._made(sent(numbers, self.device))
        return with_noise(self.augmentation, images, self.generator), labels

    def _made(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        raw, labels = self.data.train.batch(numbers[0])
        return apply(self.augmentation, self.data, raw, numbers[1:]), labels

    def _replayed(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Copies: the next batch overwrites what the graph fills."""
        if self.graph is None:
            self.numbers = sent(numbers, self.device)
            recorder = Recorder()
            recorder.warm_up(lambda: self._made(self.numbers), ())
            self.graph, (self.images, self.labels) = recorder.record(lambda: self._made(self.numbers))
        self.numbers.copy_(numbers.pin_memory(), non_blocking=True)
        self.graph.replay()
        return self.images.clone(memory_format=torch.preserve_format), self.labels.clone()
