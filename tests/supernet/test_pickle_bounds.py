"""Pickles of a few bytes that say endlessly much: refused at once, however they are read; what is shared is not."""

from __future__ import annotations

import io
import pickle
import time
from collections.abc import Callable
from typing import Any

import pytest

from supernet.files.pickles import Reader, load


def doubled(depth: int, kind: Callable[[list[Any]], Any] = list) -> Any:
    value: Any = kind([1])
    for _ in range(depth):
        value = kind([value, value])
    return value


def endless() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def stream(raw: bytes) -> object:
    reader = Reader(io.BytesIO(raw))
    pieces = list(reader.pieces(lambda found: "piece" in found))
    return pieces, reader.value


READERS: dict[str, Callable[[bytes], object]] = {
    "plain": lambda raw: load(io.BytesIO(raw)),
    "streamed": stream,
    "rows": lambda raw: list(Reader(io.BytesIO(raw)).rows()),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("value", [[doubled(60)], [endless()]], ids=["doubled", "endless"])
def test_what_is_endless_once_written_out_is_refused_at_once(
    reader: str, protocol: int, value: object
) -> None:
    raw = pickle.dumps(value, protocol)
    assert len(raw) < 1000
    begin = time.monotonic()
    with pytest.raises(ValueError, match="pickle"):
        READERS[reader](raw)
    assert time.monotonic() - begin < 2


@pytest.mark.parametrize(
    "value", [{"piece": doubled(60)}, {"x": {"piece": 1, "deep": doubled(60)}}], ids=["all", "inside"]
)
def test_a_streamed_piece_is_bounded_too(value: dict[Any, Any]) -> None:
    with pytest.raises(ValueError, match="not a pickle of plain values"):
        stream(pickle.dumps(value, 2))


@pytest.mark.parametrize("reader", READERS)
def test_a_key_of_endless_tuples_is_not_hashed(reader: str) -> None:
    """Sixty tuples, each twice the last, as the key of a dictionary, in a set and in a frozen set."""
    levels = b"".join(
        bytes([0x71, n, 0x68, n, 0x86]) for n in range(60)
    )  # keep it, get it again, make a pair
    key = b"K\x01\x85" + levels
    for raw in (
        b"}" + key + b"K\x01s.",
        b"\x8f(" + key + b"\x90.",
        b"(" + key + b"\x91.",
        b"(" + key + b"K\x01d.",
    ):
        begin = time.monotonic()
        with pytest.raises(ValueError, match="not a pickle of plain values"):
            READERS[reader](b"\x80\x04" + raw)
        assert time.monotonic() - begin < 2


def test_keys_of_tuples_in_tuples_are_read() -> None:
    value = {((0, 1), "a"): 1, (((1,), 2), (3, (4, 5))): 2}
    assert load(io.BytesIO(pickle.dumps(value))) == value


@pytest.mark.parametrize("reader", READERS)
def test_what_is_shared_a_few_times_is_read(reader: str) -> None:
    """As pickle itself reads it."""
    value = [[doubled(3), doubled(3)], ["a", [1.5, 2.5]]]
    found = READERS[reader](pickle.dumps(value))
    found = found[1] if reader == "streamed" else found  # type: ignore[index]
    assert repr(found).replace("array(", "").replace(")", "") == repr(value)


def test_a_text_of_more_bytes_than_there_are_is_not_made_room_for() -> None:
    raw = b"\x80\x04\x8d" + (1 << 40).to_bytes(8, "little") + b"abc."
    for read in (READERS["plain"], READERS["streamed"]):
        with pytest.raises(ValueError, match="pickle"):
            read(raw)
