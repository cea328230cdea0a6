"""A shallow learner on HoG features: how much of a data set can be learned without a deep network.

Histograms of oriented gradients, 9 orientations in a grid of 4 x 4 cells, blocks of 3 x 3 cells: 324 numbers an image
whatever its side, as in FEAR's code for 32 and 16 pixels. On them a multi-layer perceptron.

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), appendix A.3; N. Dalal and
B. Triggs, "Histograms of oriented gradients for human detection" (CVPR 2005).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from studies import embedded
from supernet.data import DataSet
from supernet.training.augmentation import Augmentation
from supernet.training.trainer import Epoch, Trainer, TrainingConfig

CELLS = 4  # a side
RECIPE = TrainingConfig(
    epochs=200,
    batch_size=1024,
    lr=0.5,
    lr_final=1e-3,
    momentum=0.9,
    weight_decay=3e-4,
    augmentation=Augmentation(shift=4, flip=True),
)


def hog_features(images: Tensor) -> Tensor:
    """(B, C, H, W) of any scale -> float32 (B, 324), on the same device; of several channels the one with the largest
    gradient counts, pixel by pixel. ValueError if the sides are no multiple of 4."""
    from skimage.feature import hog

    height, width = images.shape[2:]
    if height != width or height % CELLS:
        raise ValueError(f"image_size: {height} x {width} cannot be cut into {CELLS} x {CELLS} cells for HoG")
    pixels = (height // CELLS, width // CELLS)
    rows = [
        hog(image, orientations=9, pixels_per_cell=pixels, cells_per_block=(3, 3), channel_axis=-1)
        for image in images.detach().permute(0, 2, 3, 1).cpu().numpy()
    ]
    return torch.from_numpy(np.stack(rows).astype(np.float32)).to(images.device)


class HogClassifier(nn.Module):
    """HoG -> two hidden layers with ReLU -> logits: (B, C, H, W) -> (B, classes)."""

    def __init__(self, image_channels: int, image_size: int, hidden: int, classes: int) -> None:
        super().__init__()
        features = hog_features(torch.zeros(1, image_channels, image_size, image_size)).shape[1]
        self.layers = nn.Sequential(
            nn.Linear(features, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.layers(hog_features(x))
        return logits


@dataclass(frozen=True, kw_only=True)
class HogLearner:
    """The learner and its training, by default FEAR's for CIFAR. hidden: width of both hidden layers."""

    hidden: int = 2048
    training: TrainingConfig = RECIPE

    def __post_init__(self) -> None:
        if not isinstance(self.hidden, int) or self.hidden < 1:
            raise ValueError(f"hidden: {self.hidden!r} is not a positive integer")

    def small(self) -> HogLearner:
        """The same at a size that only shows that it works."""
        short = replace(
            self.training,
            epochs=2,
            updates=None,
            batch_size=min(self.training.batch_size, 50),
            augmentation=embedded.AUGMENTATION,
        )
        return replace(self, hidden=min(self.hidden, 16), training=short)

    def train(
        self, data: DataSet, seed: int, path: Path, report: Callable[[float, str], None]
    ) -> dict[str, Any]:
        """Train it, from the checkpoint at `path` if there is one, to the same bits.

        Returns accuracy (percent, of the last epoch, on the training images as they were seen: what FEAR takes for its
        threshold), updates, train_seconds, macs. ValueError if the training diverges."""
        _, channels, side, _ = data.train.images.shape
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = HogClassifier(channels, side, self.hidden, data.classes)
        trainer = Trainer(model.to(data.train.images.device), data, self.training, seed=seed)

        def after_epoch(epoch: Epoch, epochs: int) -> None:
            report(epoch.epoch / epochs, f"HoG learner: epoch {epoch.epoch}/{epochs}, {epoch.accuracy:.1f} %")

        if trainer.run(path, after_epoch) != "finished":
            raise ValueError(
                f"lr: {self.training.lr} is too much for the shallow learner, whose training diverged"
            )
        weights = sum(parameter.numel() for parameter in model.parameters() if parameter.ndim > 1)
        return {
            "accuracy": trainer.history[-1].accuracy,
            "updates": trainer.updates,
            "train_seconds": round(sum(epoch.seconds for epoch in trainer.history), 2),
            "macs": 3 * weights * sum(epoch.images or 0 for epoch in trainer.history),
        }
