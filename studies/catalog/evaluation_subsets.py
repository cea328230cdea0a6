"""Does masking help the training, or is what is left just easier to rank? A control that the paper lacks.

Question: how does a supernet of the full space rank the architectures without an operation, beside a supernet that
was trained without it? Both are evaluated on the same architectures.
Jobs: none of its own: 70 trainings, {small, medium} x {full space; 5 single masks; none and avg_pool_3x3} x 5
seeds, all of which search_space_subsets trains. With --only "small, full space" the control alone: 5 trainings.
Command: python -m studies run evaluation_subsets --data-root datasets     (data and truth: search_space_subsets)
Data: as search_space_subsets; supernets of the full space also score what supernets trained with a mask do.
Expected: a published supernet of the full space (uniform, C=16, N=5, 1,000 epochs) goes from tau-b .667 over all
architectures to .775 when those with none are left out, so part of "masking helps" is the evaluation set.
Smoke: python -m studies run evaluation_subsets --smoke
"""

from __future__ import annotations

from studies import protocol
from studies.model.study import Study

MASKS = (*protocol.SINGLES, protocol.ZERO + protocol.POOL)


def study() -> Study:
    variants = []
    for name, size in (("small", protocol.SMALL), ("medium", protocol.MEDIUM)):
        base = protocol.nasbench201(name, size)
        (full,) = protocol.under((), base)
        variants.append(full.changed(evaluation_masks=MASKS))
        for mask in MASKS:
            variants += protocol.under(mask, base)
    return protocol.nasbench201_study(
        "evaluation_subsets",
        variants,
        title="Trained without an operation, or only evaluated without it",
        question="How does a supernet of the full space rank the architectures without an operation, beside one that "
        "was trained without it?",
    )
