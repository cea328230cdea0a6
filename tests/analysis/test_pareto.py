"""The Pareto front, and distances to it, against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.statistics.pareto import distance_to_front, pareto_front

POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=30)


@given(POINTS)
def test_nothing_on_the_front_is_beaten_and_everything_else_is(points: list[tuple[int, int]]) -> None:
    expected = [
        not any(c <= cost and a >= accuracy and (c, a) != (cost, accuracy) for c, a in points)
        for cost, accuracy in points
    ]
    assert pareto_front(*np.array(points, dtype=float).T).tolist() == expected


def test_mistakes() -> None:
    with pytest.raises(ValueError, match=r"shapes \(2,\) and \(3,\)"):
        pareto_front([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="not all values are finite"):
        pareto_front([1, 2], [1, np.nan])


def beaten(cost: float, value: float, points: list[tuple[int, int]]) -> bool:
    return any(c <= cost and v >= value and (c, v) != (cost, value) for c, v in points)


@given(POINTS, st.integers(0, 6), st.integers(0, 6))
def test_distance_against_its_definition(points: list[tuple[int, int]], cost: int, value: int) -> None:
    costs, values = np.array(points, dtype=float).T
    found = distance_to_front(cost, value, costs, values)
    front = sorted({point for point in points if not beaten(*point, points)})
    cheaper, dearer = [p for p in front if p[0] <= cost], [p for p in front if p[0] >= cost]
    assert (found.below is None) == (not cheaper)
    assert (found.above is None) == (not dearer)
    if cheaper:
        assert points[found.below] == cheaper[-1]
    if dearer:
        assert points[found.above] == dearer[0]
    assert abs(points[found.nearest][0] - cost) == min(abs(c - cost) for c, _ in front)
    if not cheaper:
        assert found.value_there is found.difference is None
    elif not dearer:
        assert found.value_there == front[-1][1]
    else:
        (c0, v0), (c1, v1) = cheaper[-1], dearer[0]
        line = v0 if c0 == c1 else v0 + (v1 - v0) * (cost - c0) / (c1 - c0)
        assert found.value_there == pytest.approx(line)
        assert found.difference == pytest.approx(value - line)
    assert (found.cost_there is not None) == (front[0][1] < value <= front[-1][1])
    if found.cost_there is not None:  # on the front's line, at the point's value
        there = distance_to_front(found.cost_there, value, costs, values)
        assert there.difference == pytest.approx(0, abs=1e-9)


def test_distance_by_hand() -> None:
    # On the front: (1, .2), (3, .6), (9, .8); (4, .5) is beaten.
    found = distance_to_front(2, 0.7, [3, 9, 1, 4], [0.6, 0.8, 0.2, 0.5])
    assert (found.below, found.above, found.nearest) == (2, 0, 2)
    assert found.value_there == pytest.approx(0.4)
    assert found.difference == pytest.approx(0.3)
    assert found.cost_there == pytest.approx(6)
    with pytest.raises(ValueError, match="costs: no point"):
        distance_to_front(1, 1, [], [])
