"""Is it fairness and masking, or the number of optimizer steps? The same comparisons at equal updates.

Question: how do strictly fair and uniform sampling, and spaces with and without operations, compare when each
training makes as many optimizer steps as the others?
Jobs: 50 trainings, small: {8,800 updates, 250 epochs} x {strictly fair x {full space, without none, without
avg_pool_3x3, without both}, uniform x full space} x 5 seeds, and 5 strictly fair ones of 44,000 updates. 25 of
them are of search_space_subsets and training_variants; for the full space strictly fair, 8,800 updates are the 250
epochs.
Command: python -m studies run equal_updates --data-root datasets     (data and truth: search_space_subsets)
Data: as search_space_subsets.
Expected: in 250 epochs uniform sampling makes 44,000 updates; strict fairness 8,800 with five operations, 11,000
with four and 14,666 with three. Strictly fair, 44,000 updates are 1,250 epochs: five times the cost.
Smoke: python -m studies run equal_updates --smoke
"""

from __future__ import annotations

from dataclasses import replace

from studies import protocol
from studies.model.study import Study
from studies.model.variant import Variant
from studies.protocol import POOL, TRAINING, UPDATES, ZERO


def budget(variant: Variant, updates: int) -> Variant:
    """The same with a budget in updates."""
    return variant.changed(
        name=f"{variant.name}, {updates:,} updates",
        training=replace(TRAINING, epochs=None, updates=updates),
    )


def study() -> Study:
    fair = protocol.nasbench201("strictly fair", protocol.SMALL)
    uniform = protocol.nasbench201("uniform", protocol.SMALL, sampling=protocol.UNIFORM)
    few, many = UPDATES["strictly fair"], UPDATES["uniform"]
    variants = protocol.under((), fair, budget(fair, many), uniform, budget(uniform, few))
    for mask in (ZERO, POOL, ZERO + POOL):
        variants += protocol.under(mask, fair, budget(fair, few))
    return protocol.nasbench201_study(
        "equal_updates",
        variants,
        title="Equal numbers of updates",
        question="How do sampling and masks compare when every training makes the same number of optimizer steps?",
    )
