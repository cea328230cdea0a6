"""Which path comes next: uniform, strictly fair or balanced sampling, or uniform over a part of the cells.

A sampler is an object with its own random stream and a state like any other, so a resumed run draws what the
uninterrupted one would have drawn, also in the middle of a strictly fair group. Scoring never touches it.

`tally` counts how often each operation was drawn at each choice point: what strict fairness makes equal.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

from supernet.spaces import Cell, Path, Size, Space

BATCHES = ("consecutive", "same")
GRADIENTS = ("sum", "mean", "parameter_mean")
STAGE = "stage"  # share_topology: one cell a stage

Cells = tuple[Cell, ...]  # of one path, those that are drawn independently


class Draws(ABC):
    """One kind of sampling: how the cells of a group of paths are drawn.

    Args:
        space: The masked search space.
        cells: Of each cell of a path that is drawn independently its space; the others repeat them.

    Raises:
        ValueError: for a space that has no such sampling.
    """

    fair: ClassVar[bool] = False  # whether a group of paths is followed by one optimizer step
    group_size: int = 1  # paths

    def __init__(self, space: Space, cells: tuple[Space, ...]) -> None:
        self.space, self.cells = space, cells
        self.check(space)

    @classmethod  # noqa: B027
    def check(cls, space: Space) -> None:
        """ValueError for a space that has no such sampling; none is refused as a rule."""

    @abstractmethod
    def draw(self, rng: random.Random) -> list[Cells]:
        """The next group: `group_size` times a cell of each of `cells`. All chance comes from `rng`."""


KINDS: dict[str, type[Draws]] = {}
Registered = TypeVar("Registered", bound=type[Draws])


def sampling(kind: str) -> Callable[[Registered], Registered]:
    """Class decorator: makes a sampling known under `kind`. ValueError if the name is taken."""

    def add(draws: Registered) -> Registered:
        if kind in KINDS:
            raise ValueError(f"kind: {kind!r} is the name of {KINDS[kind].__name__}")
        KINDS[kind] = draws
        return draws

    return add


@sampling("uniform")
class Uniform(Draws):
    """Each choice point independently (Blox: each connected block of distinct function equally likely)."""

    def draw(self, rng: random.Random) -> list[Cells]:
        return [tuple(cell.draw_cell(rng) for cell in self.cells)]


@sampling("fair")
class StrictlyFair(Draws):
    """|O| paths in which every choice point uses each allowed operation once, then one optimizer step; every cell is
    permuted independently. A place that a mask leaves one operation is no choice point: each path uses it."""

    fair = True

    def __init__(self, space: Space, cells: tuple[Space, ...]) -> None:
        super().__init__(space, cells)
        self.group_size = space.fair_group_size

    @classmethod
    def check(cls, space: Space) -> None:
        _ = space.fair_group_size  # refuses a mask that strict fairness is not defined for

    def draw(self, rng: random.Random) -> list[Cells]:
        columns = [cell.draw_fair_cells(rng) for cell in self.cells]
        repeated = [column * (self.group_size // len(column)) for column in columns]
        return list(zip(*repeated, strict=True))


@sampling("balanced")
class Balanced(Draws):
    """A total of non-linear operations, each total equally likely, then uniformly among all cells with that total that
    have a path from input to output."""

    def __init__(self, space: Space, cells: tuple[Space, ...]) -> None:
        super().__init__(space, cells)
        by_space = {cell: cell.cells_by_nonlinear_operations() for cell in set(cells)}
        self.levels = [by_space[cell] for cell in cells]  # of each cell
        if not all(self.levels):
            raise ValueError(f"kind: 'balanced' needs a connected cell; the mask leaves none of {space.name}")
        # of the last 0, 1, ... cells
        self.ways = _ways(
            [{level: len(listed) for level, listed in of.items()} for of in reversed(self.levels)]
        )

    def draw(self, rng: random.Random) -> list[Cells]:
        totals = sorted(self.ways[-1])
        left = totals[rng.randrange(len(totals))]
        drawn = []
        for of, ways in zip(self.levels, reversed(self.ways[:-1]), strict=True):
            levels = [level for level in of if left - level in ways]
            weights = [len(of[level]) * ways[left - level] for level in levels]
            level = levels[_weighted(rng, weights)]
            drawn.append(of[level][rng.randrange(len(of[level]))])
            left -= level
        return [tuple(drawn)]


class Listed(Draws):
    """Uniformly over a list of cells that the space has for this kind."""

    kind: ClassVar[str]

    @classmethod
    def check(cls, space: Space) -> None:
        _listed_cells(space, cls.kind)

    def draw(self, rng: random.Random) -> list[Cells]:
        return [tuple(rng.choice(_listed_cells(cell, self.kind)) for cell in self.cells)]


@lru_cache
def _listed_cells(space: Space, kind: str) -> tuple[Cell, ...]:
    return space.listed_cells(kind)  # once for a study of many variants


@sampling("no-trash")
class NoTrash(Listed):
    """The cells with a path from input to output."""

    kind = "no-trash"


@sampling("de-isomorphism")
class DeIsomorphism(Listed):
    """The distinct functions, one cell for each."""

    kind = "de-isomorphism"


@dataclass(frozen=True, kw_only=True)
class SamplingConfig:
    """How paths are drawn and how a strictly fair group trains.

    Args:
        kind: 'uniform', 'fair', 'balanced', 'no-trash' or 'de-isomorphism'; the classes above say what each is. The
            last two are of NAS-Bench-201: uniform sampling of Blox is of distinct, connected blocks.
        batches: ('fair' only) 'consecutive' gives each path of the group the next mini-batch (ranking study), 'same'
            gives all of them one (FairNAS).
        gradients: ('fair' only) 'sum', 'mean' over the group, or 'parameter_mean', each parameter divided by the
            number of paths that used it.
        share_topology: True: one cell for the whole network; 'stage': one a stage; False: each cell its own; None: as
            the benchmark does (NAS-Bench-201: one for all; Blox: one a stage; NAS-Bench-Macro: each its own).

    Raises:
        ValueError: for a value that is not allowed.
    """

    kind: str = "uniform"
    batches: str = "consecutive"
    gradients: str = "sum"
    share_topology: bool | str | None = None

    def __post_init__(self) -> None:
        for field, allowed in (("kind", tuple(KINDS)), ("batches", BATCHES), ("gradients", GRADIENTS)):
            value = getattr(self, field)
            if value not in allowed:
                raise ValueError(f"{field}: {value!r} is not one of {', '.join(allowed)}")
        if not (
            self.share_topology is None
            or isinstance(self.share_topology, bool)
            or self.share_topology == STAGE
        ):
            raise ValueError(f"share_topology: {self.share_topology!r} is not True, False, {STAGE!r} or None")
        if not KINDS[self.kind].fair and (self.batches, self.gradients) != ("consecutive", "sum"):
            raise ValueError(f"kind: {self.kind!r} takes no 'batches' or 'gradients'; only 'fair' does")


class Sampler:
    """An endless stream of paths, drawn in groups of `group_size`."""

    def __init__(self, config: SamplingConfig, space: Space, size: Size, seed: int) -> None:
        self.config, self.space, self.size = config, space, size
        self.rng = random.Random(seed)
        self.pending: list[Path] = []
        cells = len(space.stages(size))
        # As the benchmark: one cell for the whole network, one a stage, or each its own.
        independent = {None: space.parts, True: 1, STAGE: size.stages, False: cells}[config.share_topology]
        self.draws = KINDS[config.kind](space, space.at_cells(size, independent))
        self.group_size = self.draws.group_size

    def next(self) -> Path:
        """The next path; draws a new group when the last one is used up."""
        if not self.pending:
            # Cells of a path as cells of the network: one for all, one a stage, or each its own.
            self.pending = [self.space.spread(cells, self.size) for cells in self.draws.draw(self.rng)]
        return self.pending.pop(0)

    @property
    def group_done(self) -> bool:
        """Whether the path just drawn was the last of its group."""
        return not self.pending

    def state_dict(self) -> dict[str, Any]:
        return {"rng": self.rng.getstate(), "pending": list(self.pending)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.rng.setstate(state["rng"])
        self.pending = list(state["pending"])


def _ways(counts: Sequence[dict[int, int]]) -> list[dict[int, int]]:
    """For the first 0, 1, ... cells: the number of ways to reach each total when cell c can have level l in
    counts[c][l] ways."""
    ways: list[dict[int, int]] = [{0: 1}]
    for of_cell in counts:
        totals: dict[int, int] = {}
        for total, number in ways[-1].items():
            for level, count in of_cell.items():
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
