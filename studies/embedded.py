"""The embedded task: scikit-learn's digits and networks small enough to train in seconds on one core.

Ground truth and supernets share it: same images, same augmentation, same network size, so that a study on a
laptop has everything that a large one has. It is not one of the published benchmarks.
"""

from __future__ import annotations

from dataclasses import replace

from supernet.spaces import SPACES
from supernet.spaces.recipe import get_recipe
from supernet.training.config import Augmentation, TrainingConfig

DATA = "digits"
NOTE = "scikit-learn digits (8x8 pixels) and small networks: not the published benchmarks"
NOISE = 0.3  # Gaussian noise on training and evaluation images, in standard deviations of the data
COPIES = 4  # noisy copies of every evaluation image for ground truth: less measurement noise
AUGMENTATION = Augmentation(shift=1, noise=NOISE)
SIZES = {name: get_recipe(space).embedded_size for name, space in SPACES.items()}
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
STAND_ALONE = {
    name: replace(_RECIPE, **get_recipe(space).embedded_training) for name, space in SPACES.items()
}


def shortened(training: TrainingConfig, *, epochs: int = 2, batch: int = 50) -> TrainingConfig:
    """A training at a size that only shows that it works, for a few hundred of these images: so many epochs."""
    return replace(
        training,
        epochs=epochs,
        updates=None,
        batch_size=min(training.batch_size, batch),
        augmentation=AUGMENTATION,
    )
