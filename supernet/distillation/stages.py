"""A network as stages, each a block: its searchable cells with the reduction that follows them.

Blocks of a stage take the same images and give images of the same shape, so one can stand in another's place.
Where a space has no reductions, a block is its cells alone.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from supernet.fast.side_by_side import Mixed, state
from supernet.network import NetworkConfig, StandAlone
from supernet.spaces import Architecture, Cell, Path, Size, Space
from supernet.spaces.network_part import network_part


def indices(config: NetworkConfig, stage: int) -> list[int]:
    """The searchable cells of a stage."""
    return [index for index, own in enumerate(config.stages) if own == stage]


@functools.lru_cache(maxsize=8)
def candidates(space: Space, size: Size) -> tuple[tuple[Path, ...], ...]:
    """For each stage, the distinct blocks that the mask allows, as paths through its cells, in official order: 45 each
    for Blox, 9, 27 and 27 for NAS-Bench-Macro.

    Raises ValueError where all stages have one cell, so that they are not chosen apart."""
    check(space)
    stages = space.stages(size)
    of_parts = stages if space.parts == len(stages) else range(size.stages)  # the stage of each part
    parts = [[part for part, own in enumerate(of_parts) if own == stage] for stage in range(size.stages)]
    n = space.cell_length
    ends = [(own[0] * n, (own[-1] + 1) * n) for own in parts]
    found: list[dict[Architecture, None]] = [{} for _ in parts]
    for architecture in space.enumerate():
        for (first, end), blocks in zip(ends, found, strict=True):
            blocks[architecture[first:end]] = None
    repeats = [stages.count(stage) // len(own) for stage, own in enumerate(parts)]
    return tuple(
        tuple(space.cells_of(block) * count for block in blocks)
        for blocks, count in zip(found, repeats, strict=True)
    )


def check(space: Space) -> None:
    """ValueError where all stages have one cell."""
    if space.parts == 1:
        raise ValueError(
            f"space: {space.name!r} repeats one cell in all stages; blocks are judged stage by stage"
        )


def block_of(path: Path, config: NetworkConfig, stage: int) -> Path:
    """The part of a path that goes through a stage."""
    return tuple(path[index] for index in indices(config, stage))


class Block(nn.Module):
    """A stage of a network: (B, C, H, W) -> (B, 2 C, H / 2, W / 2). path: one cell for each of its searchable ones."""

    def __init__(self, cells: Sequence[nn.Module], reduction: nn.Module | None, path: Path) -> None:
        super().__init__()
        self.cells = nn.ModuleList(cells)
        self.reduction = nn.Identity() if reduction is None else reduction
        self.path = path

    def forward(self, x: Tensor) -> Tensor:
        for cell, choice in zip(self.cells, self.path, strict=True):
            x = cell(x, choice)
        out: Tensor = self.reduction(x)
        return out


def stage_of(network: StandAlone, stage: int) -> Block:
    """A stage of the network, by its own modules."""
    config = network.config
    places = indices(config, stage)
    after = config.reduction_after[places[-1]]
    reduction = None if after is None else network.reductions[after]
    return Block([network.cells[i] for i in places], reduction, block_of(network.path, config, stage))


def new_block(config: NetworkConfig, stage: int, path: Path, seed: int) -> Block:
    """A candidate with its own random weights, cells and reduction."""

    return _made(config, stage, path, path, seed)


def shared_block(config: NetworkConfig, stage: int, seed: int) -> Block:
    """All candidates of a stage in one, which share weights: it computes the one whose path it is given as `path`."""
    return _made(config, stage, (None,) * len(indices(config, stage)), (), seed)


def _made(config: NetworkConfig, stage: int, choices: Sequence[Cell | None], path: Path, seed: int) -> Block:
    parts, places = network_part(config.space), indices(config, stage)
    options = {
        "linear_transformers": "none",
        "node_reduction": config.node_reduction,
        "affine": config.affine,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        cells = [
            parts.cell(config.cell_spaces[index], config.place(index), choice, **options)
            for index, choice in zip(places, choices, strict=True)
        ]
        reduction, after = None, config.reduction_after[places[-1]]
        if after is not None:
            assert parts.reduction is not None
            reduction = parts.reduction(config.size.reduction, config.size.channels << after)
    return Block(cells, reduction, path)


def assemble(teacher: StandAlone, blocks: Mapping[int, Block]) -> StandAlone:
    """A network with copies of these blocks, by stage, and all else copied from the teacher: stem, head, other stages.

    It is on the teacher's device, in its mode."""
    config = teacher.config
    chosen = {stage: blocks.get(stage) or stage_of(teacher, stage) for stage in range(config.size.stages)}
    path = tuple(cell for stage in sorted(chosen) for cell in chosen[stage].path)
    network = StandAlone(config, path).to(next(teacher.parameters()))
    for name in ("stem", "head"):
        getattr(network, name).load_state_dict(getattr(teacher, name).state_dict())
    for stage, block in chosen.items():
        stage_of(network, stage).load_state_dict(block.state_dict())
    network.to(memory_format=torch.channels_last)  # as the teacher: sums in another order are other bits
    return network.train(teacher.training)


def values_of(block: Block) -> Tensor:
    """All of its weights and statistics as one vector: a file of many small tensors takes seconds to write."""
    return torch.cat([tensor.detach().flatten() for _, tensor in state(block)])


@torch.no_grad()
def set_values(block: Block, values: Tensor) -> None:
    """Give a block of the same architecture the values of another. ValueError if they are not so many."""
    tensors = [tensor for _, tensor in state(block)]
    sizes = [tensor.numel() for tensor in tensors]
    if len(values) != sum(sizes):
        raise ValueError(f"{len(values)} values for a block of {sum(sizes)}")
    for tensor, own in zip(tensors, values.split(sizes), strict=True):
        tensor.copy_(own.view(tensor.shape))


class Teacher:
    """A trained stand-alone network in evaluation mode, whose stages are known. It does not change."""

    def __init__(self, network: StandAlone) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.network.to(memory_format=torch.channels_last)
        self.config = network.config
        self.stages = [stage_of(self.network, stage) for stage in range(self.config.size.stages)]

    def stage_input(self, images: Tensor, stage: int) -> Tensor:
        """What the stage takes, of normalised images (B, image_channels, H, W)."""
        x: Tensor = self.network.stem(images)
        for block in self.stages[:stage]:
            x = block(x)
        return x

    def logits(self, features: Tensor, stage: int) -> Tensor:
        """Of what the stage puts out, (B, C, H, W): logits (B, classes)."""
        for block in self.stages[stage + 1 :]:
            features = block(features)
        out: Tensor = self.network.head(features)
        return out


class BlockGroup(nn.Module):
    """E blocks of one stage on the same images: (B, C, H, W) -> (B, E, C', H', W'), each as if it were alone.

    Source: supernet/fast/grouped.py. It starts with their weights; `hand_back()` copies what it has learnt to them.
    """

    def __init__(self, config: NetworkConfig, blocks: Sequence[Block]) -> None:
        super().__init__()
        self.count = len(blocks)
        grouped = network_part(config.space).grouped
        self.cells = nn.ModuleList(
            grouped([block.cells[place] for block in blocks], [block.path[place] for block in blocks])
            for place in range(len(blocks[0].cells))
        )
        self.reduction = Mixed([block.reduction for block in blocks], ["reduction"] * self.count)

    def forward(self, x: Tensor) -> Tensor:
        x = x.repeat(1, self.count, 1, 1).contiguous(memory_format=torch.channels_last)
        for cell in self.cells:
            x = cell(x)
        out: Tensor = self.reduction(x)
        return out.unflatten(1, (self.count, -1))

    def hand_back(self) -> None:
        """Copy weights and running statistics into the blocks."""
        for part in self.modules():
            if isinstance(part, Mixed):
                part.hand_back()
