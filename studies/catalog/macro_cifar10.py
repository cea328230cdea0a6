"""What does a supernet of full size know of NAS-Bench-Macro beyond the number of layers?

Question: the number of layers that are not identity ranks the published truth with tau-b .693 (params .218, MACs .556).
Do supernets of the benchmark's own size rank better, also among networks of equally many such layers, and do strict
fairness, balanced sampling, linear transformers on the identity or leaving it out change that?
Command: python -m studies data get cifar10
         python -m studies truth import macro nas-bench-macro_cifar10.json
         python -m studies run macro_cifar10 --data-root datasets --device cuda
Jobs: 30 trainings: {uniform, strictly fair of consecutive and of the same batches, balanced, linear transformers,
without identity} x 5 seeds, beside a separable fit of the truth (params, MACs and layers are in every report).
Combinations, named before any was looked at, by loss and with equal functions as one: one supernet of a variant; the
mean of its five; the log-rank sum of the five variants that know the full space, of one seed each and of five means;
these two with the number of layers.
Data: CIFAR-10, 45,000 training and 5,000 validation images; truth: mean over three seeds of the best test accuracy of
50 epochs. All 6,561 architectures are scored. The protocol is the ranking study's: all supernets train for 250 epochs
but that of three paths on the same batch, for a third of them, so that all have as many passes.
Expected: a GPU's work; not run yet. In small: macro_cifar10_cpu.
Smoke: python -m studies run macro_cifar10 --smoke
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from analysis.store.scored import ScoredSet
from studies import protocol
from studies.estimators import Estimator
from studies.estimators.combination import Combination
from studies.estimators.one_shot import OneShot
from studies.estimators.separable import Separable
from studies.model.member import Member
from studies.model.study import Study, Truth
from studies.model.variant import Variant
from supernet.data import DataConfig
from supernet.spaces import Size, get_space
from supernet.training.config import TrainingConfig
from supernet.training.sampling import SamplingConfig

PUBLISHED = get_space("macro").published
TRUTH = Truth("macro", "cifar10_test")
SAME = SamplingConfig(kind="fair", batches="same", gradients="sum")
IDENTITY = ("identity",)
SEEDS = (0, 1, 2, 3, 4)


def study() -> Study:
    return grid(
        "macro_cifar10",
        title="NAS-Bench-Macro on CIFAR-10",
        note="CIFAR-10, 5,000 validation images",
        size=PUBLISHED,
        data=protocol.CIFAR10,
        training=protocol.TRAINING,
    )


def grid(
    name: str,
    *,
    title: str,
    note: str,
    size: Size,
    data: DataConfig,
    training: TrainingConfig,
    **settings: Any,
) -> Study:
    """The question at a size. training: of a supernet whose paths have a batch each; three paths on the same batch
    take a third of its epochs. settings: of all supernets."""
    uniform = Variant(
        name="uniform",
        space="macro",
        size=size,
        data=data,
        estimator=OneShot(training=training, sampling=protocol.UNIFORM),
        **settings,
    )
    assert training.epochs is not None
    paths = get_space("macro").fair_group_size
    supernets = (
        uniform.changed(evaluation_masks=(IDENTITY,)),
        uniform.changed(name="strictly fair, consecutive", sampling=protocol.FAIR),
        uniform.changed(
            name="strictly fair, same",
            sampling=SAME,
            training=replace(training, epochs=training.epochs // paths),
        ),
        uniform.changed(name="balanced", sampling=protocol.BALANCED),
        uniform.changed(name="linear transformers", linear_transformers="skip"),
        uniform.changed(name="without identity", mask=IDENTITY),
    )
    ones, means = (
        {
            supernet.name: Member(variant=supernet, by="loss", seeds=seeds, equal_functions="mean")
            for supernet in supernets
            if not supernet.mask
        }
        for seeds in ((), SEEDS)  # (): of the run's seed
    )
    sums = Combination(baselines=(), unscored="worst")
    counted = replace(sums, baselines=("layers",))
    others = [
        _of_others("separable", Separable(table=TRUTH.table, column=TRUTH.column)),
        *(_of_others(f"one: {sampling}", sums, one) for sampling, one in ones.items()),
        *(_of_others(f"five: {sampling}", sums, mean) for sampling, mean in means.items()),
        _of_others("one of each", sums, *ones.values()),
        _of_others("all 25", sums, *means.values()),
        _of_others("layers + one of each", counted, *ones.values()),
        _of_others("layers + all 25", counted, *means.values()),
    ]
    return Study(
        name=name,
        title=title,
        question="What does a supernet know beyond counting layers, and do fairness, linear transformers or leaving "
        "out the identity change it?",
        note=f"{note}; truth: NAS-Bench-Macro, best test accuracy of 50 epochs, mean of three seeds",
        variants=(*supernets, *others),
        truth={"macro": TRUTH},
        seeds=SEEDS,
        scored=ScoredSet(),
    )


def _of_others(name: str, estimator: Estimator, *members: Member) -> Variant:
    """What needs no images of its own: networks are of the published size."""
    return Variant(
        name=name, space="macro", size=PUBLISHED, data=protocol.CIFAR10, estimator=estimator, members=members
    )
