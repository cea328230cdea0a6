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
from typing import ClassVar

from supernet.spaces.blox.blocks import (
    BLOCK_IDS,
    BLOCKS,
    CHAIN_TYPES,
    CONNECTIVITY,
    ENCODINGS,
    OPERATIONS,
    TYPES,
    block_function,
    block_type,
    canonical_block,
    live_operations,
    models,
)
from supernet.spaces.blox.dialects import DIALECTS, parse
from supernet.spaces.blox.hash import model_hash
from supernet.spaces.dialect import Dialect
from supernet.spaces.expressions import Expression, Rules
from supernet.spaces.graph import SINK, SOURCE, Graph, Node, pruned
from supernet.spaces.space import (
    Architecture,
    Cell,
    Cost,
    Importer,
    Size,
    Space,
    add_costs,
    image_sides,
)

LAYERS = (4, 4, 18)  # convolutions of each operation, without those of squeeze-and-excite
_FORMULAS = {
    "ST1": "{1}(x)",
    "ST2": "{1}({0}(x))",
    "ST3": "{1}({0}(x) + x)",
    "ST4": "{1}({0}(x)) + {0}(x)",
    "ST5": "{1}({0}(x) + x) + {0}(x)",
    "ST6": "{1}(x) + {0}(x)",
}

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
    layers: ClassVar[str] = "layers"
    masks_also: ClassVar[str] = "also connectivity types ST1..ST6"
    importer: ClassVar[Importer] = Importer(
        module="supernet.spaces.blox.importer",
        help="Blox: base, ext, info, env and bench as .blox, .csv or .pickle",
        source="a folder of files named blox-*, or one file",
        data=("cifar100",),
        options={
            "--drop-first-epoch": {
                "action": "store_true",
                "help": "leave out the first epoch's validation, which may hold the best epoch's",
            }
        },
    )

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

    def supernet_cell(self, cell: Cell) -> Cell:
        """The canonical form: O1 alone for ST1, O0 >= O1 for ST6."""
        return canonical_block(cell)

    def function(self, cell: Cell, rules: Rules) -> Expression:
        return block_function(cell, rules)

    def evaluation_order(self, cell: Cell, rules: Rules) -> Cell:
        return canonical_block(cell)

    def halvings(self, size: Size) -> tuple[int, ...]:
        """A reduction follows the last stage, too."""
        return (*self.stages(size), size.stages)

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

    @property
    def graph_labels(self) -> tuple[tuple[str, int], ...]:
        return tuple((name, stage) for stage in range(self.parts) for name in (*OPERATIONS, "reduction"))

    def graph(self, architecture: Architecture) -> Graph:
        """Input, then O0, O1 and reduction of each stage, then the output."""
        nodes = [SOURCE]
        edges: list[tuple[int, int]] = []
        for stage, (o0, o1, previous, direct, skip) in enumerate(self.cells_of(architecture)):
            source = len(nodes) - 1
            first, second, reduction = source + 1, source + 2, source + 3
            nodes += [Node(OPERATIONS[o0], stage), Node(OPERATIONS[o1], stage), Node("reduction", stage)]
            edges += [(source, first), (second, reduction)]
            edges += [(first, second)] * previous + [(source, second)] * direct + [(first, reduction)] * skip
        return pruned([*nodes, SINK], [*edges, (len(nodes) - 1, len(nodes))])

    def index(self, architecture: Architecture) -> int | None:
        """i0 + 45 * i1 + 2025 * i2 of the official block ids; None if invalid."""
        blocks = self.cells_of(architecture)
        if not self.is_valid(architecture):
            return None
        return sum(BLOCK_IDS[block] * len(BLOCKS) ** stage for stage, block in enumerate(blocks))

    def enumerate(self) -> Iterator[Architecture]:
        """The distinct allowed models in canonical form, in official order: the first stage runs fastest."""
        return models(self.allowed_blocks)

    def unique(self) -> Iterator[Architecture]:
        """The same as enumerate()."""
        return self.enumerate()

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        return DIALECTS

    def parse(self, text: str) -> Architecture:
        return parse(text)

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
        return model_hash(architecture)

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
