"""Masks by edge: 'nor_conv_3x3' masks an operation everywhere, 'nor_conv_3x3@0-3' on the edge from node 0 to 3 alone.

Few-shot NAS (Zhao et al., ICML 2021) splits a space so: each part allows one operation on one edge.
"""

from __future__ import annotations

from collections.abc import Sequence

Allowed = tuple[tuple[int, ...], ...]  # of each edge, the operations that are left, rising


def allowed_by_edge(mask: Sequence[str], operations: Sequence[str], edges: Sequence[str]) -> Allowed:
    """What the mask leaves on each edge; operations and edges by their names.

    Raises ValueError for an entry that names no operation, or no edge."""
    masked = set()
    for entry in mask:
        operation, at, edge = entry.partition("@")
        if operation not in operations or (at and edge not in edges):
            raise ValueError(
                f"mask: {entry!r} is not one of {', '.join(operations)}, alone or followed by '@' and an edge: "
                f"{', '.join(edges)}"
            )
        masked |= {(operation, edge)} if at else {(operation, other) for other in edges}
    return tuple(
        tuple(i for i, operation in enumerate(operations) if (operation, edge) not in masked)
        for edge in edges
    )


def shortest(allowed: Allowed, operations: Sequence[str], edges: Sequence[str]) -> tuple[str, ...]:
    """The one mask that stands for all that leave the same: first what is masked on every edge, then by edge."""
    everywhere = [i for i in range(len(operations)) if not any(i in left for left in allowed)]
    single = [
        f"{operation}@{edge}"
        for edge, left in zip(edges, allowed, strict=True)
        for i, operation in enumerate(operations)
        if i not in left and i not in everywhere
    ]
    return (*(operations[i] for i in everywhere), *single)


def only(operation: str, edge: str, operations: Sequence[str]) -> tuple[str, ...]:
    """The mask that leaves one operation on an edge and everything elsewhere."""
    return tuple(f"{other}@{edge}" for other in operations if other != operation)
