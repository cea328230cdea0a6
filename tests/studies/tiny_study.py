"""A study small enough to run for real in seconds: digits, four channels, three epochs, tables of a few rows."""

from __future__ import annotations

from pathlib import Path

import torch
from digits_tables import DIGITS, SIZE, write_table

from studies.estimators.one_shot import OneShot
from studies.model.study import Run, Study, Truth
from studies.model.variant import Variant
from supernet.training.config import Augmentation, TrainingConfig
from supernet.training.sampling import SamplingConfig


class Killed(BaseException):
    """What no code catches: it stands for the end of the process."""


def quiet(phase: str, fraction: float, detail: str) -> None:
    """Report nothing."""


def weights(run: Run) -> dict[str, torch.Tensor]:
    """Those of a run's checkpoint."""
    found: dict[str, torch.Tensor] = torch.load(run.folder / "checkpoint.pt", weights_only=True)["model"]
    return found


def tiny_study(folder: Path) -> Study:
    """Two spaces, three variants, two seeds; ground truth in `folder`."""
    training = TrainingConfig(
        epochs=3, batch_size=250, lr=0.05, augmentation=Augmentation(shift=1, noise=0.3)
    )

    def variant(name: str, space: str, **options: object) -> Variant:
        supernet = OneShot(training=training)
        variant = Variant(name=name, space=space, size=SIZE[space], data=DIGITS, estimator=supernet)
        return variant.changed(**options)

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
            space: Truth(str(write_table(folder, space, rows)), "digits_test")
            for space, rows in (("nasbench201", 30), ("blox", 12))
        },
        seeds=(0, 1),
        top=(5, 10),
    )
