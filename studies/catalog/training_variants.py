"""Which changes to the training help the ranking? (Single-path ranking study, figures 6 and 9.)

Question: what do unshared topologies, uniform sampling, a warm-up of the learning rate, gradient clipping and
stronger regularisation change against the strictly fair baseline?
Jobs: 250 trainings: {topology not shared, uniform, warm-up, clipped, regularised} x {small, medium} x {full space,
without nor_conv_1x1, without none and avg_pool_3x3, without none, without avg_pool_3x3} x 5 seeds; and beside them
the 50 of search_space_subsets that are the baseline.
Command: python -m studies run training_variants --data-root datasets     (data and truth: search_space_subsets)
Data: as search_space_subsets. Unshared supernets draw a cell of its own for every position while they train, and
score like all others: one cell everywhere.
Expected: the paper found unshared topologies worse on small supernets; strict fairness equal or slightly better
there, while uniform sampling has the higher accuracies (and five times as many updates: equal_updates); warm-up,
clipping and regularisation of no use. Warm-up: 5 epochs, linear. Clipping: L2 norm 5. Regularised: the CIFAR-10
policy of AutoAugment and label smoothing 0.1.
Smoke: python -m studies run training_variants --smoke     (without AutoAugment: digits have too few levels)
"""

from __future__ import annotations

from dataclasses import replace

from studies import protocol
from studies.model.study import Study
from studies.model.variant import Variant
from studies.protocol import CONV1, FAIR, POOL, TRAINING, ZERO


def changed(base: Variant) -> list[Variant]:
    """The baseline and the five changes to it."""
    policy = replace(TRAINING.augmentation, policy="autoaugment")
    return [
        base,
        base.changed(name=f"{base.name}, unshared", sampling=replace(FAIR, share_topology=False)),
        base.changed(name=f"{base.name}, uniform", sampling=protocol.UNIFORM),
        base.changed(name=f"{base.name}, warm-up", training=replace(TRAINING, warmup_epochs=5)),
        base.changed(name=f"{base.name}, clipped", training=replace(TRAINING, clip_norm=5.0)),
        base.changed(
            name=f"{base.name}, regularised",
            training=replace(TRAINING, augmentation=policy, label_smoothing=0.1),
        ),
    ]


def study() -> Study:
    variants = []
    for name, size in (("small", protocol.SMALL), ("medium", protocol.MEDIUM)):
        for mask in ((), CONV1, ZERO + POOL, ZERO, POOL):
            variants += protocol.under(mask, *changed(protocol.nasbench201(name, size)))
    return protocol.nasbench201_study(
        "training_variants",
        variants,
        title="Variants of the training on NAS-Bench-201",
        question="What do unshared topologies, uniform sampling, warm-up, gradient clipping and regularisation change "
        "against strictly fair training?",
    )
