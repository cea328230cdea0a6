"""Do small supernets rank NAS-Bench-201 on CIFAR-10, and does strict fairness help? The ranking study's own protocol.

Question: how do single-path supernets of the ranking study's two sizes rank the true top-N and a random sample of
1,000, under strictly fair and uniform sampling, and how much of it is due to BatchNorm statistics while scoring?
(Single-path ranking study, figures 4, 6 and 9, full search space; its section 4 has the protocol.)
Command: python -m studies data get cifar10
         python -m studies truth import nasbench201 SOURCE     (or: truth import csv FILE --space nasbench201)
         python -m studies run nb201_cifar10 --data-root datasets
Data: CIFAR-10, 45,000 training and 5,000 validation images; truth: mean test accuracy over the benchmark's seeds.
Expected: 20 trainings of 250 epochs. A GPU's work: one small supernet costs 44,000 mini-batches of 256, about 10 hours
of two CPU cores (0.85 s each: docs/benchmarks/step.md). Published level for the full space, C=16, N=5, 250 epochs,
uniform: tau-b .59 over all architectures.
Smoke: python -m studies run nb201_cifar10 --smoke     (embedded data, under a minute)
"""

from __future__ import annotations

from dataclasses import replace

from analysis.scored import ScoredSet
from studies.study import Study, Truth, Variant
from supernet.augmentation import Augmentation
from supernet.data import DataConfig
from supernet.sampling import SamplingConfig
from supernet.spaces import Size
from supernet.training import TrainingConfig

SMALL = Size(channels=32, stages=3, cells_per_stage=2)
MEDIUM = Size(channels=64, stages=3, cells_per_stage=4)
TRAINING = TrainingConfig(
    epochs=250,
    batch_size=256,
    lr=0.025,
    lr_final=1e-5,
    momentum=0.9,
    weight_decay=3e-4,
    augmentation=Augmentation(shift=4, flip=True),
)
FAIR = SamplingConfig(kind="fair", batches="consecutive", gradients="sum")
BN_MODES = ("batch", "running", "recalibrate-20", "reset-recalibrate-20")


def study() -> Study:
    small = Variant(
        name="small, strictly fair",
        space="nasbench201",
        size=SMALL,
        training=TRAINING,
        data=DataConfig(name="cifar10", split="study"),
        sampling=FAIR,
        bn_modes=BN_MODES,
    )
    medium = replace(small, name="medium, strictly fair", size=MEDIUM)
    uniform = SamplingConfig(kind="uniform")
    return Study(
        name="nb201_cifar10",
        title="NAS-Bench-201 on CIFAR-10: the ranking study's protocol",
        question="How do single-path supernets of two sizes rank the true top-N and 1,000 random architectures, under "
        "strictly fair and uniform sampling?",
        note="CIFAR-10, 5,000 validation images; truth: stand-alone networks of NAS-Bench-201, 200 epochs",
        variants=(
            small,
            replace(small, name="small, uniform", sampling=uniform),
            medium,
            replace(medium, name="medium, uniform", sampling=uniform),
        ),
        truth={"nasbench201": Truth("nasbench201", "cifar10_test")},
        scored=ScoredSet(top=500, random=1000),
    )
