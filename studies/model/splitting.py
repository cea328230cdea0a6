"""Few-shot supernets: a trained supernet is split by the operations of one edge, and each part is trained on.

The parts differ in what they allow on that edge, and allow the same elsewhere; all start from the parent's weights.
Source: Zhao et al., "Few-shot neural architecture search" (ICML 2021).
"""

from __future__ import annotations

from dataclasses import replace

from studies.model.variant import Variant
from supernet.spaces import NasBench201
from supernet.spaces.edge_masks import only
from supernet.spaces.nasbench201.space import EDGE_NAMES, OPERATIONS
from supernet.training.trainer import TrainingConfig


def split(parent: Variant, edge: str, name: str, training: TrainingConfig) -> tuple[Variant, ...]:
    """One variant for each operation that the parent allows on the edge ('0-3'), together ranked as `name`.

    training: of each part. Raises ValueError for another space than NAS-Bench-201, and for an edge that it lacks."""
    space = parent.masked_space
    if not isinstance(space, NasBench201):
        raise ValueError(f"space: {parent.space!r} cannot be split by an edge; only nasbench201 can")
    if edge not in EDGE_NAMES:
        raise ValueError(f"edge: {edge!r} is not one of {', '.join(EDGE_NAMES)}")
    allowed = [OPERATIONS[operation] for operation in space.allowed_by_edge[EDGE_NAMES.index(edge)]]
    return tuple(
        replace(
            parent,
            name=f"{name}, {operation}",
            mask=(*parent.mask, *only(operation, edge, OPERATIONS)),
            training=training,
            parent=parent,
            part_of=name,
            expected_seconds=None,
        )
        for operation in allowed
    )
