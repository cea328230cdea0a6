"""Any study at a size that only shows that it works: a part of the embedded data, one epoch, one seed, few
architectures. The whole catalogue so takes minutes."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import cast

from analysis.store.scored import ScoredSet
from studies import embedded
from studies.model.estimate import Estimate
from studies.model.ranker import Ranker
from studies.model.study import Study, Truth
from studies.model.variant import Variant
from supernet.data import DataConfig
from supernet.spaces import Size

TOP = (4, 8)
RANDOM = 8
DATA = DataConfig(name=embedded.DATA, subset=400)  # five batches: a strictly fair group of five operations
BATCH = 80
FEWER_UPDATES = 4000  # times, where the budget is in updates


def smoke(study: Study) -> Study:
    """The same grid of variants. What a variant is about stays: sampling, masks, linear transformers, cells a stage,
    reductions, the ratio of widths, the optimizer, whether there is a warm-up, the ratio of budgets in updates; images,
    ground truth, budget and augmentation are the embedded task's."""
    return replace(
        study,
        name=f"{study.name}-smoke",
        title=f"{study.title} (smoke size)",
        note=f"SMOKE SIZE: one epoch, few architectures; no result. {embedded.NOTE}",
        variants=tuple(map(_small, study.variants)),
        truth={space: Truth(f"{space}-digits", "digits_test") for space in study.truth},
        seeds=study.seeds[:1],
        top=TOP,
        scored=ScoredSet(top=TOP[-1], random=RANDOM),
    )


def _small(ranker: Ranker) -> Ranker:
    return _variant(ranker) if isinstance(ranker, Variant) else _estimate(cast(Estimate, ranker))


def _size(ranker: Ranker) -> Size:
    return replace(
        embedded.SIZES[ranker.space],
        channels=max(2, ranker.size.channels // 16),
        cells_per_stage=ranker.size.cells_per_stage,
        reduction=ranker.size.reduction,
    )


def _estimate(estimate: Estimate) -> Estimate:
    return replace(
        estimate,
        size=_size(estimate),
        estimator=estimate.estimator.small(),
        data=DATA,
        evaluation_noise=embedded.NOISE,
        parent=None if estimate.parent is None else _variant(estimate.parent),
        expected_seconds=1.0,
    )


def _variant(variant: Variant) -> Variant:
    """The variant in small. A budget of 1,000 epochs becomes one epoch too."""
    training = variant.training
    short = replace(
        training,
        epochs=None if training.epochs is None else 1,
        updates=None if training.updates is None else max(1, training.updates // FEWER_UPDATES),
        warmup_epochs=min(training.warmup_epochs, 1),
        batch_size=min(training.batch_size, BATCH),
        augmentation=embedded.AUGMENTATION,
        amp="none",
        compile=False,
    )
    return replace(
        variant,
        size=_size(variant),
        training=short,
        data=DATA,
        evaluation_noise=embedded.NOISE,
        parent=None if variant.parent is None else _variant(variant.parent),
        bn_modes=tuple(
            re.sub(r"\d+$", "1", mode) for mode in variant.bn_modes
        ),  # the data allow no more batches
        expected_seconds=1.0,
    )
