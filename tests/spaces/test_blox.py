"""Blox: counts, ids and costs against published numbers, equivalences against symbolic evaluation."""

from __future__ import annotations

import csv
import itertools
import json
import random
import statistics
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supernet.spaces import Size
from supernet.spaces.blox.blocks import (
    BLOCK_IDS,
    BLOCKS,
    CONNECTIVITY,
    OPERATIONS,
    TYPES,
    canonical_block,
    live_operations,
)
from supernet.spaces.blox.space import Blox

SPACE = Blox()
ENCODINGS = [  # the official order: O0 fastest
    (o0, o1, previous, input_, skip)
    for skip, input_, previous, o1, o0 in itertools.product((0, 1), (0, 1), (0, 1), range(3), range(3))
]
MASKS = [
    operations + types
    for m in range(3)
    for operations in itertools.combinations(OPERATIONS, m)
    for k in range(6)
    for types in itertools.combinations(TYPES, k)
]

blocks = st.sampled_from(ENCODINGS)
architectures = st.tuples(blocks, blocks, blocks).map(lambda three: sum(three, ()))
masks = st.sampled_from(MASKS)
seeds = st.integers(0, 2**32 - 1)


def _symbolic(block: tuple[int, ...]) -> str | None:
    """What the block computes, by its definition, with sums in sorted order; None if nothing."""
    o0, o1, previous, input_, skip = block
    y = f"{o0}(x)"
    inner = [y] * previous + ["x"] * input_
    outer = [f"{o1}({'+'.join(sorted(inner))})"] * bool(inner) + [y] * skip
    return "+".join(sorted(outer)) or None


def _read(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_canonical_blocks_against_symbolic_evaluation() -> None:
    first: dict[str, tuple[int, ...]] = {}
    for block in ENCODINGS:
        function = _symbolic(block)
        if function is None:
            assert live_operations(block) == ()
        else:
            assert canonical_block(block) == first.setdefault(function, block)
            assert {str(operation) for operation in live_operations(block)} == set(function) & set("012")
    assert list(BLOCKS) == list(first.values())
    assert len(BLOCKS) == 45


def test_blocks_against_reference(reference_data: Path) -> None:
    for row in _read(reference_data / "blox" / "blocks45.csv"):
        block = tuple(int(row[name]) for name in ("O0", "O1", "previous", "input", "skip"))
        assert BLOCK_IDS[block] == int(row["block_id"])
        assert BLOCKS[int(row["block_id"])] == block
        assert SPACE.formula(block * 3).startswith(row["type"])
        assert sum(canonical_block(b) == block for b in ENCODINGS) == int(row["n_encodings"])
        params = sum(int(row[f"params_stage{stage}"]) for stage in range(3))
        assert SPACE.cost(block * 3).params == 1_363_940 + params
        assert SPACE.cost(block * 3).macs == int(row["uniform_macs"])


def test_uniform_models_against_reference(reference_data: Path) -> None:
    for row in _read(reference_data / "blox" / "uniform_models.csv"):
        architecture = SPACE.parse(row["arch_vec"])
        assert SPACE.parse(row["arch_vec_flat"]) == architecture
        assert SPACE.text(architecture) == row["arch_vec"]
        assert SPACE.text(SPACE.canonical(architecture)) == row["canonical_arch_vec"]
        ids = [int(i) for i in row["block_ids"].split()]
        assert SPACE.index(architecture) == ids[0] + 45 * ids[1] + 2025 * ids[2]
        assert SPACE.digest(architecture) == row["hash"]
        assert SPACE.cost(architecture) == (
            int(row["params"]),
            int(row["macs_conv_linear_nobias"]),
            int(row["flops_ptflops_0.6.9"]),
        )


# Published costs of one operation in stages 0, 1 and 2: params, MACs, ptflops 0.6.
OPERATION_COSTS = {
    0: ((37_248, 148_224, 591_360), (37_748_736,) * 3, (38_273_024, 38_010_880, 37_879_808)),
    1: (
        (58_176, 231_040, 920_832),
        (41_959_424, 42_008_576, 42_205_184),
        (42_877_312, 42_468_096, 42_436_096),
    ),
    2: (
        (21_856, 72_384, 259_456),
        (20_414_464, 17_547_264, 16_113_664),
        (23_035_904, 18_857_984, 16_769_024),
    ),
}
FIXED_COST = (1_363_940, 49_669_120, 50_148_452)


@given(architectures.filter(SPACE.is_valid))
def test_cost_is_the_sum_of_published_parts(architecture: tuple[int, ...]) -> None:
    total = list(FIXED_COST)
    for stage, block in enumerate(SPACE.cells_of(architecture)):
        for operation, kind in itertools.product(live_operations(block), range(3)):
            total[kind] += OPERATION_COSTS[operation][kind][stage]
    assert list(SPACE.cost(architecture)) == total
    assert SPACE.cost(SPACE.canonical(architecture)) == SPACE.cost(architecture)


def test_enumeration_and_published_ranges() -> None:
    params, macs, flops = [], [], []
    for position, architecture in enumerate(SPACE.enumerate()):
        assert SPACE.index(architecture) == position
        cost = SPACE.cost(architecture)
        params.append(cost.params)
        macs.append(cost.macs)
        flops.append(cost.flops)
    assert position == 91_124
    assert (min(params), max(params), len(set(params))) == (1_717_636, 3_784_036, 729)
    assert (round(statistics.mean(params)), statistics.median(params)) == (2_872_311, 2_884_900)
    assert (min(macs), max(macs)) == (103_744_512, 302_015_488)
    assert (min(flops), max(flops), len(set(flops))) == (108_811_364, 305_711_460, 729)


def test_cost_at_another_size_by_hand() -> None:
    size = Size(
        channels=2, stages=3, cells_per_stage=2, image_channels=1, image_size=8, classes=3, reduction="light"
    )
    cost = SPACE.cost((0, 0, 0, 1, 0) * 3, size)

    def cbr(i: int, o: int, k: int, side: int) -> tuple[int, int, int]:
        macs = i * o * k * k * side * side
        return i * o * k * k + 3 * o, macs, macs + 4 * o * side * side

    parts = [cbr(1, 2, 3, 8), (16 * 3 + 3, 48, 48 + 3 + 16)]
    for n, side in ((2, 8), (4, 4), (8, 2)):
        parts += [cbr(n, n, 3, side)] * 8 + [(0, 0, n * side * side), cbr(n, 2 * n, 1, side // 2)]
    assert cost == tuple(map(sum, zip(*parts, strict=True)))
    assert SPACE.path((0, 0, 0, 1, 0) * 3, size) == ((0, 0, 0, 1, 0),) * 6
    with pytest.raises(ValueError, match="stages: 2 does not fit blox"):
        SPACE.cost((0, 0, 0, 1, 0) * 3, Size(channels=2, stages=2, cells_per_stage=1))


def test_counts() -> None:
    assert SPACE.counts() == {"raw": 373_248, "valid": 250_047, "unique": 91_125}


@given(masks)
def test_counts_and_enumeration_under_masks(mask: tuple[str, ...]) -> None:
    space = Blox(mask)
    valid = [b for b in ENCODINGS if _symbolic(b)]
    allowed = [b for b in valid if space.in_mask(b * 3)]
    for block in allowed:
        assert not {OPERATIONS[int(i)] for i in set(_symbolic(block) or "") & set("012")} & set(mask)
    distinct = {_symbolic(b) for b in allowed}
    assert space.counts()["valid"] == len(allowed) ** 3
    assert space.counts()["unique"] == len(distinct) ** 3
    assert {_symbolic(b) for b in space.allowed_blocks} == distinct
    assert next(space.enumerate()) == space.allowed_blocks[0] * 3
    groups = space.cells_by_nonlinear_operations()
    assert sorted(itertools.chain(*groups.values())) == sorted(space.allowed_blocks)


def test_masked_enumeration_is_the_filtered_one() -> None:
    space = Blox(("mbconv", "ST2", "ST5", "ST6"))
    assert list(space.unique()) == [a for a in SPACE.enumerate() if space.in_mask(a)]


@pytest.mark.parametrize(
    ("mask", "message"),
    [(("ST7",), "mask: 'ST7' is not one of conv, mbconv"), (TYPES, "leaves no connectivity type of blox")],
)
def test_bad_mask(mask: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Blox(mask)


@given(architectures)
def test_text_round_trip(architecture: tuple[int, ...]) -> None:
    text = SPACE.text(architecture)
    assert SPACE.parse(text) == SPACE.parse(text[1:-1]) == SPACE.parse(text.replace(" ", "")) == architecture
    assert SPACE.parse(",".join(map(str, architecture))) == architecture
    assert json.loads(text) == [[[a], [b, c, d, e]] for a, b, c, d, e in SPACE.cells_of(architecture)]


@given(architectures)
def test_canonical(architecture: tuple[int, ...]) -> None:
    canonical = SPACE.canonical(architecture)
    assert SPACE.canonical(canonical) == canonical
    assert SPACE.index(canonical) == SPACE.index(architecture)
    assert (SPACE.index(architecture) is None) == (not SPACE.is_valid(architecture))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not 3 x"),
        ("1 2 3", "is not 3 x"),
        ("[[0],[1,1,1,1]]", "is not 3 x"),
        ("[[[0],[1,1,1]],[[1],[1,1,0,0]],[[0],[0,1,1,0]]]", "is not 3 x"),
        ("[[[0],5],[[1],[1,1,0,0]],[[0],[0,1,1,0]]]", "is not 3 x"),
        ("[" * 100_000, "is not 3 x"),
        ("3 0 1 0 0 0 0 1 0 0 0 0 1 0 0", "O0 of stage 0 is 3, not one of 0, 1, 2 (conv, mbconv, bconv)"),
        ("0 0 1 0 0 0 0 2 0 0 0 0 1 0 0", "previous of stage 1 is 2, not one of 0, 1"),
        ("[[[0],[1,1,1,true]],[[1],[1,1,0,0]],[[0],[0,1,1,0]]]", "skip of stage 0 is True"),
        ("[[[0],[1,1,1,-1]],[[1],[1,1,0,0]],[[0],[0,1,1,0]]]", "skip of stage 0 is -1"),
    ],
)
def test_bad_text(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="architecture: ") as error:
        SPACE.parse(text)
    assert message in str(error.value)


def test_invalid_architecture() -> None:
    architecture = SPACE.parse("0 0 1 0 0 1 2 0 0 0 0 0 1 0 0")
    assert not SPACE.is_valid(architecture)
    assert SPACE.index(architecture) is None
    assert SPACE.digest(architecture) is None
    with pytest.raises(ValueError, match="stage 1 has no edges"):
        SPACE.cost(architecture)


def test_fair_distribution_exactly() -> None:
    """Under each of the 441 masks, fair draws are uniform over the distinct blocks just where they can be.

    With independent permutations (O0, O1) is uniform over m^2 pairs. Say ST6 is allowed, ST1 is not, and k of
    ST2..ST5 are: then an equal pair, of probability 1/m^2, holds k + 1 blocks and two unequal ones, of 2/m^2,
    hold 2k + 1; uniform blocks would need 2(k + 1) = 2k + 1, unless m = 1, where no pair is unequal."""
    assert len(MASKS) == 441
    for mask in MASKS:
        space = Blox(mask)
        allowed = space.allowed_operations
        probability: dict[tuple[int, ...], Fraction] = defaultdict(Fraction)
        for o0, o1 in itertools.product(allowed, repeat=2):
            weights = space.connectivity_weights(o0, o1)
            assert min(weights.values()) >= 0
            for kind, weight in weights.items():
                block = canonical_block((o0, o1, *CONNECTIVITY[kind]))
                probability[block] += Fraction(weight, sum(weights.values()) * len(allowed) ** 2)
        assert set(probability) == set(space.allowed_blocks)
        uniform = set(probability.values()) == {Fraction(1, len(space.allowed_blocks))}
        assert uniform == ("ST1" not in mask or "ST6" in mask or len(allowed) == 1), mask


@given(masks, seeds)
def test_fair_cells_use_each_operation_once_in_each_position(mask: tuple[str, ...], seed: int) -> None:
    space = Blox(mask)
    drawn = space.draw_fair_cells(random.Random(seed))
    for position in range(2):
        assert sorted(block[position] for block in drawn) == list(space.allowed_operations)
    assert all(space.in_mask(block * 3) for block in drawn)
    assert canonical_block(space.draw_cell(random.Random(seed))) in space.allowed_blocks


@pytest.mark.parametrize("mask", [(), ("conv",), ("ST6", "ST2")])
@pytest.mark.parametrize("fair", [False, True])
def test_drawn_blocks_are_uniform(mask: tuple[str, ...], fair: bool) -> None:
    space, rng = Blox(mask), random.Random(5)
    distinct = len(space.allowed_blocks)
    total = 400 * distinct
    seen: Counter[tuple[int, ...]] = Counter()
    while seen.total() < total:
        seen.update(map(canonical_block, space.draw_fair_cells(rng) if fair else [space.draw_cell(rng)]))
    expected = seen.total() / distinct
    chi_squared = sum((seen[block] - expected) ** 2 / expected for block in space.allowed_blocks)
    assert chi_squared < distinct + 5 * (2 * distinct) ** 0.5
