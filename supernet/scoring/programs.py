"""Cells as programs: the steps that compute a cell's expression, each value once; and the distinct functions among
architectures, as a program for each cell.

A value is an int: 0 is the cell's input, equal expressions are the same value in all programs of one `Compiler`.
The steps, their order and the order of the terms in sums depend on the expression alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from supernet.network import NetworkConfig
from supernet.spaces import Architecture, Cell, Path, Space
from supernet.spaces.expressions import INPUT, Atom, Expression, Rules, atoms

Choice = Architecture | Path
WEIGHTLESS = ("relu", "avg_pool_3x3", "zeros", "sum")


class Step(NamedTuple):
    """value = name(inputs). name: a module of the cell, 'relu', 'avg_pool_3x3', 'zeros' (like the input) or 'sum'
    (coefficients * inputs, from left to right)."""

    value: int
    name: str
    inputs: tuple[int, ...]
    coefficients: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Program:
    """One cell function. steps: in an order in which they can be computed. dead: for each step, the values (the
    output never) that no later step takes. Programs of one Compiler are the same object if the same function."""

    steps: dict[int, Step]
    dead: tuple[tuple[int, ...], ...]
    output: int

    @property
    def output_is_sum(self) -> bool:
        """Then no other program has it as an operation's result."""
        return self.output != 0 and self.steps[self.output].name == "sum"


class Compiler:
    """Programs of a space's cells under the given rules."""

    def __init__(self, space: Space, rules: Rules) -> None:
        self.space, self.rules = space, rules
        self.values: dict[Expression | Atom, int] = {INPUT[0][0]: 0}
        self.steps: dict[int, Step] = {}
        self.programs: dict[int, Program] = {}  # by output
        self.cells: dict[Cell, Program] = {}

    def __call__(self, cell: Cell) -> Program:
        if cell not in self.cells:
            output = self._value(self.space.function(cell, self.rules))
            if output not in self.programs:
                self.programs[output] = self._program(output)
            self.cells[cell] = self.programs[output]
        return self.cells[cell]

    def rank(self, cell: Cell) -> Cell:
        """Cells in this order have first steps in common with their neighbours."""
        return self.space.evaluation_order(cell, self.rules)

    def plain_operations(self, cell: Cell) -> list[str]:
        """The operations that a plain evaluation computes, pooling named as in expressions: on dead edges too.

        All that a valid Blox block names is live, but an ST1's second operation; it is not computed."""
        whole = self.space.plain_expressions(cell, self.rules)
        names = [atom[0] for expression in whole for atom in atoms(expression)]
        return [name for name in names if name not in ("", "relu")]

    def _value(self, expression: Expression) -> int:
        if len(expression) == 1 and expression[0][1] == 1:
            return self._atom(expression[0][0])
        if expression not in self.values:
            inputs = tuple(self._atom(atom) for atom, _ in expression)
            coefficients = tuple(float(coefficient) for _, coefficient in expression)
            self._add(expression, "sum" if inputs else "zeros", inputs or (0,), coefficients)
        return self.values[expression]

    def _atom(self, atom: Atom) -> int:
        if atom not in self.values:
            self._add(atom, atom[0], (self._value(atom[1]),))
        return self.values[atom]

    def _add(
        self, key: Expression | Atom, name: str, inputs: tuple[int, ...], coefficients: tuple[float, ...] = ()
    ) -> None:
        value = self.values[key] = len(self.values)
        self.steps[value] = Step(value, name, inputs, coefficients)

    def _program(self, output: int) -> Program:
        steps: dict[int, Step] = {}

        def visit(value: int) -> None:
            if value == 0 or value in steps:
                return
            for other in self.steps[value].inputs:
                visit(other)
            steps[value] = self.steps[value]

        visit(output)
        last = {value: position for position, step in enumerate(steps.values()) for value in step.inputs}
        dead: list[list[int]] = [[] for _ in steps]
        for value, position in last.items():
            dead[position].append(value)
        return Program(steps, tuple(map(tuple, dead)), output)


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
