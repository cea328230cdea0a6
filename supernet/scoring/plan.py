"""What scoring a set of architectures costs, counted exactly and without tensors, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from supernet.network import NetworkConfig
from supernet.scoring.layout import Layout
from supernet.scoring.modes import BnMode
from supernet.scoring.programs import WEIGHTLESS, Choice, Compiler, Function, Program, distinct, path_of
from supernet.scoring.walk import Instruction, Walk
from supernet.spaces import Cell, Path

BUDGET = 256 * 2**20  # bytes of features that are kept for other architectures
FEATURES = 32  # of the largest size: more save next to nothing
CHUNK = 500  # distinct functions
CHUNK_MACS = 2 * 10**12  # about a minute of one CPU core
LEAST_CHUNK = 50  # distinct functions


@dataclass(frozen=True)
class Chunk:
    """Functions that are scored together: for each batch in turn they are walked through once.

    macs: multiply-accumulates that this takes, over all batches and images."""

    functions: list[Function]
    macs: int


@dataclass
class Plan:
    """Counts over all batches (evaluation and recalibration) and images; an operation is a candidate operation of
    a cell that does something (convolutions, pooling, linear transformers; Blox's conv, mbconv, bconv).

    architectures: requested. naive: each of them evaluated alone with every edge, dead or not.
    functions: distinct among them. peak_bytes: largest size of all features that are held at once.
    """

    architectures: int = 0
    functions: int = 0
    naive_operations: int = 0
    operations: int = 0
    naive_macs: int = 0
    macs: int = 0
    peak_bytes: int = 0
    chunks: list[Chunk] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What every architecture is put through. batches: evaluation images in each batch; recalibration adds
    batches of the largest of these sizes. budget: bytes of features to keep, at most (None: no bound). chunk: how many
    distinct functions are scored together, at most; fewer where they would take long, as an interrupt loses them.
    """

    mode: BnMode
    batches: tuple[int, ...] = (1,)
    budget: int | None = BUDGET
    chunk: int = CHUNK

    @property
    def passes(self) -> int:
        return len(self.batches) + self.mode.batches

    @property
    def images(self) -> int:
        return sum(self.batches) + self.mode.batches * max(self.batches)


class Planner:
    """Plans for a network of `config` under a workload."""

    def __init__(self, config: NetworkConfig, workload: Workload) -> None:
        self.config, self.workload = config, workload
        self.layout = Layout(config)
        self.compiler = Compiler(config.space, workload.mode.rules(config))
        fixed = ("stem", *(f"reductions.{stage}" for stage in range(config.reductions)), "head")
        self.fixed = sum(map(self.layout.macs, fixed))
        self._alone: dict[tuple[int, Program], int] = {}
        self._naive: dict[tuple[int, Cell], tuple[int, int]] = {}

    def walk(self, functions: Sequence[Function]) -> Walk:
        """How the functions are evaluated one after the other on one batch."""
        images, budget = max(self.workload.batches), self.workload.budget
        if budget is not None:
            largest = max(map(self.layout.bytes, range(self.layout.positions + 1)))
            budget = min(budget, FEATURES * largest * images)
        return Walk(self.layout, functions, images, budget)

    def macs(self, instruction: Instruction) -> int:
        """Multiply-accumulates of an instruction for one image."""
        name = instruction.name
        return 0 if name in WEIGHTLESS or name == "drop" else self.layout.macs(name)

    def alone(self, function: Function) -> int:
        """Multiply-accumulates for one image of a function evaluated by itself."""
        return self.fixed + sum(map(self._alone_cell, *zip(*enumerate(function.programs), strict=True)))

    def plan(self, choices: Iterable[Choice]) -> Plan:
        """The counts for any architectures or paths. ValueError for one that is masked or does not fit."""
        plan = Plan()
        functions = self._functions(choices)
        plan.architectures, plan.functions = sum(len(f.requested) for f in functions), len(functions)
        for function in functions:
            for choice in function.requested:
                macs, operations = self._naively(path_of(self.config, choice))
                plan.naive_macs += macs * self.workload.images
                plan.naive_operations += operations * self.workload.passes
        for chunk in self._chunks(functions):
            walk, macs = self.walk(chunk), 0
            for instruction in walk.instructions():
                macs += self.macs(instruction)
                plan.operations += is_operation(instruction.name) * self.workload.passes
            plan.chunks.append(Chunk(chunk, macs * self.workload.images))
            plan.macs += macs * self.workload.images
            plan.peak_bytes = max(plan.peak_bytes, walk.peak)
        return plan

    def shards(self, choices: Iterable[Choice], count: int) -> list[list[Choice]]:
        """The choices in `count` parts of nearly equal cost, each contiguous in the order of evaluation, so that
        parts share as little work as can be."""
        if count < 1:
            raise ValueError(f"shards: {count!r} is not a positive integer")
        functions = self._functions(choices)
        marginal = []  # what each function costs after those before it
        cost = 0
        for instruction in self.walk(functions).instructions():
            cost += self.macs(instruction)
            if instruction.name == "head":
                marginal.append(cost)
                cost = 0
        parts: list[list[Choice]] = [[] for _ in range(count)]
        done, total = 0, sum(marginal)
        for function, cost in zip(functions, marginal, strict=True):
            parts[(2 * done + cost) * count // (2 * total)] += function.requested
            done += cost
        return parts

    def _functions(self, choices: Iterable[Choice]) -> list[Function]:
        checked = list(choices)
        for choice in checked:
            self.config.check_mask(self.config.as_path(choice))
        return distinct(self.config, self.compiler, checked)

    def _chunks(self, functions: list[Function]) -> Iterator[list[Function]]:
        chunk: list[Function] = []
        cost = 0
        for function in functions:
            more = self.alone(function) * self.workload.images
            if len(chunk) == self.workload.chunk or (len(chunk) >= LEAST_CHUNK and cost + more > CHUNK_MACS):
                yield chunk
                chunk, cost = [], 0
            chunk.append(function)
            cost += more
        if chunk:
            yield chunk

    def _alone_cell(self, position: int, program: Program) -> int:
        if (position, program) not in self._alone:
            self._alone[position, program] = sum(
                self.layout.macs(f"cells.{position}.{step.name}")
                for step in program.steps.values()
                if step.name not in WEIGHTLESS
            )
        return self._alone[position, program]

    def _naively(self, path: Path) -> tuple[int, int]:
        """Multiply-accumulates and operations for one image when every edge is computed."""
        macs, operations = self.fixed, 0
        for place in enumerate(path):
            if place not in self._naive:
                position, cell = place
                names = self.compiler.plain_operations(cell)
                weighted = [f"cells.{position}.{name}" for name in names if name not in WEIGHTLESS]
                self._naive[place] = sum(map(self.layout.macs, weighted)), len(names)
            macs += self._naive[place][0]
            operations += self._naive[place][1]
        return macs, operations


def is_operation(name: str) -> bool:
    """Whether an instruction evaluates a candidate operation of a cell."""
    return name == "avg_pool_3x3" or name.startswith("cells.")
