"""The embedded task: scikit-learn's digits and networks small enough to train in seconds on one core.

Ground truth and supernets share it: same images, same augmentation, same network size, so that a study on a
laptop has everything that a large one has. It is not one of the published benchmarks.
"""

from __future__ import annotations

from dataclasses import replace

from supernet.spaces import Size
from supernet.training.augmentation import Augmentation
from supernet.training.trainer import TrainingConfig

DATA = "digits"
NOTE = "scikit-learn digits (8x8 pixels) and small networks: not the published benchmarks"
NOISE = 0.3  # Gaussian noise on training and evaluation images, in standard deviations of the data
COPIES = 4  # noisy copies of every evaluation image for ground truth: less measurement noise
AUGMENTATION = Augmentation(shift=1, noise=NOISE)
SIZES = {
    "nasbench201": Size(
        channels=8, stages=2, cells_per_stage=1, image_channels=1, image_size=8, classes=10, reduction="light"
    ),
    "blox": Size(
        channels=8, stages=3, cells_per_stage=1, image_channels=1, image_size=8, classes=10, reduction="light"
    ),
}
_RECIPE = TrainingConfig(
    epochs=12,
    batch_size=64,
    lr=0.1,
    lr_final=0.0,
    momentum=0.9,
    nesterov=True,
    weight_decay=5e-4,
    augmentation=AUGMENTATION,
)
# Fewer epochs for Blox, whose networks are several times deeper: its accuracies spread as widely.
STAND_ALONE = {"nasbench201": _RECIPE, "blox": replace(_RECIPE, epochs=8, lr=0.05)}
