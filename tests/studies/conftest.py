"""A study small enough to run for real in seconds: digits, four channels, three epochs, tables of a few rows."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from studies.study import Study, Truth
from studies.truth import table
from studies.variant import Variant
from supernet.augmentation import Augmentation
from supernet.data import DataConfig
from supernet.sampling import SamplingConfig
from supernet.spaces import Size, get_space
from supernet.training import TrainingConfig

DIGITS = DataConfig(name="digits")
SIZE = {
    "nasbench201": Size(
        channels=4, stages=2, cells_per_stage=1, image_channels=1, image_size=8, reduction="light"
    ),
    "blox": Size(channels=4, stages=3, cells_per_stage=1, image_channels=1, image_size=8, reduction="light"),
}


def write_table(folder: Path, space_name: str, rows: int) -> Path:
    """A table in the project's format with made-up accuracies: enough for everything but its numbers."""
    space, rng = get_space(space_name), np.random.default_rng(0)
    architectures = space.sample(rows, seed=3)
    frame = pd.DataFrame({"arch": [space.text(a) for a in architectures]})
    for metric in ("valid", "test"):
        seeds = [f"digits_{metric}_seed{seed}" for seed in range(2)]
        for name in seeds:
            frame[name] = rng.uniform(50, 90, rows)
        frame[f"digits_{metric}"] = frame[seeds].mean(axis=1)
    manifest = {
        "space": space_name,
        "title": "made up",
        "data": "digits",
        "size": asdict(SIZE[space_name]),
        "columns": [name for name in frame if name != "arch"],
        "seeds": 2,
    }
    path = folder / f"{space_name}.parquet"
    table.save(frame, manifest, path)
    return path


@pytest.fixture
def tiny(tmp_path: Path) -> Study:
    """Two spaces, three variants, two seeds; ground truth in tmp_path."""
    training = TrainingConfig(
        epochs=3, batch_size=250, lr=0.05, augmentation=Augmentation(shift=1, noise=0.3)
    )

    def variant(name: str, space: str, **options: object) -> Variant:
        return Variant(name=name, space=space, size=SIZE[space], training=training, data=DIGITS, **options)  # type: ignore[arg-type]

    fair = SamplingConfig(kind="fair", gradients="parameter_mean")
    return Study(
        name="tiny",
        title="Tiny",
        question="Does it work?",
        note="made up",
        variants=(
            variant("uniform", "nasbench201", bn_modes=("batch", "running")),
            # Three paths a group and four batches an epoch: every epoch ends inside a group.
            variant("fair", "blox", sampling=fair),
            variant("masked", "nasbench201", mask=("none", "avg_pool_3x3"), sampling=fair),
        ),
        truth={
            space: Truth(str(write_table(tmp_path, space, rows)), "digits_test")
            for space, rows in (("nasbench201", 30), ("blox", 12))
        },
        seeds=(0, 1),
        top=(5, 10),
    )
