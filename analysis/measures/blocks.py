"""The blocks of an architecture, one a stage, as the signatures of blockwise distillation name them."""

from __future__ import annotations

from analysis.store import signatures
from supernet.spaces import Architecture, Size, Space


def blocks_of(space: Space, architecture: Architecture, size: Size) -> tuple[str, ...]:
    """The text of the block at each stage of a network of this size. Encodings of one block have one text."""
    path = space.path(space.supernet_form(architecture), size)
    stages = space.stages(size)
    return tuple(
        signatures.text(tuple(cell for cell, own in zip(path, stages, strict=True) if own == stage))
        for stage in range(size.stages)
    )
