"""NAS-Bench-Macro: 3^8 = 6,561 networks of eight layers in stages of 2, 3 and 3, each layer its own choice.

A layer is the identity or an inverted residual block (MobileNetV2's, with ReLU). The first layer of a stage halves the
image and doubles the channels; its identity is a 1x1 convolution with BN.
Source: Su et al., "Prioritized architecture sampling with Monto-Carlo tree search" (CVPR 2021), section 4.1, and their
public code; numbers not in that paper were computed here and are tested.
"""

from __future__ import annotations

import functools
import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from supernet.spaces.dialect import INTS, STRING, Dialect, integers
from supernet.spaces.expressions import INPUT, Expression, Rules, applied
from supernet.spaces.place_masks import PlaceMasked
from supernet.spaces.space import (
    LISTED,
    Architecture,
    Cell,
    Cost,
    Importer,
    Size,
    add_costs,
    image_sides,
    parse_ints,
)

OPERATIONS = ("identity", "mb3_k3", "mb6_k5")
BLOCKS = {"mb3_k3": (3, 3), "mb6_k5": (6, 5)}  # expansion and kernel of the inverted residual blocks
STAGE_LAYERS = (2, 3, 3)
STAGES = tuple(stage for stage, layers in enumerate(STAGE_LAYERS) for _ in range(layers))  # of each layer
LAYERS = tuple(str(number) for number, _ in enumerate(STAGES, 1))  # their names in masks
HEAD = 5  # times the last stage's channels: the width of the head's 1x1 convolution, 1,280 as published
FORM = f"{len(LAYERS)} digits, each of 0 to {len(OPERATIONS) - 1} ({', '.join(OPERATIONS)})"


def read_digits(text: str) -> Architecture:
    """The architecture of eight digits, such as '22212220'; ValueError if the text is anything else."""
    word = text.strip()
    if len(word) != len(LAYERS) or not set(word) <= set("012"):
        raise ValueError(f"architecture: {text!r:.120} is not {FORM}")
    return tuple(map(int, word))


DIALECTS = (
    Dialect(STRING, "the benchmark's string, eight digits of 0 to 2", read_digits),
    Dialect(
        INTS,
        f"eight ints, one a layer ({', '.join(OPERATIONS)})",
        lambda text: integers(text, len(LAYERS), len(OPERATIONS)),
    ),
)


# Cost


def _convolution(inputs: int, outputs: int, kernel: int, side: int, groups: int = 1) -> Cost:
    """Convolution without bias giving a (outputs, side, side) image, and its affine BatchNorm."""
    weights = inputs // groups * outputs * kernel**2
    return Cost(weights + 2 * outputs, weights * side**2, weights * side**2)


@functools.cache
def _fixed_cost(size: Size) -> Cost:
    """Cost of stem and head."""
    sides = image_sides(size, len(STAGE_LAYERS))
    features = size.channels << len(STAGE_LAYERS)
    wide = HEAD * features
    linear = wide * size.classes
    return add_costs(
        [
            _convolution(size.image_channels, size.channels, 3, sides[0]),
            _convolution(features, wide, 1, sides[-1]),
            Cost(linear + size.classes, linear, linear),
        ]
    )


@functools.cache
def _layer_cost(size: Size, layer: int, operation: int) -> Cost:
    """Cost of an operation in a layer, counted from 0."""
    halvings = Macro().halvings(size)
    inputs, outputs = (size.channels << halvings[number] for number in (layer, layer + 1))
    before, after = (image_sides(size, len(STAGE_LAYERS))[halvings[number]] for number in (layer, layer + 1))
    if OPERATIONS[operation] == "identity":
        return Cost(0, 0, 0) if inputs == outputs else _convolution(inputs, outputs, 1, after)
    expansion, kernel = BLOCKS[OPERATIONS[operation]]
    wide = expansion * inputs
    return add_costs(
        [
            _convolution(inputs, wide, 1, before),
            _convolution(wide, wide, kernel, after, groups=wide),
            _convolution(wide, outputs, 1, after),
        ]
    )


@dataclass(frozen=True)
class Macro(PlaceMasked):
    """The networks of NAS-Bench-Macro under a mask; it may also hold operations of one layer, as 'identity@3'."""

    name: ClassVar[str] = "macro"
    title: ClassVar[str] = "NAS-Bench-Macro"
    operations: ClassVar[tuple[str, ...]] = OPERATIONS
    parts: ClassVar[int] = len(LAYERS)
    cell_length: ClassVar[int] = 1
    choice_points: ClassVar[tuple[str, ...]] = ("layer",)
    places: ClassVar[tuple[str, ...]] = LAYERS
    place_is: ClassVar[tuple[str, str, str]] = ("a", "layer", "in")
    published: ClassVar[Size] = Size(channels=32, stages=len(STAGE_LAYERS), cells_per_stage=1)
    linear_transformers: ClassVar[tuple[str, ...]] = ("none", "skip")
    layer_names: ClassVar[dict[str, str]] = {"blocks": "layers that are not identity"}
    layers: ClassVar[str] = "blocks"
    masks_also: ClassVar[str] = "also in one layer, as identity@3"
    # Mean over three seeds of the best test accuracy of 50 epochs; that of 22212202, and of what is the same function.
    published_best: ClassVar[dict[str, tuple[float, int]]] = {"cifar10_test": (93.1267, 6473)}
    importer: ClassVar[Importer] = Importer(
        module="supernet.spaces.macro.importer",
        help="NAS-Bench-Macro: the published JSON, or the same as CSV",
        source="nas-bench-macro_cifar10.json, or a CSV with arch and cifar10_test_seed0 to 2",
        data=("cifar10",),
    )

    # Masks

    def at_cells(self, size: Size, count: int) -> tuple[Macro, ...]:
        """A cell that stands for several layers has the operations that are allowed in all of them."""
        layers = {1: (0,) * len(LAYERS), size.stages: STAGES, len(LAYERS): range(len(LAYERS))}[count]
        found = []
        for cell in range(count):
            mine = [left for left, of in zip(self.allowed_by_place, layers, strict=True) if of == cell]
            allowed = set(mine[0]).intersection(*mine[1:])
            found.append(Macro(tuple(name for i, name in enumerate(OPERATIONS) if i not in allowed)))
        return tuple(found)

    def in_mask(self, architecture: Architecture) -> bool:
        """Of all layers; of a single one, whatever its place, what is masked everywhere."""
        if len(architecture) == self.cell_length:
            return architecture[0] in self.allowed_operations
        return super().in_mask(architecture)

    # Networks

    def stages(self, size: Size) -> tuple[int, ...]:
        """Of the eight layers. ValueError for a size with other stages: their layers are what is searched."""
        if (size.stages, size.cells_per_stage) != (len(STAGE_LAYERS), 1):
            raise ValueError(
                f"stages: {size.stages} of {size.cells_per_stage} does not fit {self.name}, whose {len(STAGE_LAYERS)} "
                f"stages have {', '.join(map(str, STAGE_LAYERS))} layers: stages is {len(STAGE_LAYERS)}, "
                "cells_per_stage 1"
            )
        if size.reduction != "official":
            raise ValueError(f"reduction: {size.reduction!r}: {self.name} has none; leave it 'official'")
        return STAGES

    def halvings(self, size: Size) -> tuple[int, ...]:
        """The first layer of each stage halves the image."""
        return (0, *(stage + 1 for stage in self.stages(size)))

    # Architectures

    def counts(self) -> dict[str, int]:
        """raw, valid: networks of allowed operations. unique: distinct functions of stand-alone networks (3,969
        unmasked); in a supernet each layer has weights of its own."""
        raw = math.prod(map(len, self.allowed_by_place))
        return {"raw": raw, "valid": raw, "unique": sum(1 for _ in self.unique())}

    def is_valid(self, architecture: Architecture) -> bool:
        """Always: identity is a connection, too."""
        return True

    def canonical(self, architecture: Architecture) -> Architecture:
        """The first in official order of the same stand-alone function: of each stage its first layer, then identities,
        then the blocks in their order. The same under every mask; it may itself use what is masked."""
        stages = itertools.groupby(zip(STAGES, architecture, strict=True), lambda pair: pair[0])
        found: list[int] = []
        for _, layers in stages:
            (_, first), *others = layers
            blocks = [operation for _, operation in others if operation]
            found += [first, *[0] * (len(others) - len(blocks)), *blocks]
        return tuple(found)

    def choices_by_place(self, architecture: Architecture) -> tuple[tuple[str, str], ...]:
        return tuple(
            (f"layer {layer}", OPERATIONS[choice]) for layer, choice in zip(LAYERS, architecture, strict=True)
        )

    def index(self, architecture: Architecture) -> int:
        """The digits as a number of base 3, 0..6,560."""
        return int("".join(map(str, architecture)), len(OPERATIONS))

    def enumerate(self) -> Iterator[Architecture]:
        """The allowed networks in the order of their digits."""
        return itertools.product(*self.allowed_by_place)

    def unique(self) -> Iterator[Architecture]:
        """The first allowed network of each stand-alone function."""
        seen: set[Architecture] = set()
        for architecture in self.enumerate():
            function = self.canonical(architecture)
            if function not in seen:
                seen.add(function)
                yield architecture

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        return DIALECTS

    def parse(self, text: str) -> Architecture:
        """From eight digits, '22212220', or eight ints, '2 2 2 1 2 2 2 0'."""
        numbers = parse_ints(text)
        if numbers is None or len(numbers) == 1:
            return read_digits(text)
        if len(numbers) != len(LAYERS) or max(numbers) >= len(OPERATIONS):
            raise ValueError(f"architecture: {text!r:.120} is not {FORM}")
        return numbers

    def text(self, architecture: Architecture) -> str:
        """Eight digits, as in the benchmark's file."""
        return "".join(map(str, architecture))

    def formula(self, architecture: Architecture) -> str:
        """For example 'mb6_k5, identity | mb3_k3, ...': the layers of each stage."""
        names = iter(OPERATIONS[choice] for choice in architecture)
        return " | ".join(", ".join(itertools.islice(names, layers)) for layers in STAGE_LAYERS)

    # Cost

    def cost(self, architecture: Architecture, size: Size | None = None) -> Cost:
        """A constant and a term a layer; flops = macs, which the benchmark publishes as FLOPs."""
        size = size or self.published
        layers = [_layer_cost(size, layer, operation) for layer, operation in enumerate(architecture)]
        return add_costs([_fixed_cost(size), *layers])

    def layer_counts(self, architecture: Architecture) -> dict[str, int]:
        """blocks: layers that are not identity, 0..8."""
        return {"blocks": sum(map(bool, architecture))}

    # What a cell computes

    def function(self, cell: Cell, rules: Rules) -> Expression:
        return applied(f"choices.{OPERATIONS[cell[0]]}", INPUT, rules.keeps_zero)

    def evaluation_order(self, cell: Cell, rules: Rules) -> Cell:
        return cell

    # Drawing cells for training

    def draw_cell(self, rng: random.Random) -> Cell:
        return (rng.choice(self.allowed_operations),)

    def draw_fair_cells(self, rng: random.Random) -> list[Cell]:
        return [(choice,) for choice in rng.sample(self.allowed_operations, len(self.allowed_operations))]

    def listed_cells(self, kind: str) -> tuple[Cell, ...]:
        if kind in LISTED:
            raise ValueError(
                f"kind: {kind!r} is of cells; every layer of {self.title} is connected, and which of its networks are "
                "one function is known of whole networks alone"
            )
        return ()

    def cells_by_nonlinear_operations(self) -> dict[int, list[Cell]]:
        """The identity has none; each block counts as one."""
        groups: dict[int, list[Cell]] = {}
        for choice in self.allowed_operations:
            groups.setdefault(int(choice > 0), []).append((choice,))
        return groups
