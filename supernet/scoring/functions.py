"""The distinct functions among requested architectures, in depth-first order over the network's cells."""

from __future__ import annotations

from collections.abc import Iterable
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
    """The path that a supernet takes for an architecture or path, its cells in the encoding that is scored."""
    return tuple(map(config.space.supernet_cell, config.as_path(choice)))


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
