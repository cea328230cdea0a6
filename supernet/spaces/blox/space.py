"""Blox: three searchable blocks, one a stage, each of two operations and the edges between them; 45^3 models.

A block is the ints (O0, O1, previous, input, skip) and computes, from its input x,

    y = O0(x);  z = O1(previous * y + input * x), absent if previous = input = 0;  block = z + skip * y

Source: Chau et al., Blox (NeurIPS 2022), and its public repository for what the paper leaves open.
"""

from __future__ import annotations

import functools
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from supernet.spaces.blox import hash as blox_hash
from supernet.spaces.dialect import Dialect
from supernet.spaces.space import (
    Architecture,
    Cell,
    Cost,
    Size,
    Space,
    add_costs,
    image_sides,
    parse_ints,
)

OPERATIONS = ("conv", "mbconv", "bconv")
SHAPE = "3 x [[O0], [O1, previous, input, skip]] or 15 integers"
LAYERS = (4, 4, 18)  # convolutions of each operation, without those of squeeze-and-excite
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
_FORMULAS = {
    "ST1": "{1}(x)",
    "ST2": "{1}({0}(x))",
    "ST3": "{1}({0}(x) + x)",
    "ST4": "{1}({0}(x)) + {0}(x)",
    "ST5": "{1}({0}(x) + x) + {0}(x)",
    "ST6": "{1}(x) + {0}(x)",
}


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


# Cost. flops are counted as by ptflops 0.6: MACs, and for each output element 1 for a bias, 2 for BatchNorm
# and 1 for ReLU; 1 for each input element of a pooling; nothing for sums, sigmoid and products.


def _cbr(inputs: int, outputs: int, kernel: int, side: int, groups: int = 1) -> Cost:
    """Convolution with bias giving a (outputs, side, side) image, affine BatchNorm, ReLU."""
    weights = inputs // groups * outputs * kernel * kernel
    macs = weights * side * side
    return Cost(weights + 3 * outputs, macs, macs + 4 * outputs * side * side)


def _squeeze_excite(channels: int, side: int) -> Cost:
    """Global average pooling, 1x1 convolution, ReLU, 1x1 convolution, sigmoid; no BatchNorm, no reduction."""
    weights = 2 * channels * channels
    return Cost(weights + 2 * channels, weights, channels * side * side + weights + 3 * channels)


@functools.cache
def _operation_cost(operation: int, n: int, side: int) -> Cost:
    """Cost of an operation on a (n, side, side) image."""
    if operation == 0:
        return add_costs([_cbr(n, n, 3, side)] * 4)
    if operation == 1:
        return add_costs([_cbr(n, 2 * n, 3, side), _squeeze_excite(2 * n, side), _cbr(2 * n, n, 1, side)] * 2)
    return add_costs(
        layer
        for width in (n // 2, n, 2 * n) * 2
        for layer in (_cbr(n, width, 1, side), _cbr(width, width, 5, side, width), _cbr(width, n, 1, side))
    )


@functools.cache
def _fixed_cost(size: Size) -> Cost:
    """Cost of stem, reductions and head."""
    sides = image_sides(size, size.stages)
    parts = [_cbr(size.image_channels, size.channels, 3, size.image_size)]
    for stage, side in enumerate(sides[:-1]):
        n = size.channels << stage
        if size.reduction == "light":
            parts += [Cost(0, 0, n * side * side), _cbr(n, 2 * n, 1, side // 2)]
        else:
            # On odd sides the 3x3 of stride 2 gives a row and a column more than the shortcut: it is cropped.
            strided = (side + 1) // 2
            parts += [_cbr(n, 2 * n, 3, strided), _cbr(2 * n, 2 * n, 3, strided)]
            parts.append(_cbr(n, 2 * n, 2, side // 2))
    features = size.channels << size.stages
    weights = features * size.classes
    pooling = features * sides[-1] ** 2
    parts.append(Cost(weights + size.classes, weights, weights + size.classes + pooling))
    return add_costs(parts)


@functools.cache
def _block_cost(block: Cell, size: Size, stage: int) -> Cost:
    """Cost of all blocks of a stage; a dead operation costs nothing."""
    if block_type(block) is None:
        raise ValueError(f"architecture: the block of stage {stage} has no edges, so there is no network")
    n, side = size.channels << stage, size.image_size >> stage
    operations = [_operation_cost(operation, n, side) for operation in live_operations(block)]
    return add_costs(operations * size.cells_per_stage)


# Mask


@functools.cache
def _block_in_mask(block: Cell, mask: tuple[str, ...]) -> bool:
    used = {OPERATIONS[operation] for operation in live_operations(block)} | {block_type(block)}
    return used.isdisjoint(mask)


@dataclass(frozen=True)
class Blox(Space):
    """The models of Blox under a mask of operations and connectivity types."""

    name: ClassVar[str] = "blox"
    title: ClassVar[str] = "Blox"
    drawn_as: ClassVar[str] = "blocks"
    operations: ClassVar[tuple[str, ...]] = OPERATIONS
    parts: ClassVar[int] = 3
    cell_length: ClassVar[int] = 5
    choice_points: ClassVar[tuple[str, ...]] = ("O0", "O1")
    published: ClassVar[Size] = Size(channels=32, stages=3, cells_per_stage=1, classes=100)
    linear_transformers: ClassVar[tuple[str, ...]] = ("none", "skip")
    layer_names: ClassVar[dict[str, str]] = {
        "longest_path": "layers on the longest path",
        "layers": "layers in all",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.allowed_types:
            raise ValueError(f"mask: {', '.join(self.mask)} leaves no connectivity type of {self.name}")

    @property
    def maskable(self) -> tuple[str, ...]:
        """Operations, then connectivity types."""
        return OPERATIONS + TYPES

    @property
    def allowed_types(self) -> tuple[str, ...]:
        """Connectivity types that the mask leaves."""
        return tuple(name for name in TYPES if name not in self.mask)

    @property
    def allowed_blocks(self) -> tuple[Cell, ...]:
        """The distinct blocks that the mask leaves, canonical, in official order."""
        return tuple(block for block in BLOCKS if _block_in_mask(block, self.mask))

    def counts(self) -> dict[str, int]:
        """raw: encodings that use nothing masked (a dead operation is not used). valid: of them, those whose
        output depends on the input. unique: distinct functions among the valid."""
        encodings = [block for block in ENCODINGS if _block_in_mask(block, self.mask)]
        return {
            "raw": len(encodings) ** self.parts,
            "valid": sum(block_type(block) is not None for block in encodings) ** self.parts,
            "unique": len(self.allowed_blocks) ** self.parts,
        }

    def is_valid(self, architecture: Architecture) -> bool:
        """Whether no block has previous = input = skip = 0."""
        return all(block_type(block) for block in self.cells_of(architecture))

    def in_mask(self, architecture: Architecture) -> bool:
        """Whether no block has a masked type or depends on a masked operation (ST1's dead one is free)."""
        return all(_block_in_mask(block, self.mask) for block in self.cells_of(architecture))

    def canonical(self, architecture: Architecture) -> Architecture:
        """First encoding in official order of the same model: the form that the benchmark's files hold.

        Invalid blocks stay as they are: the benchmark has none."""
        return tuple(itertools.chain.from_iterable(map(canonical_block, self.cells_of(architecture))))

    def supernet_form(self, architecture: Architecture) -> Architecture:
        """The canonical form: O1 alone for ST1, O0 >= O1 for ST6."""
        return self.canonical(architecture)

    def choices(self, architecture: Architecture) -> dict[str, tuple[str, ...]]:
        """'operation': those that the output depends on, one or two a block; 'connectivity': the type of each block."""
        blocks = self.cells_of(architecture)
        operations = itertools.chain.from_iterable(map(live_operations, blocks))
        return {
            "operation": tuple(OPERATIONS[operation] for operation in operations),
            "connectivity": tuple(kind for block in blocks if (kind := block_type(block))),
        }

    def choices_by_place(self, architecture: Architecture) -> tuple[tuple[str, str], ...]:
        """(place, name) of the canonical form: the one operation of ST1 is its O1; an invalid block has none."""
        found = []
        for stage, block in enumerate(map(canonical_block, self.cells_of(architecture)), 1):
            live = [OPERATIONS[operation] for operation in live_operations(block)]
            points = self.choice_points[-len(live) :] if live else ()
            found += [(f"stage {stage}", f"{point} {name}") for point, name in zip(points, live, strict=True)]
            if kind := block_type(block):
                found.append((f"stage {stage}", f"type {kind}"))
        return tuple(found)

    def index(self, architecture: Architecture) -> int | None:
        """i0 + 45 * i1 + 2025 * i2 of the official block ids; None if invalid."""
        blocks = self.cells_of(architecture)
        if not self.is_valid(architecture):
            return None
        return sum(BLOCK_IDS[block] * len(BLOCKS) ** stage for stage, block in enumerate(blocks))

    def enumerate(self) -> Iterator[Architecture]:
        """The distinct allowed models in canonical form, in official order: the first stage runs fastest."""
        blocks = self.allowed_blocks
        return (first + second + third for third, second, first in itertools.product(blocks, repeat=3))

    def unique(self) -> Iterator[Architecture]:
        """The same as enumerate()."""
        return self.enumerate()

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        from supernet.spaces.blox.dialects import DIALECTS  # they build on this module

        return DIALECTS

    def parse(self, text: str) -> Architecture:
        """From '[[[O0], [O1, previous, input, skip]], ...]' or 15 ints. Every encoding is kept as it is,
        canonical or not, valid or not."""
        numbers = parse_ints(text)
        if numbers is not None:
            if len(numbers) != self.parts * self.cell_length:
                raise ValueError(f"architecture: {text!r} is not {SHAPE}")
            return self.checked(numbers)
        try:
            nested = json.loads(f"[{text}]")  # the outer brackets may be left out
        except (ValueError, RecursionError):
            raise ValueError(f"architecture: {text!r} is not {SHAPE}") from None
        return self.from_nested(nested, text)

    def from_nested(self, nested: Any, text: str) -> Architecture:
        """From the nested form in one more pair of brackets; text: what it was read from, for the message."""
        try:
            nested = nested[0] if len(nested) == 1 else nested
            stages = [(o0, *rest) for (o0,), rest in nested]
        except (ValueError, TypeError):
            raise ValueError(f"architecture: {text!r} is not {SHAPE}") from None
        if len(stages) != self.parts or any(len(stage) != self.cell_length for stage in stages):
            raise ValueError(f"architecture: {text!r} is not {SHAPE}")
        return self.checked(tuple(itertools.chain.from_iterable(stages)))

    def checked(self, numbers: tuple[int, ...]) -> Architecture:
        """The numbers, if each is one of its field's."""
        for position, value in enumerate(numbers):
            stage, field = divmod(position, self.cell_length)
            name = ("O0", "O1", "previous", "input", "skip")[field]
            allowed = range(3) if field < 2 else range(2)
            if type(value) is not int or value not in allowed:
                names = f" ({', '.join(OPERATIONS)})" if field < 2 else ""
                raise ValueError(
                    f"architecture: {name} of stage {stage} is {value!r}, not one of "
                    f"{', '.join(map(str, allowed))}{names}"
                )
        return numbers

    def text(self, architecture: Architecture) -> str:
        """[[[O0], [O1, previous, input, skip]], ...]: the benchmark's arch_vec."""
        return json.dumps([[list(block[:1]), list(block[1:])] for block in self.cells_of(architecture)])

    def formula(self, architecture: Architecture) -> str:
        """For example 'ST3 conv(bconv(x) + x) | ST1 mbconv(x) | ST2 conv(conv(x))'."""
        stages = []
        for block in map(canonical_block, self.cells_of(architecture)):
            kind = block_type(block)
            names = [OPERATIONS[operation] for operation in block[:2]]
            stages.append(f"{kind} {_FORMULAS[kind].format(*names)}" if kind else "invalid")
        return " | ".join(stages)

    def digest(self, architecture: Architecture) -> str | None:
        """The benchmark's hash of the model; None if invalid."""
        return blox_hash.model_hash(architecture)

    def cost(self, architecture: Architecture, size: Size | None = None) -> Cost:
        """Additive over the blocks; flops as ptflops 0.6 counts, which is what the benchmark publishes.

        Raises ValueError for an invalid architecture: it has no network."""
        size = size or self.published
        blocks = self.path(architecture, size)[:: size.cells_per_stage]
        searched = [_block_cost(block, size, stage) for stage, block in enumerate(blocks)]
        return add_costs([_fixed_cost(size), *searched])

    def layer_counts(self, architecture: Architecture) -> dict[str, int]:
        """layers: of one block of each stage; longest_path: the most that lie one behind the other, where a parallel
        block (ST6) counts its longer operation. The two 1x1 convolutions of squeeze-and-excite are gates, no layers."""
        found = {"longest_path": 0, "layers": 0}
        for block in self.cells_of(architecture):
            layers = [LAYERS[operation] for operation in live_operations(block)]
            parallel = block_type(block) == "ST6"
            found["layers"] += sum(layers)
            found["longest_path"] += max(layers) if parallel else sum(layers)
        return found

    def draw_cell(self, rng: random.Random) -> Cell:
        """Uniform over the distinct allowed blocks, in canonical form."""
        return rng.choice(self.allowed_blocks)

    def connectivity_weights(self, o0: int, o1: int) -> dict[str, int]:
        """Relative probabilities of the allowed types in a strictly fair draw, given the two operations.

        With m allowed operations and W allowed blocks, (O0, O1) is uniform over m^2 pairs. For uniform blocks
        each of ST2 .. ST5 then needs probability m^2 / W, and ST6 the same if O0 = O1 but half of it
        otherwise, as two pairs give the same parallel block. What is left over goes to ST1, and summed over
        O0 it is just 1 / W for each O1. (Below in units of 1 / 2W.) Without ST1 nothing can take what ST6
        leaves: fairness goes first, the other proportions stay, and the blocks are not exactly uniform.
        """
        m = len(self.allowed_operations)
        weights = {kind: 2 * m * m for kind in CHAIN_TYPES if kind in self.allowed_types}
        if "ST6" in self.allowed_types:
            weights["ST6"] = 2 * m * m if o0 == o1 else m * m
        if "ST1" in self.allowed_types:
            weights["ST1"] = 2 * len(self.allowed_blocks) - sum(weights.values())
        return weights

    def draw_fair_cells(self, rng: random.Random) -> list[Cell]:
        """len(allowed_operations) blocks: O0 and O1 each run through an independent random permutation of the
        allowed operations; the connectivity is drawn so that the distinct blocks are uniform.

        The blocks are not in canonical form: ST1 keeps the drawn O0, which its pass does not use, and ST6
        keeps O0 < O1, so that both positions are trained in the parallel role. Scoring uses canonical forms.
        """
        allowed = self.allowed_operations
        blocks: list[Cell] = []
        for o0, o1 in zip(rng.sample(allowed, len(allowed)), rng.sample(allowed, len(allowed)), strict=True):
            weights = self.connectivity_weights(o0, o1)
            (kind,) = rng.choices(list(weights), list(weights.values()))
            blocks.append((o0, o1, *CONNECTIVITY[kind]))
        return blocks

    def cells_by_nonlinear_operations(self) -> dict[int, list[Cell]]:
        """The distinct allowed blocks by their number of operations, 1 (ST1) or 2."""
        groups: dict[int, list[Cell]] = {}
        for block in self.allowed_blocks:
            groups.setdefault(len(live_operations(block)), []).append(block)
        return dict(sorted(groups.items()))
