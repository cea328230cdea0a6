"""Masks by place: 'nor_conv_3x3' masks an operation everywhere, 'nor_conv_3x3@0-3' on the edge from node 0 to 3 alone,
'identity@3' in layer 3.

Few-shot NAS (Zhao et al., ICML 2021) splits a space so: each part allows one operation in one place.
"""

from __future__ import annotations

from collections.abc import Sequence

Allowed = tuple[tuple[int, ...], ...]  # of each place, the operations that are left, rising


def allowed_by_place(
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
