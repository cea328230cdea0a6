"""Any study at a size that only shows that it works: a part of the embedded data, one epoch, one seed, few
architectures. The whole catalogue so takes minutes."""

from __future__ import annotations

from dataclasses import replace

from analysis.store.scored import ScoredSet
from studies import embedded
from studies.model.member import Member
from studies.model.study import Study, Truth
from studies.model.variant import Variant
from supernet.data import DataConfig

SUFFIX = "-smoke"  # ends the names of smoke sizes
TOP = (4, 8)
RANDOM = 8
DATA = DataConfig(name=embedded.DATA, subset=400)  # five batches: a strictly fair group of five operations


def smoke(study: Study) -> Study:
    """The same grid of variants. What a variant is about stays: sampling, masks, linear transformers, cells a stage,
    reductions, the ratio of widths, the optimizer, whether there is a warm-up, the ratio of budgets in updates; images,
    ground truth, budget and augmentation are the embedded task's."""
    return replace(
        study,
        name=f"{study.name}{SUFFIX}",
        title=f"{study.title} (smoke size)",
        note=f"SMOKE SIZE: one epoch, few architectures; no result. {embedded.NOTE}",
        variants=tuple(map(_small, study.variants)),
        truth={space: _embedded(space, truth) for space, truth in study.truth.items()},
        seeds=study.seeds[:1],
        top=TOP,
        scored=ScoredSet(top=TOP[-1], random=RANDOM),
    )


def _embedded(space: str, truth: Truth) -> Truth:
    """The truth itself where it is an embedded table from scratch: of a part of a space the space's own has too few."""
    return truth if truth.table.endswith("-digits") else Truth(f"{space}-digits", "digits_test")


def _small(variant: Variant) -> Variant:
    size = replace(
        embedded.SIZES[variant.space],
        channels=max(2, variant.size.channels // 16),
        cells_per_stage=variant.size.cells_per_stage,
        reduction=variant.size.reduction,
    )
    return replace(
        variant,
        size=size,
        estimator=variant.estimator.small(),
        data=DATA,
        evaluation_noise=embedded.NOISE,
        parent=None if variant.parent is None else _small(variant.parent),
        members=tuple(map(_small_member, variant.members)),
        expected_seconds=1.0,
    )


def _small_member(member: Member) -> Member:
    """The same place among the measures, and of the seeds whose mean is taken one, or of ten two: other numbers of
    seeds stay other members."""
    small, measure = _small(member.variant), str(member.measure)
    if measure not in small.estimator.for_members:
        place = member.variant.measures.index(measure)
        measure = small.measures[min(place, len(small.measures) - 1)]
    return replace(member, variant=small, measure=measure, seeds=member.seeds[: 1 + len(member.seeds) // 10])
