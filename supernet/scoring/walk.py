"""In what order features are computed, kept and dropped while many functions are evaluated on one batch.

Functions come in depth-first order over the cells. A *memo* holds, for the present input of a cell position, the
values of that cell that were computed from it; functions with the same first cells share the memos up to there.
A memo goes when its input changes, and at once where the next function does not share it. Features take at most
`budget` bytes (and what a single cell needs): the longest unused go first, and are computed again when needed.

What comes out are instructions in terms of names and numbers: the engine does just these, the plan counts them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from supernet.scoring.layout import Layout
from supernet.scoring.programs import WEIGHTLESS, Function, Program, Step


class Instruction(NamedTuple):
    """out = name(inputs). name: a module of the network (the stem's input is the batch), 'relu', 'avg_pool_3x3',
    'sum' (coefficients * inputs), 'zeros' (like the input), 'drop' (forget `out`) or 'head' (out is then the
    function's position in the list, not a feature). again: this very feature was computed before and dropped."""

    name: str
    out: int
    inputs: tuple[int, ...] = ()
    coefficients: tuple[float, ...] = ()
    again: bool = False


@dataclass
class Memo:
    """features: by value of the cell's programs, 0 its input, whether still held or dropped. owned: those of them
    that end with this memo (an input that is an earlier cell's own value is not)."""

    features: dict[int, int] = field(default_factory=dict)
    owned: set[int] = field(default_factory=set)


class Walk:
    """One pass over `functions` with a batch of `images`; iterate over `instructions()` once."""

    def __init__(
        self, layout: Layout, functions: Sequence[Function], images: int, budget: int | None
    ) -> None:
        self.layout, self.functions, self.budget = layout, functions, budget
        self.sizes = [layout.bytes(position) * images for position in range(layout.positions + 1)]
        self.memos = [Memo() for _ in range(layout.positions + 1)]
        self.held: dict[int, tuple[int, int]] = {}  # feature: (bytes, position); the longest unused is first
        self.bytes = self.peak = self.count = 0

    def instructions(self) -> Iterator[Instruction]:
        before = -1  # how far this function and the last one go together
        for index, function in enumerate(self.functions):
            after = -1
            if index + 1 < len(self.functions):
                after = common(function.programs, self.functions[index + 1].programs)
            yield from self._function(index, function.programs, before, after)
            before = after

    def _function(
        self, index: int, programs: Sequence[Program], before: int, after: int
    ) -> Iterator[Instruction]:
        """From the deepest input that is still held to the head. Memos beyond position `after` are private."""
        start = before
        while start >= 0 and self.memos[start].features.get(0) not in self.held:
            start -= 1
        if start < 0:
            start = 0
            yield from self._put(0, 0, "stem", ())
        for position in range(start, len(programs)):
            program, memo = programs[position], self.memos[position]
            private = position > after
            yield from self._cell(position, program, private)
            out = memo.features[program.output]
            reduction = self.layout.config.reduction_after[position]
            if reduction is not None:
                yield from self._put(position + 1, 0, f"reductions.{reduction}", (out,))
            else:
                self.memos[position + 1].features[0] = out
                if out in memo.owned and (private or program.output_is_sum):
                    memo.owned.remove(out)
                    self.memos[position + 1].owned.add(out)
                    self.held[out] = (self.sizes[position + 1], position + 1)
            if private:
                yield from self._end(position)  # now, as deep networks would hold much until their head
            elif out in memo.owned and program.output_is_sum:
                yield from self._drop(out, memo)
        last = self.memos[-1]
        yield Instruction("head", index, (last.features[0],))
        for position in range(after + 1, len(programs) + 1):
            yield from self._end(position)

    def _cell(self, position: int, program: Program, private: bool) -> Iterator[Instruction]:
        """What is not held of the program's output."""
        memo = self.memos[position]
        self._touch(memo.features[0])
        needed: set[int] = set()
        stack = [program.output]
        while stack:
            value = stack.pop()
            feature = memo.features.get(value)
            if feature in self.held:
                self._touch(feature)
            elif value not in needed:
                needed.add(value)
                stack += program.steps[value].inputs
        for step, dead in zip(program.steps.values(), program.dead, strict=True):
            if step.value in needed:
                yield from self._step(position, step, program)
            if private:
                for value in dead:
                    feature = memo.features.get(value)
                    if feature in memo.owned:
                        yield from self._drop(feature, memo)

    def _step(self, position: int, step: Step, program: Program) -> Iterator[Instruction]:
        memo = self.memos[position]
        name = step.name if step.name in WEIGHTLESS else f"cells.{position}.{step.name}"
        inputs = tuple(memo.features[value] for value in step.inputs)
        yield from self._put(position, step.value, name, inputs, step.coefficients, program)

    def _put(
        self,
        position: int,
        value: int,
        name: str,
        inputs: tuple[int, ...],
        coefficients: tuple[float, ...] = (),
        program: Program | None = None,
    ) -> Iterator[Instruction]:
        """Compute a value into a position's memo, making room for it but keeping what `program` needs."""
        memo = self.memos[position]
        again = value in memo.features
        if not again:
            memo.features[value] = self.count
            self.count += 1
        out = memo.features[value]
        memo.owned.add(out)
        self.held[out] = (self.sizes[position], position)
        self.bytes += self.sizes[position]
        if self.budget is not None and self.bytes > self.budget:
            needed = (0, *program.steps) if program else ()
            kept = {out, *inputs, *(memo.features.get(other) for other in needed)}
            for feature, (_, owner) in list(self.held.items()):
                if feature not in kept:
                    yield from self._drop(feature, self.memos[owner])
                    if self.bytes <= self.budget:
                        break
        self.peak = max(self.peak, self.bytes)
        yield Instruction(name, out, inputs, coefficients, again)

    def _touch(self, feature: int | None) -> None:
        self.held[feature] = self.held.pop(feature)  # type: ignore[index,arg-type]

    def _drop(self, feature: int | None, memo: Memo) -> Iterator[Instruction]:
        assert feature is not None
        memo.owned.discard(feature)
        size, _ = self.held.pop(feature)
        self.bytes -= size
        yield Instruction("drop", feature)

    def _end(self, position: int) -> Iterator[Instruction]:
        """Forget a memo and what it owns."""
        memo = self.memos[position]
        for feature in sorted(memo.owned):
            yield from self._drop(feature, memo)
        self.memos[position] = Memo()


def common(one: Sequence[Program], other: Sequence[Program]) -> int:
    """How many first cells two different functions have in common."""
    return next(i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a is not b)
