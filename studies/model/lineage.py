"""Variants that start from the weights of others, and variants that are ranked together as one.

A variant with a `parent` starts where the parent's training with the same seed ended. Variants with one `part_of` are
parts of one ranking: each scores the architectures of the parent's space that its own mask allows.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from supernet.spaces import Space

if TYPE_CHECKING:
    from studies.model.ranker import Ranker
    from studies.model.study import Run
    from studies.model.variant import Variant

ALIKE = ("space", "size", "linear_transformers", "node_reduction", "affine")


def generation(variant: Ranker) -> int:
    """0 for a variant that starts from scratch, else one more than its parent's."""
    return 0 if variant.parent is None else 1 + generation(variant.parent)


def generations(runs: Iterable[Run]) -> list[list[Run]]:
    """The runs in their order, those that others start from before those others."""
    found: dict[int, list[Run]] = {}
    for run in runs:
        found.setdefault(generation(run.variant), []).append(run)
    return [found[number] for number in sorted(found)]


def with_parents(variants: Sequence[Ranker], chosen: Sequence[Ranker]) -> tuple[Ranker, ...]:
    """Those of a study's variants that were chosen or that a chosen one starts from, directly or not."""
    wanted = set()
    for variant in chosen:
        ancestor: Ranker | None = variant
        while ancestor is not None:
            wanted.add(ancestor.run_id(0))
            ancestor = ancestor.parent
    return tuple(variant for variant in variants if variant.run_id(0) in wanted)


def check_variant(variant: Variant) -> None:
    """ValueError unless the parent has all that the variant's network is made of."""
    if variant.parent is None and variant.part_of is not None:
        raise ValueError(f"part_of: {variant.part_of!r} needs a parent, whose space is the whole")
    if variant.part_of is not None and variant.evaluation_masks:
        raise ValueError(
            f"evaluation_masks: {variant.evaluation_masks!r} are not for a part of {variant.part_of!r}"
        )
    check_parent(variant)


def check_parent(ranker: Ranker) -> None:
    """ValueError unless the parent's network is of the same make and its space holds all of the ranker's."""
    parent = ranker.parent
    if parent is None:
        return
    for name in (name for name in ALIKE if hasattr(ranker, name)):
        own, theirs = getattr(ranker, name), getattr(parent, name)
        if own != theirs:
            raise ValueError(f"parent: {name} of {parent.name!r} is {theirs!r}, not {own!r}")
    if not ranker.masked_space.within(parent.masked_space):
        raise ValueError(
            f"parent: {parent.name!r} is without {', '.join(parent.mask)}, of which {ranker.name!r} allows some"
        )


def check_study(variants: Sequence[Ranker]) -> None:
    """ValueError for a parent that is no variant of the study, and for parts that do not go together."""
    known = {variant.run_id(0) for variant in variants}
    groups: dict[tuple[str, str], list[Ranker]] = {}
    for variant in variants:
        if variant.parent is not None and variant.parent.run_id(0) not in known:
            raise ValueError(
                f"parent: {variant.parent.name!r} of {variant.name!r} is no variant of the study"
            )
        if variant.part_of is not None:
            groups.setdefault((variant.space, variant.part_of), []).append(variant)
    for (space, name), parts in groups.items():
        if (space, name) in {(variant.space, variant.name) for variant in variants}:
            raise ValueError(f"part_of: {name!r} is the name of a variant as well")
        _check_parts(name, parts)


def _check_parts(name: str, parts: Sequence[Ranker]) -> None:
    first = parts[0]
    assert first.parent is not None
    for other in parts[1:]:
        assert other.parent is not None
        if other.parent.run_id(0) != first.parent.run_id(0):
            raise ValueError(f"part_of: {first.name!r} and {other.name!r} of {name!r} have two parents")
        if other.measures != first.measures:
            raise ValueError(
                f"part_of: {first.name!r} and {other.name!r} of {name!r} differ in their measures"
            )
    spaces = tuple(part.masked_space for part in parts)
    number = _first_shared(first.parent.masked_space, spaces)
    if number is not None:
        raise ValueError(f"part_of: {parts[number].name!r} has architectures of another part of {name!r}")


@functools.cache
def _first_shared(whole: Space, parts: tuple[Space, ...]) -> int | None:
    """The number of a part that has an architecture of an earlier one; None if there is none."""
    for architecture in whole.enumerate():
        having = [number for number, part in enumerate(parts) if part.in_mask(architecture)]
        if len(having) > 1:
            return having[1]
    return None


def whole_space(variant: Ranker) -> Space:
    """The space whose true top-N and sample the variant's ranking is about."""
    if variant.part_of is None:
        return variant.masked_space
    assert variant.parent is not None
    return variant.parent.masked_space
