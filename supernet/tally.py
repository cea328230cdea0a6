"""How often each operation was drawn at each choice point: what strict fairness makes equal."""

from __future__ import annotations

from collections.abc import Mapping

from supernet.spaces import Path, Space


def tally(space: Space, drawn: Mapping[Path, int]) -> dict[str, int]:
    """Samples by 'choice point/operation', from how often each path was drawn; the cells of a network are added up.

    A path that several cells share counts once for each of them. Operations that are allowed and were never drawn
    have 0.
    """
    cells: dict[tuple[int, ...], int] = {}
    for path, times in drawn.items():
        for cell in path:
            cells[cell] = cells.get(cell, 0) + times
    found: dict[str, int] = {}
    for position, point in enumerate(space.choice_points):
        counts = dict.fromkeys(space.allowed_operations, 0)
        for cell, times in cells.items():
            counts[cell[position]] = counts.get(cell[position], 0) + times
        found |= {f"{point}/{space.operations[operation]}": counts[operation] for operation in sorted(counts)}
    return found
