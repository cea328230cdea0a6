"""The protocols that the catalogue's studies state their differences from, each once, so that the same training asked
for by two studies is the same run.

NAS-Bench-201: the single-path ranking study (its section 3.3 and appendix A). Where its text and its authors' code
differ, what is taken here is the option's default: docs/choices.md. Blox: the benchmark's own recipe for stand-alone
networks (supplement, table 4), with the gradient's norm bounded, as a strictly fair step sums several gradients.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from typing import Any

from analysis.store.scored import ScoredSet
from studies.model.ranker import Ranker
from studies.model.study import Study, Truth
from studies.model.variant import Variant
from studies.running.expected import expected_seconds
from supernet.data import DataConfig
from supernet.spaces import Size
from supernet.spaces.nasbench201.graph import OPERATIONS
from supernet.training.augmentation import Augmentation
from supernet.training.sampling import SamplingConfig
from supernet.training.trainer import TrainingConfig

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
BLOX_TRAINING = TrainingConfig(
    epochs=200,
    batch_size=256,
    lr=0.01,
    lr_final=0.0,
    momentum=0.9,
    weight_decay=5e-4,
    clip_norm=5.0,
    augmentation=Augmentation(shift=4, flip=True, cutout=16, policy="randaugment", num_ops=2, magnitude=14),
)
CIFAR100 = DataConfig(name="cifar100", split="blox")
BLOX_TRUTH = {"blox": Truth("blox", "cifar100_test")}
BLOX_NOTE = (
    "CIFAR-100 under Blox's split; truth: Blox, 200 epochs, one seed, so it has no seed-to-seed ceiling"
)


def nasbench201(name: str, size: Size, **differs: Any) -> Variant:
    """The ranking study's training on NAS-Bench-201: strictly fair, topology shared, no linear transformers."""
    base: dict[str, Any] = {"training": TRAINING, "data": CIFAR10, "sampling": FAIR}
    return Variant(name=name, space="nasbench201", size=size, **base | differs)


def blox(name: str, **differs: Any) -> Variant:
    """Strictly fair training on Blox, each stage with a block of its own."""
    base: dict[str, Any] = {"training": BLOX_TRAINING, "data": CIFAR100, "sampling": FAIR}
    return Variant(name=name, space="blox", size=BLOX_SIZE, **base | differs)


def under(mask: tuple[str, ...], *variants: Variant) -> list[Variant]:
    """The variants under a mask, named by it: 'small, full space' or 'small, without none'."""
    named = f"without {', '.join(mask)}" if mask else "full space"
    return [replace(variant, name=f"{variant.name}, {named}", mask=mask) for variant in variants]


def nasbench201_study(name: str, variants: Iterable[Ranker], **text: Any) -> Study:
    """A study of NAS-Bench-201 on CIFAR-10. text: its title and question, and what differs otherwise."""
    base: dict[str, Any] = {"note": NASBENCH201_NOTE, "truth": NASBENCH201_TRUTH, "scored": SCORED}
    return Study(name=name, variants=_with_cost(variants), **base | text)


def blox_study(name: str, variants: Iterable[Ranker], **text: Any) -> Study:
    """A study of Blox on CIFAR-100, as above."""
    base: dict[str, Any] = {"note": BLOX_NOTE, "truth": BLOX_TRUTH, "scored": SCORED}
    return Study(name=name, variants=_with_cost(variants), **base | text)


def _with_cost(rankers: Iterable[Ranker]) -> tuple[Ranker, ...]:
    return tuple(
        replace(ranker, expected_seconds=ranker.expected_seconds or expected_seconds(ranker))
        if isinstance(ranker, Variant)
        else ranker
        for ranker in rankers
    )
