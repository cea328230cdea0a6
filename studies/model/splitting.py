"""Few-shot supernets: a trained supernet is split by the operations of one edge, and each part is trained on.

The parts differ in what they allow on that edge, and allow the same elsewhere; all start from the parent's weights.
Source: Zhao et al., "Few-shot neural architecture search" (ICML 2021).
"""

from __future__ import annotations

from dataclasses import replace

from studies.model.variant import Variant
from supernet.training.trainer import TrainingConfig


def split(parent: Variant, edge: str, name: str, training: TrainingConfig) -> tuple[Variant, ...]:
    """One variant for each operation that the parent allows on the edge ('0-3'), together ranked as `name`.

    training: of each part. Raises ValueError for a space that cannot be split by an edge, and for an edge that it
    lacks."""
    return tuple(
        replace(
            parent,
            name=f"{name}, {operation}",
            mask=(*parent.mask, *further),
            training=training,
            parent=parent,
            part_of=name,
            expected_seconds=None,
        )
        for operation, further in parent.masked_space.split_masks(edge).items()
    )
