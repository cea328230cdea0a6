"""Do estimators rank where there is nothing to see? The synthetic CIFAR-10 study in small, for a laptop.

Question: as synthetic_cifar10, with images of 4x4 pixels of noise and the labels of random networks of that size.
Jobs: 2 seeds of {all zero-cost proxies; FEAR; short training of 3 epochs, also after 1; a supernet by uniform
sampling; parameters and MACs}.
Command: python -m studies data get synthetic4
         python -m studies truth build --space nasbench201 --data synthetic4 --architectures 100 --seeds 2
         python -m studies run synthetic_cifar10_small
Data: 4,239 training images (189 of the rarest class, 450 of each other), 942 test images; networks of one cell of 4
channels; truth: test accuracy after 8 epochs, the mean of two seeds.
Scored: the whole table.
Expected: truth and study 10 minutes each of a busy core. Spearman over all, both seeds: short training .77, params .75,
FEAR .75, synflow .74, supernet .70, snip .47, jacob_cov .13; ceiling .87.
All numbers: docs/results/synthetic_cifar10.md.
Smoke: python -m studies run synthetic_cifar10_small --smoke
"""

from __future__ import annotations

from dataclasses import replace

from studies import protocol
from studies.catalog.synthetic_cifar10 import BY, PLAIN, estimates
from studies.estimators.cost import NetworkCost
from studies.estimators.fear import LEARNER_RECIPE, Fear, HogLearner
from studies.estimators.short_training import ShortTraining
from studies.estimators.zero_cost import ZeroCost
from studies.model.study import Study, Truth
from studies.truth.tasks import SYNTHETIC4
from supernet.data import DataConfig

DATA = DataConfig(name="synthetic4")
RECIPE = SYNTHETIC4.training
# So narrow and so short that it does not learn the images by heart.
LEARNER = HogLearner(
    hidden=64, training=replace(LEARNER_RECIPE, epochs=4, batch_size=128, lr=0.1, augmentation=PLAIN)
)


def study() -> Study:
    size = SYNTHETIC4.size
    fear = Fear(
        threshold=LEARNER,
        stage1=replace(RECIPE, epochs=20),
        stage2=replace(RECIPE, epochs=2),
        unfrozen_cells=1,
    )
    uniform = protocol.nasbench201(
        "supernet", size, training=replace(RECIPE, epochs=40), sampling=protocol.UNIFORM, data=DATA
    )
    return Study(
        name="synthetic_cifar10_small",
        title="Images of noise, 4x4 pixels: what ranks where there is nothing to see?",
        question="Do estimators that rank natural images also rank images of noise with labels of random networks?",
        note=SYNTHETIC4.note,
        variants=(
            uniform,
            *estimates(
                DATA,
                size,
                {
                    "FEAR": fear,
                    "short training": ShortTraining(training=replace(RECIPE, epochs=3), at=(1,), score_by=BY),
                    "zero-cost": ZeroCost(initialisations=1),
                    "size": NetworkCost(),
                },
            ),
        ),
        truth={"nasbench201": Truth("nasbench201-synthetic4", "synthetic4_test")},
        seeds=(0, 1),
        top=(10, 25, 50),
    )
