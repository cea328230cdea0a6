"""What does a supernet that a laptop trains know of NAS-Bench-Macro beyond the number of layers?

Question: the number of layers that are not identity ranks the published truth with tau-b .693 (params .218, MACs .556).
Do small supernets rank better, also among networks of equally many such layers, and do strict fairness, balanced
sampling, linear transformers on the identity or leaving it out change that?
Command: python -m studies data get cifar10
         python -m studies truth import macro nas-bench-macro_cifar10.json
         python -m studies run macro_cifar10_cpu --data-root datasets
Jobs: 30 trainings: {uniform, strictly fair of consecutive and of the same batches, balanced, linear transformers,
without identity} x 5 seeds, beside a separable fit of the truth (params, MACs and layers are in every report) and the
combinations of macro_cifar10.
Data: CIFAR-10 at 16x16 pixels, 45,000 training and 1,000 validation images; truth: mean over three seeds of the best
test accuracy of 50 epochs. All 6,561 architectures are scored. All supernets train for 8,448 passes of 64 images: 12
epochs and, of three paths on the same batch, 4.
Expected: ten minutes of one core a run. What is there: docs/results/macro.md.
Smoke: python -m studies run macro_cifar10_cpu --smoke
"""

from __future__ import annotations

from studies.catalog import macro_cifar10
from studies.model.study import Study
from supernet.data import DataConfig
from supernet.spaces import Size
from supernet.training.config import Augmentation, TrainingConfig

SECONDS = 600.0  # of one core: training and scoring


def study() -> Study:
    return macro_cifar10.grid(
        "macro_cifar10_cpu",
        title="NAS-Bench-Macro on CIFAR-10, ranked on two CPU cores",
        note="CIFAR-10 at 16x16 pixels, 1,000 validation images",
        size=Size(channels=8, stages=3, cells_per_stage=1, image_size=16),
        data=DataConfig(name="cifar10", split="study", image_size=16, valid_subset=1000),
        training=TrainingConfig(
            epochs=12,
            batch_size=64,
            lr=0.1,
            lr_final=0.0,
            momentum=0.9,
            nesterov=True,
            weight_decay=3e-4,
            clip_norm=5.0,
            augmentation=Augmentation(shift=2, flip=True),
        ),
        evaluation_batch=500,
        expected_seconds=SECONDS,
    )
