"""What a Blox block computes, as an expression of the supernet's own modules."""

from __future__ import annotations

import functools

from supernet.spaces.blox.space import OPERATIONS
from supernet.spaces.expressions import INPUT, Expression, Rules, applied, combined
from supernet.spaces.space import Cell


@functools.cache
def block_function(block: Cell, rules: Rules) -> Expression:
    """What the block computes where each position (O0, O1) owns its operations; zero for an invalid block.

    Atoms are named by their module in the block. Encodings that are one stand-alone network but use other weights
    of a supernet (`canonical_block` merges them) are different functions here."""
    o0, o1, previous, direct, skip = block

    def edge(name: str, value: Expression) -> Expression:
        return value if rules.linear_transformers == "none" else applied(name, value)

    def join(terms: list[Expression]) -> Expression:
        return combined(terms, max(1, len(terms)) if rules.mean else 1)

    out = []
    y = applied(f"first.{OPERATIONS[o0]}", INPUT)
    if previous or direct:
        terms = ([y] if previous else []) + ([edge("input_edge", INPUT)] if direct else [])
        out.append(applied(f"second.{OPERATIONS[o1]}", join(terms)))
    if skip:
        out.append(edge("skip_edge", y))
    return join(out)
