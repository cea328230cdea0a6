"""A pickle read piece by piece: the pieces are whole, what is left is the rest, memory stays small. What could run, and
damage: test_plain_pickle.py."""

from __future__ import annotations

import io
import pickle
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from supernet.files import pickles
from supernet.files.pickles import Reader

SHARED = "a text that all pieces share"


def piece(number: int, length: int = 20) -> dict[str, Any]:
    return {
        "piece": number,
        "values": {f"x-valid@{i}": i + number / 7 for i in range(length)},
        SHARED: [None, True, False, -3, 70000, 2**40, {number}],
        "made": [tuple(range(number, number + length)) for length in range(1, 5)]
        + [bytes([number % 256, 0])],
        "numpy": [np.float64(1.5), np.int64(number)],
    }


def wanted(found: dict[Any, Any]) -> bool:
    return "piece" in found


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pieces_and_rest(protocol: int) -> None:
    value = {
        "list": ["a" * 300, "b"],
        "of": {i: {"inner": piece(i)} for i in range(2500)},
        "end": {1, 2},
        "empty": [],
    }
    reader = Reader(io.BytesIO(pickle.dumps(value, protocol) + pickle.dumps("next", protocol)))
    for number, found in enumerate(reader.pieces(wanted)):
        assert found == piece(number)
    assert number == 2499
    assert reader.value == value | {"of": {i: {"inner": {}} for i in range(2500)}}
    assert list(reader.pieces(wanted)) == []
    assert reader.value == "next"


def test_memory_is_a_fraction_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickles, "CHUNK", 1 << 14)
    raw = pickle.dumps([piece(i, 500) for i in range(80)], 4)

    def peak(read: Callable[[], object]) -> int:
        tracemalloc.start()
        try:
            read()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def stream() -> None:
        for _ in Reader(io.BytesIO(raw)).pieces(wanted):
            pass

    assert peak(stream) < peak(lambda: pickle.loads(raw)) / 5


def test_a_container_that_pieces_share_is_refused_when_it_is_gone() -> None:
    shared = [1, 2]
    near = [{"piece": i, "shared": shared} for i in range(2)]
    assert len(list(Reader(io.BytesIO(pickle.dumps(near))).pieces(wanted))) == 2
    far = [{"piece": i, "shared": shared if i in (0, 50) else None} for i in range(51)]
    with pytest.raises(ValueError, match="it refers to an object of another part of the file"):
        list(Reader(io.BytesIO(pickle.dumps(far))).pieces(wanted))


@pytest.mark.parametrize(
    "raw", [b"\x80\x04]q\x00}b.", b"\x80\x04c_codecs\nencode\n}b.", b"\x80\x04K\x01)R.", b"\x80\x04\x88i."]
)
def test_refuses_instructions_that_are_not_of_data(raw: bytes) -> None:
    """Attributes of a list and of a function, a call of a number, an instance of a class."""
    with pytest.raises(ValueError, match="not a pickle of plain values and arrays"):
        list(Reader(io.BytesIO(raw)).pieces(wanted))
