"""How well does a one-shot supernet rank Blox? Nobody has published it.

Question: how do macro supernets (a choice of its own for every stage) rank Blox models on CIFAR-100, under strictly
fair, uniform and balanced sampling, and when trained with one block for all stages, as in a cell-based space?
Command: python -m studies data get cifar100
         python -m studies truth import blox FOLDER            (the files blox-base-0 and, for costs, blox-info)
         python -m studies run blox_cifar100 --data-root datasets
Data: CIFAR-100 under Blox's own split (seed-0 permutation, 45,000/5,000); truth: test accuracy at the epoch of the best
validation accuracy. Blox's data are CC BY-NC 4.0, for non-commercial use, and are not part of this project.
Expected: 20 trainings of 200 epochs with the benchmark's recipe (RandAugment, cutout). A GPU's work.
Smoke: python -m studies run blox_cifar100 --smoke     (embedded data, under a minute)
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

SIZE = Size(channels=32, stages=3, cells_per_stage=1, classes=100)
# The benchmark's recipe for stand-alone networks; sums of several paths' gradients are bounded.
TRAINING = TrainingConfig(
    epochs=200,
    batch_size=256,
    lr=0.01,
    lr_final=0.0,
    momentum=0.9,
    weight_decay=5e-4,
    clip_norm=5.0,
    augmentation=Augmentation(shift=4, flip=True, cutout=16, policy="randaugment", num_ops=2, magnitude=14),
)


def study() -> Study:
    base = Variant(
        name="strictly fair",
        space="blox",
        size=SIZE,
        training=TRAINING,
        data=DataConfig(name="cifar100", split="blox"),
        sampling=SamplingConfig(kind="fair", batches="consecutive", gradients="sum"),
        bn_modes=("batch", "reset-recalibrate-20"),
    )
    uniform = SamplingConfig(kind="uniform")
    return Study(
        name="blox_cifar100",
        title="Blox on CIFAR-100: a first one-shot ranking",
        question="How do single-path supernets rank Blox models under strictly fair, uniform and balanced sampling, "
        "and when trained with one block for all stages?",
        note="CIFAR-100 under Blox's split; truth: Blox, 200 epochs, one seed, so it has no seed-to-seed ceiling",
        variants=(
            base,
            replace(base, name="uniform", sampling=uniform),
            replace(base, name="balanced", sampling=SamplingConfig(kind="balanced")),
            replace(base, name="topology shared", sampling=replace(uniform, share_topology=True)),
        ),
        truth={"blox": Truth("blox", "cifar100_test")},
        scored=ScoredSet(top=500, random=1000),
    )
