"""Five layers in stages of 2 and 3, each nothing, a 1x1 or a 3x3 convolution; the first of a stage halves the image."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from supernet.spaces.dialect import INTS, Dialect, integers
from supernet.spaces.expressions import INPUT, Expression, Rules, applied
from supernet.spaces.space import Architecture, Cell, Cost, Size, Space, add_costs, image_sides, parse_ints

OPERATIONS = ("identity", "conv_1x1", "conv_3x3")
LAYERS = (0, 0, 1, 1, 1)  # the stage of each


def _convolution(inputs: int, outputs: int, kernel: int, side: int) -> Cost:
    """Of a convolution without bias and its batch normalisation, at `side` x `side` outputs."""
    weights = inputs * outputs * kernel**2
    return Cost(weights + 2 * outputs, weights * side**2, weights * side**2)


@dataclass(frozen=True)
class Layers(Space):
    name: ClassVar[str] = "layers"
    title: ClassVar[str] = "Layers"
    operations: ClassVar[tuple[str, ...]] = OPERATIONS
    parts: ClassVar[int] = len(LAYERS)
    cell_length: ClassVar[int] = 1
    choice_points: ClassVar[tuple[str, ...]] = ("layer",)
    published: ClassVar[Size] = Size(channels=4, stages=2, cells_per_stage=1, image_size=16)
    linear_transformers: ClassVar[tuple[str, ...]] = ("none",)
    layer_names: ClassVar[dict[str, str]] = {"layers": "layers that are not identity"}
    layers: ClassVar[str] = "layers"

    def stages(self, size: Size) -> tuple[int, ...]:
        return LAYERS

    def halvings(self, size: Size) -> tuple[int, ...]:
        return (0, 1, 1, 2, 2, 2)

    def counts(self) -> dict[str, int]:
        return dict.fromkeys(("raw", "valid", "unique"), len(self.allowed_operations) ** self.parts)

    def is_valid(self, architecture: Architecture) -> bool:
        return True

    def in_mask(self, architecture: Architecture) -> bool:
        return set(architecture) <= set(self.allowed_operations)

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture

    def choices_by_place(self, architecture: Architecture) -> tuple[tuple[str, str], ...]:
        return tuple((f"layer {i}", OPERATIONS[choice]) for i, choice in enumerate(architecture, 1))

    def index(self, architecture: Architecture) -> int:
        return int("".join(map(str, architecture)), len(OPERATIONS))

    def enumerate(self) -> Iterator[Architecture]:
        return itertools.product(self.allowed_operations, repeat=self.parts)

    def unique(self) -> Iterator[Architecture]:
        return self.enumerate()

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        return (Dialect(INTS, "five ints", lambda text: integers(text, self.parts, len(OPERATIONS))),)

    def parse(self, text: str) -> Architecture:
        numbers = parse_ints(text)
        if numbers is None or len(numbers) != self.parts or max(numbers) >= len(OPERATIONS):
            raise ValueError(f"architecture: {text!r} is not {self.parts} integers")
        return numbers

    def text(self, architecture: Architecture) -> str:
        return " ".join(map(str, architecture))

    def formula(self, architecture: Architecture) -> str:
        return " -> ".join(OPERATIONS[choice] for choice in architecture)

    def cost(self, architecture: Architecture, size: Size | None = None) -> Cost:
        size = size or self.published
        sides = image_sides(size, self.halvings(size)[-1])
        costs = [_convolution(size.image_channels, size.channels, 3, sides[0])]
        done = 0
        for choice, halvings in zip(architecture, self.halvings(size)[1:], strict=True):
            name, inputs, outputs = OPERATIONS[choice], size.channels << done, size.channels << halvings
            if name != "identity" or inputs != outputs:
                costs.append(_convolution(inputs, outputs, 3 if name == "conv_3x3" else 1, sides[halvings]))
            done = halvings
        features = size.channels << done
        costs.append(Cost((features + 1) * size.classes, features * size.classes, features * size.classes))
        return add_costs(costs)

    def layer_counts(self, architecture: Architecture) -> dict[str, int]:
        return {"layers": sum(map(bool, architecture))}

    def function(self, cell: Cell, rules: Rules) -> Expression:
        return applied(f"choices.{OPERATIONS[cell[0]]}", INPUT, rules.keeps_zero)

    def evaluation_order(self, cell: Cell, rules: Rules) -> Cell:
        return cell

    def draw_cell(self, rng: random.Random) -> Cell:
        return (rng.choice(self.allowed_operations),)

    def draw_fair_cells(self, rng: random.Random) -> list[Cell]:
        return [(choice,) for choice in rng.sample(self.allowed_operations, len(self.allowed_operations))]

    def cells_by_nonlinear_operations(self) -> dict[int, list[Cell]]:
        groups: dict[int, list[Cell]] = {}
        for choice in self.allowed_operations:
            groups.setdefault(int(choice > 0), []).append((choice,))
        return groups
