"""Training of NAS-Bench-Macro's networks. Source: Su et al. (CVPR 2021), section 4.1, and their public code.

They trained on all 50,000 images and took the best of 50 test accuracies; here a part validates."""

from __future__ import annotations

from supernet.spaces.recipe import Recipe
from supernet.spaces.space import Size
from supernet.training.config import Augmentation, TrainingConfig

RECIPE = Recipe(
    training=TrainingConfig(
        epochs=50,
        batch_size=256,
        lr=0.1,
        lr_final=0.0,
        momentum=0.9,
        weight_decay=5e-4,
        decayed="all",
        augmentation=Augmentation(shift=4, flip=True),
    ),
    best=True,
    embedded_size=Size(channels=4, stages=3, cells_per_stage=1, image_channels=1, image_size=8),
    # Fewer epochs, as these networks are deeper; narrower, so that their accuracies spread.
    embedded_training={"epochs": 6},
)
