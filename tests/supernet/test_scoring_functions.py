"""Which architectures are one function of a supernet: found symbolically, compared with numbers of every cell."""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from collections.abc import Hashable, Iterable
from fractions import Fraction
from typing import Any

import pytest
import torch
from naive import NB201_OPERATIONS, Naive
from tiny import randomise, supernet
from torch import Tensor

from supernet.scoring import BnMode
from supernet.scoring.programs import Compiler
from supernet.spaces import Cell, get_space
from supernet.spaces.blox import blocks as blox
from supernet.spaces.blox.blocks import block_function
from supernet.spaces.expressions import Expression, Rules
from supernet.spaces.nasbench201.graph import EDGES, cell_function, official_order

MODES = ("batch", "running", "recalibrate-2", "reset-recalibrate-2")


def partition(keys: Iterable[Hashable]) -> set[tuple[int, ...]]:
    """Positions of equal keys."""
    groups = defaultdict(list)
    for position, key in enumerate(keys):
        groups[key].append(position)
    return set(map(tuple, groups.values()))


def numbers(outputs: Tensor) -> list[bytes]:
    """Equal for rows (doubles) that are equal but for rounding."""
    return [row.numpy().tobytes() for row in (outputs * 2**26).round().add(0.0)]


@functools.cache
def linear_form(expression: Expression, centred: bool = True) -> Expression:
    """With every linear operation drawn into the sum: equal for expressions that are equal numbers.

    centred: BN takes the mean away that its input really has, so that of a constant only BN's bias is left."""
    totals: dict[Any, int | Fraction] = defaultdict(int)
    for (name, argument), coefficient in expression:
        inner = linear_form(argument, centred)
        if centred and "1x1" in name and flat(inner):
            inner = ()
        if name == "" or "conv" in name or name == "relu" or name.startswith(("first", "second")):
            totals[name, inner] += coefficient
        else:  # pooling and linear transformers
            for atom, factor in inner:
                pooled = atom if name == "avg_pool_3x3" and flat(((atom, 1),)) else (name, ((atom, 1),))
                totals[pooled] += coefficient * factor
    return tuple(sorted(totals.items()))


@functools.cache
def flat(expression: Expression) -> bool:
    """Whether it has one value a channel, as BN makes of zero: pooling leaves that as it is."""
    return all(
        name != "" and (flat(argument) if "3x3" not in name or "pool" in name else not argument)
        for (name, argument), _ in expression
    )


class Calibrated(Naive):
    """The second implementation on several batches one after the other on the first axis, (batches, B, C, H, W):
    all but the last recalibrate the running statistics, each BN by what comes to it."""

    mode: BnMode

    def norm(self, name: str, x: Tensor) -> Tensor:
        parts = x.chunk(self.mode.batches + 1)
        if self.mode.batches:
            self.statistics = "batch"
            done = [super(Calibrated, self).norm(name, part) for part in parts[:-1] if self.watch(name, part)]
            weights = dict(self.weights)
            for number, part in enumerate(parts[:-1], 1):
                share = 1 / number if self.mode.reset else 0.1
                for key, value in zip(("mean", "var"), self.watch(name, part), strict=True):
                    start = 0.0 if self.mode.reset and number == 1 else weights[f"{name}.running_{key}"]
                    weights[f"{name}.running_{key}"] = (1 - share) * start + share * value
            kept, self.weights, self.statistics = self.weights, weights, "running"
            done.append(super().norm(name, parts[-1]))
            self.weights = kept
            return torch.cat(done)
        self.statistics = self.mode.name
        return super().norm(name, x)

    def watch(self, name: str, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.mean((0, 2, 3)), x.var((0, 2, 3))


def naive(space: str, mode: str, **options: Any) -> Calibrated:
    network = supernet(space, **options).double()
    randomise(network)
    function = Calibrated(network.state_dict(), space, 1, 1)
    function.linear_transformers = options.get("linear_transformers", "none")
    function.node_reduction = options.get("node_reduction", "sum")
    function.mode = BnMode(mode)
    return function


def batches(mode: str, channels: int) -> Tensor:
    count = 4 * (BnMode(mode).batches + 1)
    generator = torch.Generator().manual_seed(0)
    return torch.randn(count, channels, 4, 4, generator=generator, dtype=torch.float64)


def every_nasbench201_output(function: Calibrated, x: Tensor) -> Tensor:
    """The output of every cell in official order, (15625, values), last batch: node by node, as encoded."""
    operations = range(len(NB201_OPERATIONS))

    def edge(number: int, operation: int, value: Tensor) -> Tensor:
        return function.nb201_edge(f"cells.0.edges.{number}", NB201_OPERATIONS[operation], value)

    def node(target: int, incoming: list[Tensor]) -> Tensor:
        total = torch.stack(incoming).sum(0)
        return total / target if function.node_reduction == "mean" else total

    outputs: dict[Cell, Tensor] = {}
    direct = {(e, a): edge(e, a, x) for e in (0, 1, 3) for a in operations}
    for a in operations:
        one = node(1, [direct[0, a]])
        from_one = {(e, c): edge(e, c, one) for e in (2, 4) for c in operations}
        for b, c in itertools.product(operations, operations):
            two = node(2, [direct[1, b], from_one[2, c]])
            from_two = [edge(5, f, two) for f in operations]
            for d, e, f in itertools.product(operations, operations, operations):
                cell = (a, b, c, d, e, f)
                outputs[cell] = node(3, [direct[3, d], from_one[4, e], from_two[f]])[-4:].flatten()
    return torch.stack([outputs[cell] for cell in official_order()])


AFFINE, MEAN, SKIP = {"affine": True}, {"node_reduction": "mean"}, {"linear_transformers": "skip"}
ALL: dict[str, Any] = {"linear_transformers": "skip+pool", **MEAN, **AFFINE}


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        *(({}, mode) for mode in MODES),
        (AFFINE, "reset-recalibrate-2"),
        (MEAN, "running"),
        (SKIP, "recalibrate-2"),
        (ALL, "batch"),
    ],
    ids=str,
)
def test_cells_are_one_function_just_where_their_numbers_are_equal(
    options: dict[str, Any], mode: str
) -> None:
    """All 15,625 cells: equal expressions give equal numbers; different ones different numbers, unless they are
    equal because pooling (or a linear transformer) is linear or pools a constant, which is not used."""
    network = supernet("nasbench201", **options)
    rules = BnMode(mode).rules(network.config)
    outputs = every_nasbench201_output(naive("nasbench201", mode, **options), batches(mode, 4))
    found = numbers(outputs)
    expressions = [cell_function(cell, rules) for cell in official_order()]
    centred = mode.startswith(("batch", "reset"))
    assert partition(linear_form(e, centred) for e in expressions) == partition(found)
    by_expression = dict(zip(expressions, found, strict=True))
    assert all(by_expression[e] == number for e, number in zip(expressions, found, strict=True))


def test_published_number_of_functions() -> None:
    """7,810 without affine BN, linear transformers or averages; fewer if pooling were known to be linear."""
    expressions = [cell_function(cell, Rules()) for cell in official_order()]
    assert len(set(expressions)) == 7810
    assert len(set(map(linear_form, expressions))) == 7548


@pytest.mark.parametrize(
    "options", [{}, {"linear_transformers": "skip"}, {"node_reduction": "mean"}], ids=str
)
@pytest.mark.parametrize("mode", ["batch", "recalibrate-2"])
def test_block_functions_are_one_function_just_where_their_numbers_are_equal(
    options: dict[str, Any], mode: str
) -> None:
    rules = BnMode(mode).rules(supernet("blox", **options).config)
    function = naive("blox", mode, **options)
    x = batches(mode, 2)
    blocks = [block for block in blox.ENCODINGS if blox.block_type(block)]
    outputs = torch.stack([function.blox_cell("cells.0", x, block)[-4:].flatten() for block in blocks])
    assert partition(block_function(block, rules) for block in blocks) == partition(numbers(outputs))
    assert len({block_function(block, rules) for block in blox.BLOCKS}) == 45


@pytest.mark.parametrize("rules", [Rules(), Rules(keeps_zero=False, mean=True)])
def test_programs_compute_their_cells_expression(rules: Rules) -> None:
    """Every step's inputs come before it and are not yet dead, and putting the steps together gives the expression."""
    compiler = Compiler(get_space("nasbench201"), rules)
    for cell in official_order()[::7]:
        program = compiler(cell)
        known: dict[int, Expression] = {0: ((("", ()), 1),)}
        buried: set[int] = set()
        for step, dead in zip(program.steps.values(), program.dead, strict=True):
            inputs = [known[value] for value in step.inputs]
            assert buried.isdisjoint(step.inputs)
            if step.name == "sum":
                parts = zip(inputs, step.coefficients, strict=True)
                terms = [(atom, c * float(k)) for expression, k in parts for atom, c in expression]
                known[step.value] = tuple(sorted(terms))
            else:
                known[step.value] = () if step.name == "zeros" else (((step.name, inputs[0]), 1),)
            buried |= set(dead)
        expected = cell_function(cell, rules)
        assert rounded(known[program.output]) == rounded(expected)
        assert program.output not in buried
        assert buried == set(known) - {program.output}


def rounded(expression: Expression) -> Any:
    return [((name, rounded(argument)), round(float(c), 9)) for (name, argument), c in expression]


def test_cells_of_one_function_are_one_program() -> None:
    compiler = Compiler(get_space("nasbench201"), Rules())
    assert len({compiler(cell) for cell in official_order()}) == 7810
    assert len(EDGES) == 6
