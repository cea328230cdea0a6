"""NAS-Bench-201: counts and costs against published numbers, equivalences against brute force."""

from __future__ import annotations

import csv
import itertools
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supernet.spaces import Size, get_space
from supernet.spaces.expressions import Rules
from supernet.spaces.nasbench201.graph import (
    EDGES,
    OPERATIONS,
    cell_function,
    live_edges,
    pruned,
    stand_alone_form,
    stand_alone_function,
)
from supernet.spaces.nasbench201.space import NasBench201

SPACE = NasBench201()
ALL = list(itertools.product(range(5), repeat=6))
# The four ways from node 0 to node 3, as edges.
PATHS = [(3,), (0, 4), (1, 5), (0, 2, 5)]

cells = st.tuples(*[st.integers(0, 4)] * 6)
masks = st.sets(st.sampled_from(OPERATIONS), max_size=4).map(tuple)
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="session")
def rows(reference_data: Path) -> list[dict[str, str]]:
    with open(reference_data / "nb201" / "nasbench201.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_index_text_and_params_are_the_benchmarks(rows: list[dict[str, str]]) -> None:
    for row, cell in zip(rows, SPACE.enumerate(), strict=True):
        assert SPACE.text(cell) == row["arch"]
        assert SPACE.parse(row["arch"]) == cell
        assert SPACE.index(cell) == int(row["index"])
        assert SPACE.cost(cell).params == int(row["params_cifar10"])


def test_canonical_form_gives_the_benchmarks_partition(rows: list[dict[str, str]]) -> None:
    first: dict[str, tuple[int, ...]] = {}
    for row, cell in zip(rows, SPACE.enumerate(), strict=True):
        assert SPACE.canonical(cell) == first.setdefault(row["unique_id"], cell)
    assert len(first) == 6466


def test_counts() -> None:
    assert SPACE.counts() == {
        "raw": 15625,
        "valid": 15284,
        "unique": 6461,
        "benchmark_functions": 6466,
        "live": 12205,
        "live_zero_in_zero_out": 9445,
        "supernet_functions": 7810,
        "stand_alone_functions": 5260,
    }


def test_valid_means_a_path_without_none() -> None:
    valid = [any(all(cell[edge] for edge in path) for path in PATHS) for cell in ALL]
    assert [SPACE.is_valid(cell) for cell in ALL] == valid
    assert valid.count(False) == 341


def test_live_edges_lie_on_open_paths() -> None:
    to_output = {(0, 1): [(4,), (2, 5)], (0, 2): [(5,)], (1, 2): [(5,)]}
    to_output |= {(node, 3): [()] for node in range(3)}
    for cell in ALL:
        through = {edge for path in PATHS if all(cell[e] for e in path) for edge in path}
        useful = {
            edge
            for edge in range(6)
            if cell[edge] and any(all(cell[e] for e in tail) for tail in to_output[EDGES[edge]])
        }
        assert set(live_edges(cell, True)) == through
        assert set(live_edges(cell, False)) == useful


def _evaluate(cell: tuple[int, ...], edge_owned: list[tuple[int, ...]], pool: tuple[int, ...], x: int) -> int:
    """The cell over a finite field: convolutions and pooling are random cubics that map zero to zero."""
    prime = 2**61 - 1
    nodes = [x, 0, 0, 0]
    for edge, (source, target) in enumerate(EDGES):
        v = nodes[source]
        a, b, c = pool if cell[edge] == 4 else edge_owned[2 * edge + (cell[edge] == 3)]
        nodes[target] += (0, v, *[v * (a + v * (b + v * c))] * 3)[cell[edge]]
        nodes[target] %= prime
    return nodes[3]


def test_supernet_functions_and_pruning_against_evaluation() -> None:
    rng = random.Random(0)
    cubics = [tuple(rng.randrange(1, 2**61) for _ in range(3)) for _ in range(13)]
    value = {cell: _evaluate(cell, cubics[:12], cubics[12], 12345) for cell in ALL}
    pairs = {(value[cell], cell_function(cell, Rules())) for cell in ALL}
    assert len(pairs) == len(set(value.values())) == 7810
    for cell in ALL:
        assert value[cell] == value[pruned(cell, True)] == value[pruned(cell, False)]


def test_stand_alone_functions_are_those_up_to_the_names_of_convolutions() -> None:
    """Two cells are one function if some renaming of the edges that own convolutions makes them equal everywhere:
    compared by the least value over all renamings, for cells with up to three convolutions."""
    rng = random.Random(1)
    prime_owned = [tuple(rng.randrange(1, 2**61) for _ in range(3)) for _ in range(13)]
    few = [cell for cell in ALL if sum(op in (2, 3) for op in pruned(cell, True)) <= 3][::7]
    least = {}
    for cell in few:
        used = [edge for edge in range(6) if pruned(cell, True)[edge] in (2, 3)]
        values = []
        for places in itertools.permutations(range(6), len(used)):
            owned = list(prime_owned[:12])
            for edge, place in zip(used, places, strict=True):
                owned[2 * edge : 2 * edge + 2] = prime_owned[2 * place : 2 * place + 2]
            values.append(_evaluate(cell, owned, prime_owned[12], 12345))
        least[cell] = min(values)
    pairs = {(least[cell], stand_alone_function(cell)) for cell in few}
    assert len(pairs) == len(set(least.values())) == len({stand_alone_function(cell) for cell in few}) > 500


def test_the_form_that_stands_for_a_class() -> None:
    forms = {cell: stand_alone_form(cell) for cell in ALL}
    assert len(set(forms.values())) == 5260
    assert sum(form == (0,) * 6 for form in forms.values()) == 341
    for cell, form in forms.items():
        assert forms[form] == form
        assert pruned(form, True) == form
        assert SPACE.is_valid(form) == SPACE.is_valid(cell)


def test_published_costs() -> None:
    for cell in ALL[::7]:
        cost = SPACE.cost(cell)
        assert cost.params == 73306 + 243040 * cell.count(3) + 28000 * cell.count(2)
        assert cost.flops == cost.macs
    macs = [SPACE.cost(cell).macs for cell in ALL]
    assert (f"{min(macs) / 1e6:.2f}", f"{max(macs) / 1e6:.2f}") == ("7.78", "220.12")
    # The example in the benchmark's own guide: index 1, 113.95 M FLOPs, 0.802 M parameters.
    example = next(itertools.islice(SPACE.enumerate(), 1, None))
    assert (f"{SPACE.cost(example).flops / 1e6:.2f}", f"{SPACE.cost(example).params / 1e6:.3f}") == (
        "113.95",
        "0.802",
    )


def test_cost_at_another_size_by_hand() -> None:
    size = Size(channels=4, stages=2, cells_per_stage=1, image_channels=1, image_size=8, classes=3)
    cost = SPACE.cost((3, 2, 0, 1, 4, 0), size)
    stem, head = (36 + 8, 36 * 64), (16 + 24 + 3, 24)
    reduction = (288 + 16 + 576 + 16 + 32, (288 + 576 + 32) * 16)
    conv3 = (144 + 8 + 576 + 16, 144 * 64 + 576 * 16)
    conv1 = (16 + 8 + 64 + 16, 16 * 64 + 64 * 16)
    assert cost[:2] == tuple(map(sum, zip(stem, head, reduction, conv3, conv1, strict=True)))
    light = SPACE.cost((0,) * 6, Size(**{**vars(size), "reduction": "light"}))
    assert light[:2] == (44 + 43 + 32, 36 * 64 + 24 + 32 * 16)


def test_image_too_small() -> None:
    with pytest.raises(ValueError, match="image_size: 2 is too small to be halved 2 times"):
        SPACE.cost((0,) * 6, Size(channels=4, stages=3, cells_per_stage=1, image_size=2))


@given(cells)
def test_text_round_trip(cell: tuple[int, ...]) -> None:
    assert SPACE.parse(SPACE.text(cell)) == cell
    assert SPACE.parse(" ".join(map(str, cell))) == SPACE.parse(",".join(map(str, cell))) == cell


@given(cells)
def test_canonical_is_idempotent_and_keeps_validity(cell: tuple[int, ...]) -> None:
    canonical = SPACE.canonical(cell)
    assert SPACE.canonical(canonical) == canonical
    assert SPACE.is_valid(canonical) == SPACE.is_valid(cell)
    assert SPACE.index(canonical) <= SPACE.index(cell)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is neither of the form"),
        ("|none~0|", "is neither of the form"),
        ("|none~0|+|none~0|none~0|+|none~0|none~1|none~2|", "is neither of the form"),
        ("|conv~0|+|none~0|none~1|+|none~0|none~1|none~2|", "operation 'conv' is not one of none,"),
        ("0 1 2 3 4", "is not 6 integers between 0 and 4"),
        ("0 1 2 3 4 5", "is not 6 integers between 0 and 4"),
        ("0 1 2 3 4 ²", "is neither of the form"),
    ],
)
def test_bad_text(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="architecture: ") as error:
        SPACE.parse(text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@given(masks, seeds)
def test_fair_cells_use_each_operation_once_on_each_edge(mask: tuple[str, ...], seed: int) -> None:
    space = NasBench201(mask)
    drawn = space.draw_fair_cells(random.Random(seed))
    for edge in range(6):
        assert sorted(cell[edge] for cell in drawn) == list(space.allowed_operations)
    assert space.in_mask(space.draw_cell(random.Random(seed)))


@pytest.mark.parametrize("fair", [False, True])
def test_drawn_edges_are_uniform_and_independent(fair: bool) -> None:
    space, rng = NasBench201(("none", "avg_pool_3x3")), random.Random(1)
    drawn = [
        c for _ in range(3000) for c in (space.draw_fair_cells(rng) if fair else [space.draw_cell(rng)] * 3)
    ]
    for first, second in itertools.combinations(range(6), 2):
        seen = Counter((cell[first], cell[second]) for cell in drawn)
        assert set(seen) == set(itertools.product((1, 2, 3), repeat=2))
        assert max(abs(count - 1000) for count in seen.values()) < 220  # > 4 standard deviations


def test_mask() -> None:
    space = get_space("nasbench201", ["avg_pool_3x3", "none"])
    assert space.mask == ("none", "avg_pool_3x3")
    assert space.counts()["raw"] == space.counts()["valid"] == 729
    allowed = [cell for cell in SPACE.enumerate() if set(cell) <= {1, 2, 3}]
    assert list(space.enumerate()) == allowed
    first = {SPACE.canonical(cell): cell for cell in reversed(allowed)}
    assert list(space.unique()) == sorted(first.values(), key=SPACE.index)
    with pytest.raises(ValueError, match="mask: 'conv' is not one of none, skip_connect"):
        NasBench201(("conv",))
    with pytest.raises(ValueError, match="leaves no operation of nasbench201"):
        NasBench201(OPERATIONS)


def test_sample_extends_and_is_distinct() -> None:
    short, long = SPACE.sample(10, seed=3), SPACE.sample(6461, seed=3)
    assert long[:10] == short
    assert len({SPACE.canonical(cell) for cell in long}) == 6461
    assert all(SPACE.is_valid(cell) and SPACE.canonical(cell) == cell for cell in short)
    assert SPACE.sample(10, seed=4) != short
    with pytest.raises(ValueError, match="architectures: 6462 is not between 0 and 6461"):
        SPACE.sample(6462, seed=0)


def test_groups_by_convolutions() -> None:
    groups = SPACE.cells_by_nonlinear_operations()
    assert list(groups) == list(range(7))
    assert sum(map(len, groups.values())) == 15284
    assert len(groups[6]) == 2**6
    assert all(sum(op in (2, 3) for op in cell) == n for n, group in groups.items() for cell in group)
    assert list(NasBench201(("nor_conv_1x1", "nor_conv_3x3")).cells_by_nonlinear_operations()) == [0]


def test_path_repeats_the_cell() -> None:
    cell = (0, 1, 2, 3, 4, 0)
    assert SPACE.path(cell, SPACE.published) == (cell,) * 15
    assert SPACE.formula(cell) == (
        "n1 = 0; n2 = n0 + nor_conv_1x1(n1); n3 = nor_conv_3x3(n0) + avg_pool_3x3(n1)"
    )
