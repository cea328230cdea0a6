"""An architecture as the terms of a sum: its cells where it has several (blocks of Blox, layers), else its ints (edges
of NAS-Bench-201). What is additive over them: costs, LANA's score, a model of latency."""

from __future__ import annotations

from supernet.spaces.space import Architecture, Cell, Space

Term = int | Cell


def terms(space: Space, architecture: Architecture) -> tuple[Term, ...]:
    """What the architecture, as a supernet scores it, chose at each place."""
    form = space.supernet_form(architecture)
    return space.cells_of(form) if space.parts > 1 else form
