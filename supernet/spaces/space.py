"""What a search space is: choice points, masks, enumeration, canonical form, text form, sampling, cost.

Plain Python: nothing here imports torch. An *architecture* is a tuple of ints. It is made of one or more
*cells* of equal length: a NAS-Bench-201 architecture is one cell of six ints (its network repeats that cell),
a Blox architecture is three cells (blocks) of five ints, one a stage. A *path* is what one forward pass of a
network uses: one cell for each searchable cell of that network.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar, NamedTuple

from supernet.spaces.dialect import Dialect
from supernet.spaces.expressions import Expression, Rules
from supernet.spaces.graph import Graph, chain

Cell = tuple[int, ...]
Architecture = tuple[int, ...]
Path = tuple[Cell, ...]

REDUCTIONS = ("official", "light")
LISTED = ("no-trash", "de-isomorphism")  # samplings that draw uniformly from a list of cells


@dataclass(frozen=True, kw_only=True)
class Size:
    """The size of a network, apart from what is searched. Inputs are (B, image_channels, image_size, image_size).

    Args:
        channels: channels of the first stage (doubled by every reduction).
        stages: number of stages.
        cells_per_stage: searchable cells a stage.
        image_channels: channels of the images.
        image_size: pixels a side.
        classes: outputs.
        reduction: 'official' (the benchmark's own) or 'light' (average pooling and a 1x1 convolution).
    """

    channels: int
    stages: int
    cells_per_stage: int
    image_channels: int = 3
    image_size: int = 32
    classes: int = 10
    reduction: str = "official"

    def __post_init__(self) -> None:
        for name in ("channels", "stages", "cells_per_stage", "image_channels", "image_size", "classes"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name}: {value!r} is not a positive integer")
        if self.reduction not in REDUCTIONS:
            raise ValueError(f"reduction: {self.reduction!r} is not one of {', '.join(REDUCTIONS)}")


class Cost(NamedTuple):
    """params: trainable parameters of the stand-alone network. macs: multiply-accumulates of convolutions and
    linear layers for one image, without bias. flops: as the benchmark itself counts them."""

    params: int
    macs: int
    flops: int


class Edge(NamedTuple):
    """One edge of a cell. source, target: its nodes; 0 is the input, the last the output. live: whether the output
    depends on it."""

    source: int
    target: int
    operation: str
    live: bool


def add_costs(costs: Iterable[Cost]) -> Cost:
    """The sum of the costs of parts."""
    params, macs, flops = (sum(column) for column in zip(*costs, strict=True))
    return Cost(params, macs, flops)


def image_sides(size: Size, reductions: int) -> list[int]:
    """Height (= width) of the image at first and after each of `reductions` halvings: reductions + 1 ints.

    Raises ValueError if the image is too small to be halved that often."""
    sides = [size.image_size >> halvings for halvings in range(reductions + 1)]
    if sides[-1] < 1:
        raise ValueError(f"image_size: {size.image_size} is too small to be halved {reductions} times")
    return sides


@dataclass(frozen=True, kw_only=True)
class Importer:
    """What reads a table that the benchmark's authors published: a module with
    `read(source: Path, **options) -> Imported` (imported.py).

    module: of `read`. help: one line. source: what SOURCE is. options: flag -> arguments of add_argument; read()
    gets each by its name ('--fraction': fraction). named_by_source: whether the table has the name of SOURCE, not the
    importer's. data: the data sets of a published table, whose columns are named by them ('cifar10_test')."""

    module: str
    help: str
    source: str
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    named_by_source: bool = False
    data: tuple[str, ...] = ()


@dataclass(frozen=True)
class Space(ABC):
    """One search space under a mask (the names of operations, or for Blox also of connectivity types, that no
    architecture may use, in training, in scoring and in the ground truth). Masks that leave the same are made equal.
    """

    mask: tuple[str, ...] = ()

    name: ClassVar[str]
    title: ClassVar[str]
    drawn_as: ClassVar[str] = (
        "layers"  # an architecture in pictures: a 'cell' of `edges`, Blox's 'blocks', 'layers'
    )
    operations: ClassVar[tuple[str, ...]]  # candidate operations; the ints of a cell that choose one index it
    parts: ClassVar[int]  # cells in an architecture
    cell_length: ClassVar[int]  # ints in a cell
    choice_points: ClassVar[tuple[str, ...]]  # names of its first ints, those that choose an operation
    published: ClassVar[Size]  # size of the benchmark's networks
    linear_transformers: ClassVar[tuple[str, ...]]  # where a supernet may place them
    layer_names: ClassVar[dict[str, str]]  # the keys of `layer_counts`, each with its name in words
    layers: ClassVar[str]  # the one of them that is ranked together with params
    # Column of a truth table: the best published value and where it is in the official order.
    published_best: ClassVar[Mapping[str, tuple[float, int]]] = {}
    masks_also: ClassVar[str] = ""  # what a mask may hold beside operations, for a reader
    importer: ClassVar[Importer | None] = None  # of the tables that the benchmark's authors published

    def __post_init__(self) -> None:
        object.__setattr__(self, "mask", self.official_mask())
        if not self.allowed_operations:
            raise ValueError(f"mask: {', '.join(self.mask)} leaves no operation of {self.name}")

    @property
    def maskable(self) -> tuple[str, ...]:
        """Names that a mask may hold, in their official order."""
        return self.operations

    def official_mask(self) -> tuple[str, ...]:
        """The mask in official order. ValueError for a name that it may not hold."""
        unknown = sorted(set(self.mask) - set(self.maskable))
        if unknown:
            raise ValueError(f"mask: {unknown[0]!r} is not one of {', '.join(self.maskable)}")
        return tuple(name for name in self.maskable if name in self.mask)

    def within(self, other: Space) -> bool:
        """Whether the other mask allows all that this one allows."""
        return self.name == other.name and set(other.mask) <= set(self.mask)

    @property
    def allowed_operations(self) -> tuple[int, ...]:
        """Indices of the operations that the mask leaves."""
        return tuple(i for i, name in enumerate(self.operations) if name not in self.mask)

    @property
    def allowed_by_point(self) -> tuple[tuple[int, ...], ...]:
        """The same at each choice point of a cell."""
        return (self.allowed_operations,) * len(self.choice_points)

    def at_cells(self, size: Size, count: int) -> tuple[Space, ...]:
        """The space under the mask of each of `count` cells of a network: one that stands for all, one a stage, or each
        its own. The mask is the same everywhere, if it does not name single cells."""
        return (self,) * count

    def split_masks(self, place: str) -> dict[str, tuple[str, ...]]:
        """For each operation that is allowed at a choice point, the further mask that leaves it alone there.

        Raises ValueError for a place that the space lacks, or if its masks are not by place."""
        raise ValueError(f"space: {self.name!r} cannot be split by an edge")

    # The space's folder

    @classmethod
    def part(cls, name: str) -> ModuleType:
        """A module of the space's folder that needs more than plain Python, imported when it is asked for: 'cells'
        (torch; see network_part.py), 'recipe' (see recipe.py)."""
        return import_module(f"{cls.__module__.rpartition('.')[0]}.{name}")

    # Networks

    def check_size(self, size: Size) -> None:
        """ValueError for a size that networks of the space cannot have."""
        if self.parts not in (1, size.stages, len(self.stages(size))):
            raise ValueError(f"stages: {size.stages} is not {self.parts}, as {self.name} has")
        halvings = self.halvings(size)[-1]
        if size.image_size % 2**halvings:
            raise ValueError(
                f"image_size: {size.image_size} cannot be halved {halvings} times; use a multiple of {2**halvings}"
            )

    def check_linear_transformers(self, name: str) -> None:
        """ValueError for a kind that the space does not have."""
        if name not in self.linear_transformers:
            allowed = ", ".join(self.linear_transformers)
            raise ValueError(f"linear_transformers: {name!r} is not one of {allowed} ({self.name})")

    def stages(self, size: Size) -> tuple[int, ...]:
        """The stage of each searchable cell of a network, from 0."""
        return tuple(stage for stage in range(size.stages) for _ in range(size.cells_per_stage))

    def cells_a_stage(self, size: Size) -> str:
        """How many searchable cells a stage has, in words: '5', or '2, 3, 3' where stages differ."""
        counts = list(Counter(self.stages(size)).values())
        return ", ".join(map(str, counts[:1] if len(set(counts)) == 1 else counts))

    def halvings(self, size: Size) -> tuple[int, ...]:
        """How often the image has been halved (and the channels doubled) before each searchable cell and, the last,
        before the head. Here by a reduction between stages; a space may halve in its cells."""
        return (*self.stages(size), size.stages - 1)

    def cells_of(self, architecture: Architecture) -> Path:
        """The architecture cut into its `parts` cells."""
        n = self.cell_length
        return tuple(architecture[i : i + n] for i in range(0, len(architecture), n))

    def path(self, architecture: Architecture, size: Size) -> Path:
        """The path that a network of `size` takes for `architecture`: one cell per searchable cell.

        A space of one cell repeats it everywhere, a space of one cell a stage inside its stage; else each has its own.
        """
        if len(architecture) != self.parts * self.cell_length:
            raise ValueError(
                f"architecture: {architecture} has {len(architecture)} integers, not the "
                f"{self.parts * self.cell_length} of {self.name}"
            )
        return self.spread(self.cells_of(architecture), size)

    def spread(self, cells: Path, size: Size) -> Path:
        """A cell for each searchable one of a network, from one for all, one a stage, or all of them."""
        stages = self.stages(size)
        if len(cells) in (1, len(stages)):
            return cells * (len(stages) // len(cells))
        if len(cells) != size.stages:
            raise ValueError(f"stages: {size.stages} does not fit {self.name}, which has {len(cells)} stages")
        return tuple(cells[stage] for stage in stages)

    # Architectures

    @abstractmethod
    def counts(self) -> dict[str, int]:
        """Numbers of architectures under the mask: at least 'raw', 'valid' and 'unique', in that order."""

    @abstractmethod
    def is_valid(self, architecture: Architecture) -> bool:
        """Whether the output depends on the input."""

    @abstractmethod
    def in_mask(self, architecture: Architecture) -> bool:
        """Whether the architecture uses nothing that is masked."""

    @abstractmethod
    def canonical(self, architecture: Architecture) -> Architecture:
        """The representative of all architectures of one stand-alone function, as the benchmark counts."""

    def stand_alone_form(self, architecture: Architecture) -> Architecture:
        """The architecture whose stand-alone network stands for all that are the same function."""
        return self.canonical(architecture)

    def supernet_cell(self, cell: Cell) -> Cell:
        """The encoding of a cell that a supernet scores, where encodings of one function would use other weights."""
        return cell

    def supernet_form(self, architecture: Architecture) -> Architecture:
        """The architecture with its cells as a supernet scores them."""
        return tuple(number for cell in self.cells_of(architecture) for number in self.supernet_cell(cell))

    def live_form(self, architecture: Architecture) -> Architecture:
        """What a stand-alone network computes of the architecture: without what its output does not depend on."""
        return self.supernet_form(architecture)

    # What a cell computes with the supernet's weights (supernet/scoring)

    @abstractmethod
    def function(self, cell: Cell, rules: Rules) -> Expression:
        """What a cell computes, by the names of its modules: equal for cells that are the same function."""

    @abstractmethod
    def evaluation_order(self, cell: Cell, rules: Rules) -> Cell:
        """What a cell is sorted by, so that cells with equal first steps follow each other."""

    def plain_expressions(self, cell: Cell, rules: Rules) -> list[Expression]:
        """Expressions of all that a plain evaluation of the cell computes, whether its output depends on it or not."""
        return [self.function(cell, rules)]

    def choices(self, architecture: Architecture) -> dict[str, tuple[str, ...]]:
        """The names of what the architecture is made of, by kind, each as often as it occurs: 'operation', one for
        each choice point. Names that a mask may hold."""
        return {"operation": tuple(self.operations[operation] for operation in architecture)}

    def choices_by_place(self, architecture: Architecture) -> tuple[tuple[str, str], ...]:
        """(place, name) of each choice, in official order: the edge and its operation; for Blox the stage, and what
        is O0, O1 and type there ('O0 conv', 'type ST2')."""
        return tuple(zip(self.choice_points, self.choices(architecture)["operation"], strict=True))

    def edges(self, architecture: Architecture) -> tuple[Edge, ...]:
        """Of a space that is drawn as a cell: its edges with their operations, in the order of the architecture."""
        raise NotImplementedError(f"{self.name} is drawn as {self.drawn_as}")

    def graph(self, architecture: Architecture) -> Graph:
        """The architecture, in the encoding that is given, as a graph of operations (graph.py). Here a chain: one node
        for each cell of one int, its part the stage."""
        return chain(self.choices(architecture)["operation"], self.stages(self.published))

    @property
    def graph_labels(self) -> tuple[tuple[str, int], ...]:
        """(operation, part) of all nodes of a graph that may be live, by part; without input and output."""
        return tuple((name, part) for part in range(self.published.stages) for name in self.operations)

    @abstractmethod
    def index(self, architecture: Architecture) -> int | None:
        """Position in the benchmark's official list; None for an invalid Blox architecture."""

    @abstractmethod
    def enumerate(self) -> Iterator[Architecture]:
        """Every architecture of the benchmark's official list that the mask allows, in official order.

        NAS-Bench-201: all 15,625 tuples (valid or not). Blox: the 91,125 unique models in canonical form.
        """

    @abstractmethod
    def unique(self) -> Iterator[Architecture]:
        """One valid architecture for each distinct stand-alone function under the mask, in official order."""

    def sample(self, n: int, seed: int) -> list[Architecture]:
        """n distinct architectures drawn uniformly without replacement from `unique()`, in the order drawn.

        A larger n with the same seed extends the list of a smaller one."""
        pool = list(self.unique())
        if not 0 <= n <= len(pool):
            raise ValueError(f"architectures: {n} is not between 0 and {len(pool)}, all distinct ones")
        random.Random(seed).shuffle(pool)
        return pool[:n]

    # Text

    @property
    @abstractmethod
    def dialects(self) -> tuple[Dialect, ...]:
        """The ways in which files of others spell an architecture."""

    @abstractmethod
    def parse(self, text: str) -> Architecture:
        """The architecture that a text names; ValueError with what is wrong and what is allowed."""

    @abstractmethod
    def text(self, architecture: Architecture) -> str:
        """The architecture's official text form; parse(text(a)) == a."""

    @abstractmethod
    def formula(self, architecture: Architecture) -> str:
        """What the architecture computes, in one line for people."""

    def digest(self, architecture: Architecture) -> str | None:
        """The benchmark's own hash of the model; None where there is none."""
        return None

    # Cost

    @abstractmethod
    def cost(self, architecture: Architecture, size: Size | None = None) -> Cost:
        """Cost of the stand-alone network in closed form; `size` None means the published size."""

    @abstractmethod
    def layer_counts(self, architecture: Architecture) -> dict[str, int]:
        """Convolutions in the searched part of the stand-alone network, by what is counted (keys of `layer_names`), in
        one of its cells a stage. Only what the output depends on counts."""

    # Drawing cells for training

    @abstractmethod
    def draw_cell(self, rng: random.Random) -> Cell:
        """One cell for uniform sampling: every choice point independently (NAS-Bench-201), or uniform over
        the distinct blocks (Blox)."""

    @property
    def fair_group_size(self) -> int:
        """Paths of a strictly fair group. ValueError if the mask leaves choice points that cannot go together."""
        return len(self.allowed_operations)

    @abstractmethod
    def draw_fair_cells(self, rng: random.Random) -> list[Cell]:
        """`fair_group_size` cells in which every choice point uses each allowed operation just once."""

    def listed_cells(self, kind: str) -> tuple[Cell, ...]:
        """The allowed cells that a sampling draws from uniformly, if it is of such a kind: 'no-trash' or
        'de-isomorphism'; () for others. ValueError where the space has no such sampling, or no such cell."""
        if kind in LISTED:
            raise ValueError(
                f"kind: {kind!r} is of NAS-Bench-201; uniform sampling of {self.title} draws distinct, connected "
                "cells already"
            )
        return ()

    @abstractmethod
    def cells_by_nonlinear_operations(self) -> dict[int, list[Cell]]:
        """The allowed cells with a path from input to output, by their number of non-linear operations."""


def parse_ints(text: str) -> tuple[int, ...] | None:
    """The ints of a text such as '0 1 2' or '0,1,2'; None if it is anything else."""
    words: Sequence[str] = text.replace(",", " ").split()
    if not words or not all(word.isascii() and word.isdigit() for word in words):
        return None
    return tuple(int(word) for word in words)
