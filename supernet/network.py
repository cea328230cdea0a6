"""Supernet(x, path) and StandAlone(x): one skeleton of stem, searchable cells, reductions and head.

A supernet holds every allowed operation of every cell and computes those of the path that it is called with. A
stand-alone network holds one path. Both name their tensors alike, so weights go from one to the other by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import torch
from torch import Tensor, nn

from supernet.spaces import Architecture, Path, Size, Space
from supernet.spaces.network_part import Place, network_part

NODE_REDUCTIONS = ("sum", "mean")


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """What a network is made of, apart from its weights.

    Args:
        linear_transformers: 'none', 'skip' or 'skip+pool': 1x1 convolutions on those operations while searching
            (ranking study, section 3.3; in Blox on the skip and input edges).
        node_reduction: whether a node sums its inputs (as both benchmarks do) or averages them.
        affine: whether BN in searchable cells is affine.
    """

    space: Space
    size: Size
    linear_transformers: str = "none"
    node_reduction: str = "sum"
    affine: bool = False

    def __post_init__(self) -> None:
        self.space.check_linear_transformers(self.linear_transformers)
        if self.node_reduction not in NODE_REDUCTIONS:
            raise ValueError(
                f"node_reduction: {self.node_reduction!r} is not one of {', '.join(NODE_REDUCTIONS)}"
            )
        self.space.check_size(self.size)

    @cached_property
    def stages(self) -> tuple[int, ...]:
        """The stage of each searchable cell."""
        return self.space.stages(self.size)

    @cached_property
    def halvings(self) -> tuple[int, ...]:
        """Of the image, before each searchable cell and before the head."""
        return self.space.halvings(self.size)

    @cached_property
    def reductions(self) -> int:
        """Number of reductions between the stem and the head."""
        return 0 if network_part(self.space).reduction is None else self.halvings[-1]

    @cached_property
    def reduction_after(self) -> tuple[int | None, ...]:
        """For each searchable cell, the number of the reduction that follows it, or None."""
        following = (*self.stages[1:], None)
        return tuple(
            stage if stage != after and stage < self.reductions else None
            for stage, after in zip(self.stages, following, strict=True)
        )

    @cached_property
    def cell_spaces(self) -> tuple[Space, ...]:
        """The space of each searchable cell: the mask may differ from cell to cell."""
        return self.space.at_cells(self.size, len(self.stages))

    def place(self, index: int) -> Place:
        """Where searchable cell `index` is."""
        stage = self.stages[index]
        inputs = self.size.channels << self.halvings[index]
        outputs = inputs if self.reductions else self.size.channels << self.halvings[index + 1]
        return Place(stage, index - self.stages.index(stage), inputs, outputs)

    def as_path(self, choice: Architecture | Path) -> Path:
        """A path from an architecture, or the path itself if it has one cell per searchable cell.

        Here alone the two are distinguished: what computes takes a path."""
        if choice and isinstance(choice[0], tuple):
            if len(choice) != len(self.stages):
                raise ValueError(f"path: {len(choice)} cells given, {len(self.stages)} needed")
            return choice
        return self.space.path(choice, self.size)  # type: ignore[arg-type]

    def check_mask(self, path: Path) -> None:
        """ValueError, naming them, if the path uses masked names."""
        for cell, space in set(zip(path, self.cell_spaces, strict=True)) if self.space.mask else ():
            if not space.in_mask(cell):
                used = [name for name in space.mask if not replace(space, mask=(name,)).in_mask(cell)]
                raise ValueError(f"path: {cell} uses what is masked: {', '.join(used)}")


class Network(nn.Module):
    """The skeleton. `path` None builds every allowed operation, a path only its own."""

    def __init__(self, config: NetworkConfig, path: Path | None) -> None:
        super().__init__()
        self.config = config
        size, parts = config.size, network_part(config.space)
        options = {
            "linear_transformers": config.linear_transformers,
            "node_reduction": config.node_reduction,
            "affine": config.affine,
        }
        self.stem = parts.stem(size.image_channels, size.channels)
        self.cells = nn.ModuleList()
        for index in range(len(config.stages)):
            choice = None if path is None else path[index]
            self.cells.append(parts.cell(config.cell_spaces[index], config.place(index), choice, **options))
        self.reductions = nn.ModuleList(
            parts.reduction(size.reduction, size.channels << number)  # type: ignore[misc]
            for number in range(config.reductions)
        )
        self.head = parts.head(size.channels << config.halvings[-1], size.classes)

    def features(self, x: Tensor, path: Path) -> list[Tensor]:
        """What each stage puts out: after its reduction where there is one, else after its last cell."""
        return self.through(x, lambda index, x: self.cells[index](x, path[index]))

    def through(self, x: Tensor, at_cell: Callable[[int, Tensor], Tensor]) -> list[Tensor]:
        """The same, with at_cell(index, x) for what a searchable cell does."""
        outputs: dict[int, Tensor] = {}
        x = self.stem(x)
        for index, (stage, reduction) in enumerate(
            zip(self.config.stages, self.config.reduction_after, strict=True)
        ):
            x = at_cell(index, x)
            if reduction is not None:
                x = self.reductions[reduction](x)
            outputs[stage] = x
        return list(outputs.values())

    def parts(self) -> list[nn.Module]:
        """What a path takes or leaves as a whole: stem, operations, reductions, head."""
        operations = [part for cell in self.cells for part in cell.operations()]  # type: ignore[operator]
        return [self.stem, *operations, *self.reductions, self.head]

    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())


class Supernet(Network):
    """Weight-sharing network: `supernet(x, path)` computes the sub-network of that path.

    x: (B, image_channels, image_size, image_size). path: one cell for each searchable cell, or an architecture. Gives
    logits (B, classes). Raises ValueError for a path that uses what is masked.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config, None)

    def forward(self, x: Tensor, path: Architecture | Path) -> Tensor:
        cells = self.config.as_path(path)
        self.check(cells)
        return self.head(self.features(x, cells)[-1])

    def check(self, path: Path) -> None:
        """ValueError if the path uses what is masked."""
        self.config.check_mask(path)


class StandAlone(Network):
    """The network of one architecture (or path): `net(x)` gives logits (B, classes)."""

    def __init__(self, config: NetworkConfig, architecture: Architecture | Path) -> None:
        path = config.as_path(architecture)
        super().__init__(config, path)
        self.path = path

    def forward(self, x: Tensor, path: Architecture | Path | None = None) -> Tensor:
        if path is not None:
            self.check(self.config.as_path(path))
        return self.head(self.features(x, self.path)[-1])

    def check(self, path: Path) -> None:
        """ValueError if that is not this network's path."""
        if path != self.path:
            raise ValueError(f"path: {path} is not {self.path}, the only one of this stand-alone network")


def cut_out(supernet: Supernet, architecture: Architecture | Path) -> StandAlone:
    """The sub-network of an architecture as a network of its own, with copies of the supernet's weights.

    It is on the supernet's device and has its floating-point type."""
    network = StandAlone(supernet.config, architecture).to(next(supernet.parameters()))
    weights = supernet.state_dict()
    network.load_state_dict({name: weights[name] for name in network.state_dict()})
    return network.train(supernet.training)


Built = TypeVar("Built", bound=Network)


def seeded(build: type[Built], *args: object, seed: int) -> Built:
    """build(*args) with PyTorch's default initialisation drawn from `seed`; the global generator is unharmed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build(*args)  # type: ignore[arg-type]


# What of a network one path's training step uses, known without computing anything. A forward pass computes the live
# operations of every cell. A gradient reaches less: what lies before a cell whose output does not depend on its input
# gets none. An optimizer step then leaves such parameters as they are.


def first_reached(network: Network, path: Path) -> int:
    """Index of the first cell that a gradient of the path's loss reaches; 0 means the stem gets one as well."""
    connected = network.config.space.is_valid
    return max((index for index, cell in enumerate(path) if not connected(cell)), default=0)


def reaches_stem(network: Network, path: Path) -> bool:
    """Whether the output depends on the input: whether every cell passes on what it gets."""
    return all(map(network.config.space.is_valid, path))


def used_modules(network: Network, path: Path) -> list[nn.Module]:
    """The modules whose parameters get a gradient from this path's loss, as autograd would find them.

    Each is a whole part: the stem, an operation of a cell, a reduction, the head.
    """
    first = first_reached(network, path)
    used: list[nn.Module] = [network.head]
    for index in range(first, len(network.cells)):
        used += network.cells[index].used(path[index])  # type: ignore[operator]
    # A reduction that takes zeros in still computes with its weights.
    used += [network.reductions[i] for i in network.config.reduction_after[first:] if i is not None]
    return used + ([network.stem] if reaches_stem(network, path) else [])
