"""The distinct functions among requested architectures, in depth-first order over the network's cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from supernet.network import NetworkConfig
from supernet.scoring.programs import Compiler, Program
from supernet.spaces import Architecture, Cell, Path

Choice = Architecture | Path


@dataclass(frozen=True, eq=False)
class Function:
    """programs: one for each searchable cell. requested: the architectures or paths that are this function, with
    repetitions. path: of one of them."""

    programs: tuple[Program, ...]
    path: Path
    requested: list[Choice]


def path_of(config: NetworkConfig, choice: Choice) -> Path:
    """The path that a supernet takes for an architecture or path."""
    space, nested = config.space, bool(choice) and isinstance(choice[0], tuple)
    flat = tuple(number for cell in choice for number in cell) if nested else choice  # type: ignore[union-attr]
    cells = space.supernet_form(flat)  # type: ignore[arg-type]
    return space.cells_of(cells) if nested else space.path(cells, config.size)


def check(config: NetworkConfig, choice: Choice) -> None:
    """ValueError if the choice uses what is masked or does not fit the network."""
    space = config.space
    cells: Sequence[Cell]
    nested = bool(choice) and isinstance(choice[0], tuple)
    positions = config.size.stages * config.size.cells_per_stage
    if nested and len(choice) != positions:
        raise ValueError(f"path: {len(choice)} cells given, {positions} needed")
    cells = choice if nested else space.cells_of(choice)  # type: ignore[assignment,arg-type]
    if not nested:
        space.path(choice, config.size)  # type: ignore[arg-type]
    if not all(map(space.in_mask, cells)):
        text = choice if nested else space.text(choice)  # type: ignore[arg-type]
        raise ValueError(f"architecture: {text} uses what is masked: {', '.join(space.mask)}")


def distinct(config: NetworkConfig, compiler: Compiler, choices: Iterable[Choice]) -> list[Function]:
    """The distinct functions of the given choices, so that functions that share their first cells
    follow each other; within a cell, those that share its first edges."""
    found: dict[tuple[Program, ...], Function] = {}
    rank: dict[Program, Cell] = {}  # where a program comes: the least of the cells that it was asked for as
    for choice in choices:
        path = path_of(config, choice)
        programs = tuple(map(compiler, path))
        if programs not in found:
            found[programs] = Function(programs, path, [])
        found[programs].requested.append(choice)
        for program, cell in zip(programs, path, strict=True):
            place = compiler.rank(cell)
            if program not in rank or place < rank[program]:
                rank[program] = place
    return sorted(found.values(), key=lambda function: [rank[program] for program in function.programs])
