"""How well can a supernet that a laptop trains rank NAS-Bench-201 on CIFAR-10, and what decides it?

Question: small supernets, all 45,000 of the training part: which of image size, reduction, sampling and depth lifts the
ranking of the benchmark's networks (32x32, 16 channels, 5 cells a stage, 200 epochs)?
Command: python -m studies data get cifar10
         python -m studies truth import nasbench201 SOURCE     (or: truth import csv FILE --space nasbench201)
         python -m studies run nb201_cifar10_cpu --data-root datasets          (then again with --all)
Jobs: 25 trainings: {light, balanced, 32x32; and on 16x16 pixels: light, balanced; light, uniform; official, balanced;
light, balanced, two cells} x 5 seeds.
Data: CIFAR-10, 45,000 training and 5,000 validation images (of 32x32 pixels 500, which is enough for the loss);
truth: mean test accuracy over the benchmark's seeds. Light reductions are average pooling and a 1x1 convolution: with
the benchmark's residual ones most of what so small a network can do is done outside the cells.
Expected: a training takes 5 to 13 minutes of one core; all 15,625 architectures 6 to 10 more of 32x32 and 500 images,
40 of 16x16 and 5,000. Measured, over all: the mean loss of five 32x32 supernets tau-b .695, one of them .647; number of
parameters .578. All numbers: docs/results/nb201_cifar10_cpu.md.
Smoke: python -m studies run nb201_cifar10_cpu --smoke
"""

from __future__ import annotations

from dataclasses import replace

from studies import protocol
from studies.model.study import Study
from supernet.data import DataConfig
from supernet.spaces import Size
from supernet.training.config import Augmentation, TrainingConfig

TINY = Size(channels=8, stages=3, cells_per_stage=1, image_size=16, reduction="light")
TRAINING = TrainingConfig(
    epochs=40,
    batch_size=64,
    lr=0.05,
    lr_final=0.0,
    momentum=0.9,
    nesterov=True,
    weight_decay=3e-4,
    clip_norm=5.0,
    augmentation=Augmentation(shift=2, flip=True),
)
WHOLE = replace(  # images of their own size, a constant rate: with a falling one the ranking gets worse in the end
    TRAINING, epochs=10, lr=0.1, lr_final=0.1, augmentation=Augmentation(shift=4, flip=True)
)
EVALUATION_BATCH = 500
SECONDS = 760.0  # measured, of one core, with one cell a stage
WHOLE_SECONDS = 300.0


def study() -> Study:
    balanced = protocol.nasbench201(
        "light, balanced",
        TINY,
        training=TRAINING,
        sampling=protocol.BALANCED,
        data=DataConfig(name="cifar10", split="study", image_size=16),
        evaluation_batch=EVALUATION_BATCH,
        expected_seconds=SECONDS,
    )
    return protocol.nasbench201_study(
        "nb201_cifar10_cpu",
        [
            balanced.changed(
                name="light, balanced, 32x32",
                size=replace(TINY, channels=6, image_size=32),
                data=DataConfig(name="cifar10", split="study", valid_subset=500),
                training=WHOLE,
                expected_seconds=WHOLE_SECONDS,
            ),
            balanced,
            balanced.changed(name="light, uniform", sampling=protocol.UNIFORM),
            balanced.changed(name="official, balanced", size=replace(TINY, reduction="official")),
            balanced.changed(
                name="light, balanced, two cells",
                size=replace(TINY, cells_per_stage=2),
                expected_seconds=2 * SECONDS,
            ),
        ],
        note="CIFAR-10, 5,000 validation images, 500 for 32x32; truth: stand-alone networks of NAS-Bench-201, 200"
        " epochs",
        title="NAS-Bench-201 on CIFAR-10, ranked on two CPU cores",
        question="Which of reduction, sampling and depth lets a small supernet rank NAS-Bench-201?",
        seeds=(0, 1, 2, 3, 4),
    )
