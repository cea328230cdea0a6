"""Do estimators that rank natural images also rank images of noise with labels of random networks?

Question: on synthetic CIFAR-10, where no image shows anything, do proxies of untrained networks still rank, and do
FEAR, short training and a supernet? (FEAR paper, section 4 and table 2. Spearman there, over all: synflow -.0004,
jacob_cov -.13, snip -.31, fisher -.42, grasp -.25, synflow_bn .18, FEAR .55.)
Jobs: 3 seeds of {all zero-cost proxies; FEAR; short training of 10 epochs, also after 2 and 4; a supernet by uniform
sampling; parameters and MACs}.
Command: python -m studies data get synthetic                            (some hours of one core)
         python -m studies truth build --space nasbench201 --data synthetic --architectures 1000 --seeds 3 --device cuda
         python -m studies run synthetic_cifar10 --data-root datasets
Data: 50,000 training images, fewer of rare classes, a tenth of them to validate; networks of the published size
(16 channels, 5 cells a stage); truth: test accuracy after the benchmark's 200 epochs, without crops and flips, as the
labels are of the image as it is.
Scored: the whole table.
Expected: 3,000 trainings of 200 epochs for the truth, days of one GPU; not run yet, neither on a GPU nor on a CPU.
In small, for a laptop: synthetic_cifar10_small.
Smoke: python -m studies run synthetic_cifar10 --smoke
"""

from __future__ import annotations

from dataclasses import replace

from studies import protocol
from studies.estimators import Estimator
from studies.estimators.cost import NetworkCost
from studies.estimators.fear import LEARNER_RECIPE, Fear, HogLearner
from studies.estimators.short_training import ShortTraining
from studies.estimators.zero_cost import ZeroCost
from studies.model.study import Study, Truth
from studies.model.variant import Variant
from studies.truth.tasks import SYNTHETIC
from supernet.data import DataConfig
from supernet.spaces import Size
from supernet.training.config import Augmentation

DATA = DataConfig(name="synthetic")
PLAIN = Augmentation()
SHORT = replace(SYNTHETIC.training, epochs=10, clip_norm=5.0)
BY = ("train_accuracy", "valid_accuracy")


def estimates(data: DataConfig, size: Size, estimators: dict[str, Estimator]) -> tuple[Variant, ...]:
    """Each of the estimators, by name, on networks of that size."""
    return tuple(
        Variant(name=name, space="nasbench201", size=size, data=data, estimator=estimator)
        for name, estimator in estimators.items()
    )


def study() -> Study:
    fear = Fear(
        threshold=HogLearner(training=replace(LEARNER_RECIPE, augmentation=PLAIN)),
        stage1=replace(SHORT, epochs=200),
        stage2=replace(SHORT, epochs=5, batch_size=1024),
    )
    return Study(
        name="synthetic_cifar10",
        title="Synthetic CIFAR-10: what ranks where there is nothing to see?",
        question="Do estimators that rank natural images also rank images of noise with labels of random networks?",
        note=SYNTHETIC.note,
        variants=(
            protocol.nasbench201(
                "supernet",
                protocol.SMALL,
                training=replace(protocol.TRAINING, augmentation=PLAIN),
                sampling=protocol.UNIFORM,
                data=DATA,
            ),
            *estimates(
                DATA,
                SYNTHETIC.size,
                {
                    "FEAR": fear,
                    "short training": ShortTraining(training=SHORT, at=(2, 4), score_by=BY),
                    "zero-cost": ZeroCost(),
                    "size": NetworkCost(),
                },
            ),
        ),
        truth={"nasbench201": Truth("nasbench201-synthetic", "synthetic_test")},
        seeds=(0, 1, 2),
    )
