"""Training of NAS-Bench-201's networks.

Source: Dong & Yang, "NAS-Bench-201" (ICLR 2020), section 2.3; that all parameters decay is of their code.
"""

from __future__ import annotations

from supernet.spaces.recipe import Recipe
from supernet.spaces.space import Size
from supernet.training.config import Augmentation, TrainingConfig

RECIPE = Recipe(
    training=TrainingConfig(
        epochs=200,
        batch_size=256,
        lr=0.1,
        lr_final=0.0,
        momentum=0.9,
        nesterov=True,
        weight_decay=5e-4,
        decayed="all",
        augmentation=Augmentation(shift=4, flip=True),
    ),
    embedded_size=Size(
        channels=8, stages=2, cells_per_stage=1, image_channels=1, image_size=8, reduction="light"
    ),
)
