"""What the cells of both spaces compute, as expressions of the supernet's own modules.

Atoms are named by their module in the cell, or "relu" and "avg_pool_3x3", which have no weights and so belong to no
edge. What does not reach the output is not in the expression, nor is what is zero.
"""

from __future__ import annotations

import functools

from supernet.scoring.expressions import INPUT, ZERO, Expression, Rules, applied, combined
from supernet.spaces import Cell, blox
from supernet.spaces.nasbench201 import CONV1, CONV3, EDGES, NONE, OPERATIONS, OUTPUT, SKIP


@functools.cache
def nasbench201_cell(cell: Cell, rules: Rules) -> Expression:
    """What the cell computes where each edge owns its weights: equal for cells that are the same function.

    7,810 functions under the default rules, exact up to the rounding of sums taken in another order. Atoms are
    named by their module in the cell, or "relu" and "avg_pool_3x3", which have no weights and so no edge.
    """
    nodes = [INPUT]
    for node in range(1, OUTPUT + 1):
        incoming = [
            nasbench201_edge(edge, cell[edge], nodes[source], rules)
            for edge, (source, target) in enumerate(EDGES)
            if target == node
        ]
        nodes.append(combined(incoming, node if rules.mean else 1))  # node j has j incoming edges
    return nodes[OUTPUT]


def nasbench201_edge(edge: int, operation: int, value: Expression, rules: Rules) -> Expression:
    """What an edge brings from a node with that value."""
    if operation == NONE:
        return ZERO
    module = f"edges.{edge}.{OPERATIONS[operation]}"
    if operation in (CONV1, CONV3):
        return applied(module, applied("relu", value), rules.keeps_zero)
    if operation == SKIP:
        return value if rules.linear_transformers == "none" else applied(module, value)
    pooled = applied("avg_pool_3x3", value)
    return applied(f"{module}.1", pooled) if rules.linear_transformers == "skip+pool" else pooled


@functools.cache
def blox_block(block: Cell, rules: Rules) -> Expression:
    """What the block computes where each position (O0, O1) owns its operations; zero for an invalid block.

    Atoms are named by their module in the block. Encodings that are one stand-alone network but use other weights
    of a supernet (`canonical_block` merges them) are different functions here."""
    o0, o1, previous, direct, skip = block

    def edge(name: str, value: Expression) -> Expression:
        return value if rules.linear_transformers == "none" else applied(name, value)

    def join(terms: list[Expression]) -> Expression:
        return combined(terms, max(1, len(terms)) if rules.mean else 1)

    out = []
    y = applied(f"first.{blox.OPERATIONS[o0]}", INPUT)
    if previous or direct:
        terms = ([y] if previous else []) + ([edge("input_edge", INPUT)] if direct else [])
        out.append(applied(f"second.{blox.OPERATIONS[o1]}", join(terms)))
    if skip:
        out.append(edge("skip_edge", y))
    return join(out)
