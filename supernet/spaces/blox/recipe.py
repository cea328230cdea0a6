"""Blox's normal training.

Source: Chau et al., Blox (NeurIPS 2022), supplement, table 4, and the released training code.
"""

from __future__ import annotations

from supernet.spaces.recipe import Recipe
from supernet.spaces.space import Size
from supernet.training.config import Augmentation, TrainingConfig

RECIPE = Recipe(
    training=TrainingConfig(
        epochs=200,
        batch_size=256,
        lr=0.01,
        lr_final=0.0,
        momentum=0.9,
        weight_decay=5e-4,
        decayed="all",
        augmentation=Augmentation(
            shift=4, flip=True, cutout=16, policy="randaugment", num_ops=2, magnitude=14, policy_first=True
        ),
    ),
    best=True,
    split="blox",
    embedded_size=Size(
        channels=8, stages=3, cells_per_stage=1, image_channels=1, image_size=8, reduction="light"
    ),
    # Fewer epochs, as these networks are several times deeper: their accuracies spread as widely.
    embedded_training={"epochs": 8, "lr": 0.05},
)
