"""Masks on single edges of NAS-Bench-201: against brute force over all 15,625 cells."""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.__main__ import main
from supernet.spaces import get_space
from supernet.spaces.expressions import Rules
from supernet.spaces.nasbench201.graph import EDGE_NAMES, OPERATIONS, cell_function, stand_alone_function
from supernet.spaces.nasbench201.space import NasBench201
from supernet.spaces.place_masks import only

SPACE = NasBench201()
ALL = list(SPACE.enumerate())
PATHS = [(3,), (0, 4), (1, 5), (0, 2, 5)]  # the four ways from input to output, as edges

entries = st.tuples(st.sampled_from(OPERATIONS), st.sampled_from([None, *EDGE_NAMES]))
masks = st.sets(entries, max_size=9).map(lambda pairs: [op if e is None else f"{op}@{e}" for op, e in pairs])


def allows(mask: list[str], cell: tuple[int, ...]) -> bool:
    """By the texts alone: no edge has an operation that is masked everywhere, or there."""
    names = [OPERATIONS[operation] for operation in cell]
    return not any(
        name in mask or f"{name}@{edge}" in mask for name, edge in zip(names, EDGE_NAMES, strict=True)
    )


@given(masks)
@settings(max_examples=12, deadline=None)
def test_a_mask_is_what_its_texts_say_over_all_cells(mask: list[str]) -> None:
    allowed = [cell for cell in ALL if allows(mask, cell)]
    if not allowed:
        with pytest.raises(ValueError, match=r"mask: .* leaves no operation"):
            NasBench201(tuple(mask))
        return
    space = NasBench201(tuple(mask))
    assert list(space.enumerate()) == allowed
    assert [space.in_mask(cell) for cell in ALL] == [allows(mask, cell) for cell in ALL]
    valid = [cell for cell in allowed if any(all(cell[edge] for edge in path) for path in PATHS)]
    first = {SPACE.canonical(cell): cell for cell in reversed(valid)}
    assert list(space.unique()) == sorted(first.values(), key=SPACE.index)
    levels = space.cells_by_nonlinear_operations()
    assert sorted(itertools.chain(*levels.values())) == sorted(valid)
    assert all(sum(op in (2, 3) for op in cell) == n for n, cells in levels.items() for cell in cells)
    # One mask for all that leave the same cells, whatever it was written as.
    assert all(allows(list(space.mask), cell) == space.in_mask(cell) for cell in ALL[::5])
    assert NasBench201(tuple(reversed(mask))) == NasBench201(space.mask) == space


def test_counts_under_an_edge_mask() -> None:
    mask = ["none@0-3", "avg_pool_3x3@1-2", "skip_connect@1-2"]
    cells = [cell for cell in ALL if allows(mask, cell)]
    counts = get_space("nasbench201", mask).counts()
    assert counts["raw"] == len(cells) == 4 * 3 * 5**4
    assert counts["valid"] == len(cells)  # the direct edge is never none
    assert counts["supernet_functions"] == len({cell_function(cell, Rules()) for cell in cells})
    assert counts["stand_alone_functions"] == len({stand_alone_function(cell) for cell in cells})


def test_masks_that_leave_the_same_are_one() -> None:
    everywhere = tuple(f"none@{edge}" for edge in EDGE_NAMES)
    assert NasBench201(everywhere) == NasBench201(("none",)) == NasBench201(("none", "none@0-1"))
    mask = NasBench201(("none@2-3", "avg_pool_3x3", "skip_connect@0-1")).mask
    assert mask == ("avg_pool_3x3", "skip_connect@0-1", "none@2-3")
    assert hash(NasBench201(everywhere)) == hash(NasBench201(("none",)))


def test_one_operation_an_edge_splits_the_space() -> None:
    parts = [NasBench201(only(operation, "0-2", OPERATIONS)) for operation in OPERATIONS]
    assert [part.counts()["raw"] for part in parts] == [3125] * 5
    assert all(sum(part.in_mask(cell) for part in parts) == 1 for cell in ALL)
    for number, part in enumerate(parts):
        assert {cell[1] for cell in part.enumerate()} == {number}


def test_one_space_within_another() -> None:
    whole, no_none = NasBench201(), NasBench201(("none",))
    part = NasBench201(("none@0-1",))
    assert part.within(whole)
    assert no_none.within(part)
    assert not part.within(no_none)
    one, other = (NasBench201(only(operation, "0-1", OPERATIONS)) for operation in OPERATIONS[:2])
    assert not one.within(other)
    assert not get_space("blox").within(whole)
    assert get_space("blox", ["ST1", "conv"]).within(get_space("blox", ["ST1"]))
    assert not get_space("blox").within(get_space("blox", ["ST1"]))


@given(masks, st.integers(0, 2**32 - 1))
@settings(max_examples=80, deadline=None)
def test_fair_cells_use_each_allowed_operation_of_each_edge_equally_often(mask: list[str], seed: int) -> None:
    allowed = [[op for op, name in enumerate(OPERATIONS) if not {name, f"{name}@{edge}"} & set(mask)] for edge in EDGE_NAMES]  # fmt: skip  # noqa: E501
    if not all(allowed):
        return
    space = NasBench201(tuple(mask))
    assert all(space.in_mask(space.draw_cell(random.Random(seed + i))) for i in range(20))
    sizes = {len(left) for left in allowed if len(left) > 1}
    if len(sizes) > 1:
        with pytest.raises(ValueError, match="kind: 'fair' needs equally many operations on all edges"):
            space.draw_fair_cells(random.Random(seed))
        return
    drawn = space.draw_fair_cells(random.Random(seed))
    assert len(drawn) == space.fair_group_size == max([*sizes, 1])
    for edge, left in enumerate(allowed):
        used = Counter(cell[edge] for cell in drawn)
        assert set(used) == set(left)
        assert len(set(used.values())) == 1


def test_edges_are_drawn_uniformly_over_what_is_left_on_each() -> None:
    space, rng = NasBench201(("none@0-1", "nor_conv_1x1@0-1", "avg_pool_3x3@1-3")), random.Random(0)
    drawn = [space.draw_cell(rng) for _ in range(6000)]
    for edge, left in enumerate(space.allowed_by_point):
        used = Counter(cell[edge] for cell in drawn)
        assert set(used) == set(left)
        assert max(abs(count - 6000 / len(left)) for count in used.values()) < 200  # > 5 deviations


def test_unlike_numbers_are_named() -> None:
    message = "avg_pool_3x3@0-3 leaves 4 on 0-3; 5 on 0-1, 0-2, 1-2, 1-3, 2-3"
    with pytest.raises(ValueError, match=message):
        _ = NasBench201(("avg_pool_3x3@0-3",)).fair_group_size


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ("conv@0-3", "mask: 'conv@0-3' is not one of none, skip_connect, "),
        ("none@3-0", "alone or followed by '@' and an edge: 0-1, 0-2, 1-2, 0-3, 1-3, 2-3"),
        ("none@", "mask: 'none@' is not one of none"),
        ("@0-1", "mask: '@0-1' is not one of none"),
    ],
)
def test_bad_entries_are_named(mask: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        NasBench201((mask,))


def test_an_edge_without_operations_and_another_space_are_refused() -> None:
    with pytest.raises(ValueError, match="leaves no operation on edge 1-3"):
        NasBench201(tuple(f"{name}@1-3" for name in OPERATIONS))
    with pytest.raises(ValueError, match="mask: 'conv@0-3' is not one of conv, mbconv, bconv, ST1"):
        get_space("blox", ["conv@0-3"])


def test_the_command_takes_masks_by_edge(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["space", "nasbench201", "--mask", "none@0-3, skip_connect@0-3"]) == 0
    out = capsys.readouterr().out
    assert "mask: none@0-3, skip_connect@0-3" in out
    assert re.search(r"raw +9,375", out)
