"""Which path comes next: uniform, strictly fair or balanced sampling, or uniform over a part of the cells.

A sampler is an object with its own random stream and a state like any other, so a resumed run draws what the
uninterrupted one would have drawn, also in the middle of a strictly fair group. Scoring never touches it.

`tally` counts how often each operation was drawn at each choice point: what strict fairness makes equal.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from supernet.spaces import Cell, Path, Size, Space

KINDS = ("uniform", "fair", "balanced", "no-trash", "de-isomorphism")
BATCHES = ("consecutive", "same")
GRADIENTS = ("sum", "mean", "parameter_mean")


@dataclass(frozen=True, kw_only=True)
class SamplingConfig:
    """How paths are drawn and how a strictly fair group trains.

    kind: 'uniform': each choice point independently; 'fair': strictly fair, |O| paths in which every choice point
    uses each allowed operation once, then one optimizer step (a place that a mask leaves one operation is no choice
    point: each path uses it); 'balanced': evenly over the number of non-linear
    operations, only among cells with a path from input to output; 'no-trash': uniformly over the cells with such a
    path; 'de-isomorphism': uniformly over the distinct functions, one cell for each (both of NAS-Bench-201: Blox's
    uniform sampling is of distinct, connected blocks). batches ('fair' only): 'consecutive' gives
    each path of the group the next mini-batch (ranking study), 'same' gives all of them one (FairNAS).
    gradients ('fair' only): 'sum', 'mean' over the group, or 'parameter_mean', each parameter divided by the
    number of paths that used it. share_topology: True: one cell for the whole network; False: each cell its own;
    None: as the benchmark does (NAS-Bench-201: one for all; Blox: one a stage).
    """

    kind: str = "uniform"
    batches: str = "consecutive"
    gradients: str = "sum"
    share_topology: bool | None = None

    def __post_init__(self) -> None:
        for field, allowed in (("kind", KINDS), ("batches", BATCHES), ("gradients", GRADIENTS)):
            value = getattr(self, field)
            if value not in allowed:
                raise ValueError(f"{field}: {value!r} is not one of {', '.join(allowed)}")
        if self.kind != "fair" and (self.batches, self.gradients) != ("consecutive", "sum"):
            raise ValueError(f"kind: {self.kind!r} takes no 'batches' or 'gradients'; only 'fair' does")


class Sampler:
    """An endless stream of paths, drawn in groups of `group_size`.

    In a strictly fair group the choice of every cell is permuted independently unless the cells share it.
    """

    def __init__(self, config: SamplingConfig, space: Space, size: Size, seed: int) -> None:
        self.config, self.space, self.size = config, space, size
        self.rng = random.Random(seed)
        self.listed = space.listed_cells(config.kind)
        self.pending: list[Path] = []
        self.group_size = space.fair_group_size if config.kind == "fair" else 1
        self.cells = len(space.stages(size))
        # As the benchmark: one cell for the whole network, or one a stage; shared: one; not shared: each its own.
        self.independent = {None: space.parts, True: 1, False: self.cells}[config.share_topology]
        if config.kind == "balanced":
            self.levels = space.cells_by_nonlinear_operations()
            if not self.levels:
                raise ValueError(
                    f"kind: 'balanced' needs a connected cell; the mask leaves none of {space.name}"
                )
            self.ways = _ways({level: len(cells) for level, cells in self.levels.items()}, self.independent)

    def next(self) -> Path:
        """The next path; draws a new group when the last one is used up."""
        if not self.pending:
            self.pending = self._draw_group()
        return self.pending.pop(0)

    @property
    def group_done(self) -> bool:
        """Whether the path just drawn was the last of its group."""
        return not self.pending

    def _draw_group(self) -> list[Path]:
        if self.config.kind == "fair":
            columns = [self.space.draw_fair_cells(self.rng) for _ in range(self.independent)]
            return [self._spread(tuple(cells)) for cells in zip(*columns, strict=True)]
        if self.config.kind == "balanced":
            return [self._spread(self._draw_balanced())]
        if self.listed:
            return [self._spread(tuple(self.rng.choice(self.listed) for _ in range(self.independent)))]
        return [self._spread(tuple(self.space.draw_cell(self.rng) for _ in range(self.independent)))]

    def _spread(self, cells: Path) -> Path:
        """Cells of a path as cells of the network: one for all, one a stage, or each its own."""
        return self.space.spread(cells, self.size)

    def _draw_balanced(self) -> tuple[Cell, ...]:
        """A total of non-linear operations, each total equally likely, then uniformly among all with that total."""
        totals = sorted(self.ways[self.independent])
        left = totals[self.rng.randrange(len(totals))]
        cells = []
        for remaining in range(self.independent - 1, -1, -1):
            levels = [level for level in self.levels if left - level in self.ways[remaining]]
            weights = [len(self.levels[level]) * self.ways[remaining][left - level] for level in levels]
            level = levels[_weighted(self.rng, weights)]
            cells.append(self.levels[level][self.rng.randrange(len(self.levels[level]))])
            left -= level
        return tuple(cells)

    def state_dict(self) -> dict[str, Any]:
        return {"rng": self.rng.getstate(), "pending": list(self.pending)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.rng.setstate(state["rng"])
        self.pending = list(state["pending"])


def _ways(counts: dict[int, int], cells: int) -> list[dict[int, int]]:
    """For 0..cells cells: the number of ways to reach each total when level l can be had in counts[l] ways."""
    ways: list[dict[int, int]] = [{0: 1}]
    for _ in range(cells):
        totals: dict[int, int] = {}
        for total, number in ways[-1].items():
            for level, count in counts.items():
                totals[total + level] = totals.get(total + level, 0) + number * count
        ways.append(totals)
    return ways


def _weighted(rng: random.Random, weights: list[int]) -> int:
    """An index drawn with exact integer weights."""
    left = rng.randrange(sum(weights))
    for index, weight in enumerate(weights):
        if left < weight:
            return index
        left -= weight
    raise AssertionError("weights do not add up")


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
