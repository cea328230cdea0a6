"""The protocols that the catalogue's studies state their differences from, each once, so that the same training asked
for by two studies is the same run.

NAS-Bench-201: the single-path ranking study (its section 3.3 and appendix A). Where its text and its authors' code
differ, what is taken here is the option's default: docs/explanation/choices.md. Blox: the benchmark's own recipe for
stand-alone networks (supplement, table 4), with the gradient's norm bounded, as a strictly fair step sums several
gradients.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from typing import Any

from analysis.store.scored import ScoredSet
from studies.estimators.one_shot import OneShot
from studies.model.study import Study, Truth
from studies.model.variant import Variant
from studies.truth.tasks import BLOX
from supernet.data import DataConfig
from supernet.spaces import Size
from supernet.spaces.nasbench201.graph import OPERATIONS
from supernet.training.config import Augmentation, TrainingConfig
from supernet.training.sampling import SamplingConfig

SMALL = Size(channels=32, stages=3, cells_per_stage=2)
MEDIUM = Size(channels=64, stages=3, cells_per_stage=4)
WIDE = Size(channels=96, stages=3, cells_per_stage=2)
TRAINING = TrainingConfig(
    epochs=250,
    batch_size=256,
    lr=0.025,
    lr_final=1e-5,
    momentum=0.9,
    weight_decay=3e-4,
    augmentation=Augmentation(shift=4, flip=True),
)
UPDATES = {"uniform": 44_000, "strictly fair": 8_800}  # of the full space in 250 epochs of 176 batches
CIFAR10 = DataConfig(name="cifar10", split="study")
FAIR = SamplingConfig(kind="fair", batches="consecutive", gradients="sum")
UNIFORM = SamplingConfig(kind="uniform")
BALANCED = SamplingConfig(kind="balanced")
BN_MODES = ("batch", "running", "recalibrate-20", "reset-recalibrate-20")
SCORED = ScoredSet(top=500, random=1000)
NASBENCH201_TRUTH = {"nasbench201": Truth("nasbench201", "cifar10_test")}
NASBENCH201_NOTE = (
    "CIFAR-10, 5,000 validation images; truth: stand-alone networks of NAS-Bench-201, 200 epochs"
)

ZERO, SKIP, CONV1, CONV3, POOL = ((name,) for name in OPERATIONS)
SINGLES = (ZERO, SKIP, CONV1, CONV3, POOL)
PAIRS = tuple(one + two for one, two in combinations(SINGLES, 2))

BLOX_SIZE = Size(channels=32, stages=3, cells_per_stage=1, classes=100)
BLOX_TRAINING = replace(
    BLOX, decayed="weights", clip_norm=5.0, augmentation=replace(BLOX.augmentation, policy_first=False)
)
CIFAR100 = DataConfig(name="cifar100", split="blox")
BLOX_TRUTH = {"blox": Truth("blox", "cifar100_test")}
BLOX_NOTE = (
    "CIFAR-100 under Blox's split; truth: Blox, 200 epochs, one seed, so it has no seed-to-seed ceiling"
)


def nasbench201(name: str, size: Size, **differs: Any) -> Variant:
    """The ranking study's training on NAS-Bench-201: strictly fair, topology shared, no linear transformers. differs:
    other settings, of the variant or of the supernet."""
    one_shot = OneShot(training=TRAINING, sampling=FAIR)
    data = differs.pop("data", CIFAR10)
    variant = Variant(name=name, space="nasbench201", size=size, data=data, estimator=one_shot)
    return variant.changed(**differs)


def blox(name: str, **differs: Any) -> Variant:
    """Strictly fair training on Blox, each stage with a block of its own."""
    one_shot = OneShot(training=BLOX_TRAINING, sampling=FAIR)
    variant = Variant(name=name, space="blox", size=BLOX_SIZE, data=CIFAR100, estimator=one_shot)
    return variant.changed(**differs)


def under(mask: tuple[str, ...], *variants: Variant) -> list[Variant]:
    """The variants under a mask, named by it: 'small, full space' or 'small, without none'."""
    named = f"without {', '.join(mask)}" if mask else "full space"
    return [replace(variant, name=f"{variant.name}, {named}", mask=mask) for variant in variants]


def nasbench201_study(name: str, variants: Iterable[Variant], **text: Any) -> Study:
    """A study of NAS-Bench-201 on CIFAR-10. text: its title and question, and what differs otherwise."""
    base: dict[str, Any] = {"note": NASBENCH201_NOTE, "truth": NASBENCH201_TRUTH, "scored": SCORED}
    return Study(name=name, variants=tuple(variants), **base | text)


def blox_study(name: str, variants: Iterable[Variant], **text: Any) -> Study:
    """A study of Blox on CIFAR-100, as above."""
    base: dict[str, Any] = {"note": BLOX_NOTE, "truth": BLOX_TRUTH, "scored": SCORED}
    return Study(name=name, variants=tuple(variants), **base | text)


def split(parent: Variant, edge: str, name: str, training: TrainingConfig) -> tuple[Variant, ...]:
    """One variant for each operation that the parent allows on the edge ('0-3'), together ranked as `name`.

    training: of each part. The parts differ in what they allow on that edge, and allow the same elsewhere; all start
    from the parent's weights. Raises ValueError for a space that cannot be split by an edge, and for an edge that it
    lacks. Source: Zhao et al., "Few-shot neural architecture search" (ICML 2021)."""
    return tuple(
        parent.changed(
            name=f"{name}, {operation}",
            mask=(*parent.mask, *further),
            training=training,
            parent=parent,
            part_of=name,
            expected_seconds=None,
        )
        for operation, further in parent.masked_space.split_masks(edge).items()
    )
