"""Pickled rows: the same as pickle.loads, a bounded part at a time, and nothing that could run."""

from __future__ import annotations

import io
import os
import pickle
import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from supernet.files import pickles
from supernet.files.pickles import Reader


def pickled_rows(file: io.BytesIO) -> Iterator[Any]:
    return Reader(file).rows()


ROWS: list[Any] = [
    ["text", [1.5, -2.25, float("inf")], 3.0, 7],
    [],
    ["text", [], [[1.0], [2, 3.0]], None, True, False, -5, 300, 70_000, 2**40, -(2**70)],
    [[0.5] * 3000, "é" * 300, (1.0, 2.0, "a", [4.0]), (1, 2, 3, 4), ()],
    1.25,
    "alone",
    (1.0,),
]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("count", [1, 7, 1501])
def test_rows_are_those_of_pickle(protocol: int, count: int) -> None:
    rows = list(map(deepcopy, (ROWS * (count // len(ROWS) + 1))[:count]))
    raw = pickle.dumps(rows, protocol)
    found = list(pickled_rows(io.BytesIO(raw)))
    assert found == rows
    assert list(map(type, found)) == list(map(type, rows))


@pytest.mark.parametrize("protocol", [2, 4])
def test_floats_are_the_same_to_the_bit(protocol: int) -> None:
    rng = random.Random(0)
    rows = [["h", [rng.uniform(-1e9, 1e9) for _ in range(rng.choice([1, 2, 600]))]] for _ in range(500)]
    for row, expected in zip(pickled_rows(io.BytesIO(pickle.dumps(rows, protocol))), rows, strict=True):
        assert row == expected


def test_lists_that_rows_share() -> None:
    """As of blocks that many models have in common; floats are not kept, so far from each other it is refused."""
    block, other = [[1], [2, 0]], [[2], [1, 1]]
    rows = [["a", [block, block, other]], ["b", [other, block, other]]] * 3000
    rows = [list(row) for row in rows]
    assert list(pickled_rows(io.BytesIO(pickle.dumps(rows)))) == rows
    shared = [1.5, 2.5]
    near, far = [["a", shared], ["b", shared]], [["a", shared if i in (0, 2500) else []] for i in range(2501)]
    assert list(pickled_rows(io.BytesIO(pickle.dumps(near)))) == near
    with pytest.raises(ValueError, match="it refers to an object of another part of the file"):
        list(pickled_rows(io.BytesIO(pickle.dumps(far))))


def test_small_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever falls on the end of what was read, most of all in the middle of floats."""
    rows = [[f"row {i}", [float(j) for j in range(50)]] for i in range(200)]
    raw = pickle.dumps(rows)
    for chunk in (600, 777, 1024):
        monkeypatch.setattr(pickles, "CHUNK", chunk)
        assert list(pickled_rows(io.BytesIO(raw))) == rows


def test_rows_come_before_the_file_is_read_to_its_end() -> None:
    file = io.BytesIO(pickle.dumps([["row", [0.5] * 200] for _ in range(20_000)]))
    assert next(pickled_rows(file)) == ["row", [0.5] * 200]
    assert file.tell() < len(file.getvalue()) / 2


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_functions_are_refused_and_data_read(protocol: int) -> None:
    for value in ([os.system], [print]):
        with pytest.raises(ValueError, match="not a pickle of plain values and arrays: it asks for"):
            list(pickled_rows(io.BytesIO(pickle.dumps(value, protocol))))
    rows = [{1: 2}, {1}, b"bytes", np.float64(1.0), [1.5, "a"], np.arange(3)]
    assert str(list(pickled_rows(io.BytesIO(pickle.dumps(rows, min(protocol, 4)))))) == str(
        [{1: 2}, {1}, b"bytes", 1.0, [1.5, "a"], np.arange(3)]
    )


@pytest.mark.parametrize("value", [1.0, "text", None, (1, 2)], ids=str)
def test_no_list_of_rows(value: Any) -> None:
    with pytest.raises(ValueError, match="not a pickled list of rows"):
        list(pickled_rows(io.BytesIO(pickle.dumps(value))))


def test_a_deep_row_is_refused() -> None:
    deep = b"\x80\x02" + b"(]" + b"]" * 20_000 + b"a" * 20_000 + b"e."
    with pytest.raises(ValueError, match="pickle"):
        list(pickled_rows(io.BytesIO(b"\x80\x02]" + deep[2:])))
