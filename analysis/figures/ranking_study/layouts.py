"""What each figure of the single-path ranking study shows: panels, their lines, and the variants behind them, as data.

A variant is asked for by its space, its mask and how it was trained, which is its name without the mask: 'small',
'medium, uniform', 'wide, LT on skip'. Where the paper does not name the masks of a figure (6, 8, 11, 12, 13),
those are taken that the catalogue's study trains; each figure's `choice` says so.
Figures 3 and 10 are of the ground truth alone: analysis/figures/truth.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analysis.figures.style import PALETTE
from analysis.store.study import FULL
from supernet.spaces import get_space

SPACE = "nasbench201"
OPERATIONS = get_space(SPACE).operations
ZERO, SKIP, CONV1, CONV3, POOL = OPERATIONS
BLUE, RED, GREEN, PURPLE, ORANGE, SKY, BLACK = PALETTE
BASELINE = RED
COLOURS = {ZERO: GREEN, SKIP: BLUE, CONV1: ORANGE, CONV3: SKY, POOL: PURPLE}  # nearly the paper's
Mask = tuple[str, ...]
SIZES = ("small", "medium")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One variant in a panel. trained: its name without the mask. mask: in the space's official order."""

    label: str
    colour: str
    trained: str
    mask: Mask = ()

    @property
    def key(self) -> tuple[str, Mask]:
        return self.trained, self.mask

    @property
    def name(self) -> str:
        """As the catalogue names it."""
        return f"{self.trained}, {masked(self.mask)}"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One place of the layout: a panel for each metric, one under the other, with the same lines."""

    title: str
    lines: tuple[Line, ...]


Rows = tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A figure: its rows of cells.

    name, title: as in the registry. study: of the catalogue, which trains all of it. metrics: what the panels of a cell
    show against N, from the top down; none for a scatter, whose cells are rows of panels for the true top-50, the true
    top-250 and the random sample. choice: what the paper leaves open."""

    name: str
    title: str
    study: str
    rows: Rows
    metrics: tuple[str, ...] = ("mean_score", "tau_b")
    choice: str = ""

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every variant that the figure shows, each once."""
        lines = [line for row in self.rows for cell in row for line in cell.lines]
        return tuple({line.key: line for line in lines}.values())


def masked(mask: Mask) -> str:
    return f"without {', '.join(mask)}" if mask else FULL


def _mask(*names: str) -> Mask:
    return tuple(name for name in OPERATIONS if name in names)


def _singles(size: str) -> Cell:
    lines = [Line(label=FULL, colour=BASELINE, trained=size)]
    lines += [Line(label=one, colour=COLOURS[one], trained=size, mask=(one,)) for one in OPERATIONS]
    return Cell(title=f"{size}: without", lines=tuple(lines))


def _pairs(size: str, first: str) -> Cell:
    """The mask `first` alone and with each other operation."""
    lines = [Line(label="nothing else", colour=BLACK, trained=size, mask=(first,))]
    for one in OPERATIONS:
        if one != first:
            lines.append(Line(label=one, colour=COLOURS[one], trained=size, mask=_mask(first, one)))
    return Cell(title=f"{size}: without {first} and", lines=tuple(lines))


def _subsets(first: str, second: str) -> Rows:
    return tuple((_singles(size), _pairs(size, first), _pairs(size, second)) for size in SIZES)


def _changes(masks: Iterable[Mask], changes: dict[str, str]) -> Rows:
    """Rows sizes, columns masks, lines ways to train: {'' or ', uniform' behind the size's name: label}."""
    colours = (BASELINE, GREEN, BLUE, ORANGE, PURPLE, SKY)

    def cell(size: str, mask: Mask) -> Cell:
        lines = tuple(
            Line(label=label, colour=colour, trained=f"{size}{change}", mask=mask)
            for (change, label), colour in zip(changes.items(), colours, strict=False)
        )
        return Cell(title=f"{size}, {masked(mask)}", lines=lines)

    return tuple(tuple(cell(size, mask) for mask in masks) for size in SIZES)


def _by_mask(*trained: str) -> Rows:
    """One row, columns ways to train, lines masks."""
    masks = {(): BASELINE, (ZERO,): GREEN, (POOL,): PURPLE, (ZERO, POOL): BLACK}

    def cell(one: str) -> Cell:
        lines = tuple(
            Line(label=", ".join(mask) or FULL, colour=colour, trained=one, mask=mask)
            for mask, colour in masks.items()
        )
        return Cell(title=f"{one}: without", lines=lines)

    return (tuple(map(cell, trained)),)


def _scatters(*variants: tuple[str, Mask]) -> Rows:
    def cell(trained: str, mask: Mask) -> Cell:
        line = Line(label="", colour=BLUE, trained=trained, mask=mask)
        return Cell(title=f"{trained}, {masked(mask)}", lines=(line,))

    return tuple((cell(*variant),) for variant in variants)


def _depths() -> Rows:
    """One cell: the networks of 1 to 5 cells a stage."""
    names = ["1 cell a stage", *(f"{cells} cells a stage" for cells in range(2, 6))]
    colours = (GREEN, RED, BLUE, ORANGE, PURPLE)
    lines = tuple(
        Line(label=name, colour=colour, trained=name) for name, colour in zip(names, colours, strict=True)
    )
    return ((Cell(title=FULL, lines=lines),),)


LT = {"": "no LT", ", LT on skip": "LT on skip", ", LT on skip and pool": "LT on skip and pool"}
CHANGES = {
    "": "baseline", ", unshared": "unshared", ", uniform": "uniform", ", warm-up": "warm-up",
    ", clipped": "clipped", ", regularised": "regularised",
}  # fmt: skip
FOUR = ("mean_score", "tau_b", "spearman", "pearson")
OPEN = "The paper does not name the masks of this figure."

LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout(
            name="paper-2", title="Predicted and true accuracy, with and without Zero",
            study="search_space_subsets", rows=_scatters(("small", ()), ("small", (ZERO,))), metrics=(),
        ),
        Layout(
            name="paper-4", title="Search space subsets", study="search_space_subsets", rows=_subsets(ZERO, POOL)
        ),
        Layout(
            name="paper-5", title="Linear transformers (LT)", study="linear_transformers",
            rows=_changes(((), (ZERO,), (ZERO, POOL)), LT),
        ),
        Layout(
            name="paper-6", title="Variations of the training", study="training_variants",
            rows=_changes(((), (ZERO,), (POOL,)), CHANGES), choice=OPEN,
        ),
        Layout(
            name="paper-7", title="Further search space subsets", study="search_space_subsets",
            rows=_subsets(CONV1, SKIP),
        ),
        Layout(
            name="paper-8", title="Linear transformers (LT), further subsets", study="linear_transformers",
            rows=_changes(((POOL,), (CONV1,), (ZERO, CONV1)), LT), choice=OPEN,
        ),
        Layout(
            name="paper-9", title="Variations of the training, further subsets", study="training_variants",
            rows=_changes(((), (CONV1,), (ZERO, POOL)), CHANGES),
        ),
        Layout(
            name="paper-11", title="Further metrics, supernets of 32 and of 96 channels",
            study="width_and_metrics", rows=_by_mask("small", "wide"), metrics=FOUR, choice=OPEN,
        ),
        Layout(
            name="paper-12", title="Further metrics, with linear transformers (LT)", study="width_and_metrics",
            rows=_by_mask("wide, LT on skip", "wide, LT on skip and pool"), metrics=FOUR, choice=OPEN,
        ),
        Layout(
            name="paper-13", title="Predicted and true accuracy, small and wide supernets",
            study="width_and_metrics", metrics=(),
            rows=_scatters(("small", (ZERO,)), ("wide", (ZERO,)), ("wide, LT on skip", (ZERO,))),
            choice="The paper says neither the mask nor which linear transformers.",
        ),
        Layout(
            name="paper-14", title="Cells per stage", study="depth", rows=_depths(),
        ),
    )
}  # fmt: skip
