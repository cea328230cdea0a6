"""Masks by place: 'nor_conv_3x3' masks an operation everywhere, 'nor_conv_3x3@0-3' on the edge from node 0 to 3 alone,
'identity@3' in layer 3.

Few-shot NAS (Zhao et al., ICML 2021) splits a space so: each part allows one operation in one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from supernet.spaces.space import Architecture, Space

Allowed = tuple[tuple[int, ...], ...]  # of each place, the operations that are left, rising


def left_by_place(
    mask: Sequence[str], operations: Sequence[str], places: Sequence[str], kind: str
) -> Allowed:
    """What the mask leaves in each place; operations and places by their names. kind: 'an edge', 'a layer'.

    Raises ValueError for an entry that names no operation, or no place."""
    masked = set()
    for entry in mask:
        operation, at, place = entry.partition("@")
        if operation not in operations or (at and place not in places):
            raise ValueError(
                f"mask: {entry!r} is not one of {', '.join(operations)}, alone or followed by '@' and {kind}: "
                f"{', '.join(places)}"
            )
        masked |= {(operation, place)} if at else {(operation, other) for other in places}
    return tuple(
        tuple(i for i, operation in enumerate(operations) if (operation, place) not in masked)
        for place in places
    )


def shortest(allowed: Allowed, operations: Sequence[str], places: Sequence[str]) -> tuple[str, ...]:
    """The one mask that stands for all that leave the same: first what is masked in every place, then by place."""
    everywhere = [i for i in range(len(operations)) if not any(i in left for left in allowed)]
    single = [
        f"{operation}@{place}"
        for place, left in zip(places, allowed, strict=True)
        for i, operation in enumerate(operations)
        if i not in left and i not in everywhere
    ]
    return (*(operations[i] for i in everywhere), *single)


def only(operation: str, place: str, operations: Sequence[str]) -> tuple[str, ...]:
    """The mask that leaves one operation in a place and everything elsewhere."""
    return tuple(f"{other}@{place}" for other in operations if other != operation)


@dataclass(frozen=True)
class PlaceMasked(Space):
    """A space whose mask may hold operations of one place: an architecture is an operation for each place."""

    places: ClassVar[tuple[str, ...]]  # their names in masks
    place_is: ClassVar[tuple[str, str, str]]  # in words: article, noun, preposition, as 'an', 'edge', 'on'

    def __post_init__(self) -> None:
        super().__post_init__()
        _, noun, at = self.place_is
        for place, left in zip(self.places, self.allowed_by_place, strict=True):
            if not left:
                raise ValueError(f"mask: {', '.join(self.mask)} leaves no operation {at} {noun} {place}")

    def official_mask(self) -> tuple[str, ...]:
        return shortest(self.allowed_by_place, self.operations, self.places)

    @cached_property
    def allowed_by_place(self) -> Allowed:
        """Indices of the operations that the mask leaves in each place."""
        return left_by_place(self.mask, self.operations, self.places, " ".join(self.place_is[:2]))

    def within(self, other: Space) -> bool:
        if not isinstance(other, type(self)):
            return False
        return all(map(lambda a, b: set(a) <= set(b), self.allowed_by_place, other.allowed_by_place))

    def in_mask(self, architecture: Architecture) -> bool:
        """Whether no place has a masked operation."""
        return all(op in left for op, left in zip(architecture, self.allowed_by_place, strict=True))

    def split_masks(self, place: str) -> dict[str, tuple[str, ...]]:
        if place not in self.places:
            raise ValueError(f"{self.place_is[1]}: {place!r} is not one of {', '.join(self.places)}")
        left = self.allowed_by_place[self.places.index(place)]
        return {self.operations[i]: only(self.operations[i], place, self.operations) for i in left}

    @property
    def fair_group_size(self) -> int:
        """Allowed operations of a place that has a choice: all such places need equally many.

        A place that is left with one operation is no choice point: like the stem, each path uses it."""
        by_size: dict[int, list[str]] = {}
        for place, left in zip(self.places, self.allowed_by_place, strict=True):
            by_size.setdefault(len(left), []).append(place)
        sizes = set(by_size) - {1}
        if len(sizes) > 1:
            _, noun, at = self.place_is
            found = "; ".join(f"{size} {at} {', '.join(where)}" for size, where in sorted(by_size.items()))
            raise ValueError(
                f"kind: 'fair' needs equally many operations {at} all {noun}s that have a choice; the mask "
                f"{', '.join(self.mask)} leaves {found}"
            )
        return max(sizes, default=1)
