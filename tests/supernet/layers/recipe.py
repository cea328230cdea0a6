"""Training of the layers' networks."""

from __future__ import annotations

from supernet.spaces.recipe import Recipe
from supernet.spaces.space import Size
from supernet.training.config import Augmentation, TrainingConfig

RECIPE = Recipe(
    training=TrainingConfig(epochs=10, batch_size=256, lr=0.1, augmentation=Augmentation(shift=4, flip=True)),
    embedded_size=Size(channels=8, stages=2, cells_per_stage=1, image_channels=1, image_size=8),
)
