"""The blocks of Blox: their 72 encodings, the 45 that are distinct, and what each computes.

A block is the ints (O0, O1, previous, input, skip) and computes, from its input x,

    y = O0(x);  z = O1(previous * y + input * x), absent if previous = input = 0;  block = z + skip * y
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator

from supernet.spaces.expressions import INPUT, Expression, Rules, applied, combined
from supernet.spaces.space import Architecture, Cell

OPERATIONS = ("conv", "mbconv", "bconv")
TYPES = ("ST1", "ST2", "ST3", "ST4", "ST5", "ST6")
CHAIN_TYPES = ("ST2", "ST3", "ST4", "ST5")  # O1 follows O0: every (O0, O1) is a block of its own
CONNECTIVITY = {  # (previous, input, skip) of each type in canonical form
    "ST1": (0, 1, 0),
    "ST2": (1, 0, 0),
    "ST3": (1, 1, 0),
    "ST4": (1, 0, 1),
    "ST5": (1, 1, 1),
    "ST6": (0, 1, 1),
}
_TYPE_OF = {flags: name for name, flags in CONNECTIVITY.items()} | {(0, 0, 1): "ST1"}


def block_type(block: Cell) -> str | None:
    """'ST1' .. 'ST6'; None for the invalid block, whose output is cut off from its input."""
    _, _, previous, input_, skip = block
    return _TYPE_OF.get((previous, input_, skip))


def live_operations(block: Cell) -> tuple[int, ...]:
    """The operations that the block's output depends on: two, for ST1 one, for an invalid block none."""
    o0, o1, previous, input_, _ = block
    kind = block_type(block)
    if kind is None:
        return ()
    if kind == "ST1":
        return (o1,) if previous or input_ else (o0,)
    return (o0, o1)


def canonical_block(block: Cell) -> Cell:
    """First block in official order of the same function: ST1 as O1 alone, the parallel ST6 with O0 >= O1."""
    kind = block_type(block)
    if kind == "ST1":
        return (0, *live_operations(block), *CONNECTIVITY["ST1"])
    if kind == "ST6":
        return (max(block[:2]), min(block[:2]), *block[2:])
    return block


def _encodings() -> Iterator[Cell]:
    """All 72 encodings of a block in official order: O0 runs fastest, then O1, previous, input, skip."""
    for skip, input_, previous, o1, o0 in itertools.product(range(2), range(2), range(2), range(3), range(3)):
        yield o0, o1, previous, input_, skip


ENCODINGS: tuple[Cell, ...] = tuple(_encodings())
# The 45 distinct blocks; a block's position is its official id.
BLOCKS: tuple[Cell, ...] = tuple(b for b in ENCODINGS if block_type(b) and canonical_block(b) == b)
BLOCK_IDS: dict[Cell, int] = {b: BLOCKS.index(canonical_block(b)) for b in ENCODINGS if block_type(b)}


def official_order() -> Iterator[Architecture]:
    """The 91,125 distinct models in canonical form: the first stage runs fastest."""
    return models(BLOCKS)


def models(blocks: tuple[Cell, ...]) -> Iterator[Architecture]:
    """The models of these blocks, in official order if the blocks are."""
    return (first + second + third for third, second, first in itertools.product(blocks, repeat=3))


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
