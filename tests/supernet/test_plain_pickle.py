"""Pickles of strangers: what NumPy and Python write is read back, what could run is refused."""

import io
import os
import pickle
from collections import OrderedDict
from contextlib import suppress

import numpy as np
import pytest
from test_pickle_bounds import READERS

from supernet.files.pickle_values import ALLOWED
from supernet.files.pickles import load

VALUES = [
    {"a": [1, 2.5, None, True, "text", b"bytes", b""], (1, "x"): {2, 3}},
    OrderedDict(b=1, a=2),
    {"data": np.arange(24, dtype=np.uint8).reshape(2, 3, 4), "labels": [0, 1]},
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.arange(5, dtype=">i4"),
    np.array(["ab", "c"]),
    np.array([b"ab", b"c"]),
    np.zeros((0, 3), dtype=np.float32),
    [np.float64(1.5), np.int32(-3), np.bool_(True)],
]


def same(a: object, b: object) -> bool:
    if isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(b, dict):
        return isinstance(a, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in b)
    if isinstance(b, list):
        return isinstance(a, list) and len(a) == len(b) and all(map(same, a, b))
    return a == b


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_reads_what_python_and_numpy_write(value: object, protocol: int) -> None:
    assert same(load(io.BytesIO(pickle.dumps(value, protocol))), value)


class Runs:
    def __init__(self, *call: object) -> None:
        self.call = call

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call[0], self.call[1:]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize(
    ("value", "named"),
    [
        (Runs(os.system, "echo run > ran"), "system"),
        (Runs(eval, "open('ran', 'w')"), "eval"),
        (Runs(np.load, "ran"), "load"),
        ({"data": [np.array([Runs(os.mkdir, "ran")], dtype=object)]}, "not one of numbers or text"),
        (np.zeros(2, dtype=[("a", "i4"), ("b", "O")]), "not one of numbers or text"),
        (Runs(getattr, "text", "upper"), "getattr"),
        (io.BytesIO(), "BytesIO"),
    ],
)
def test_refuses_what_could_run(
    value: object, named: str, protocol: int, reader: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    with pytest.raises(ValueError, match=f"not a pickle of plain values and arrays: .*{named}"):
        READERS[reader](pickle.dumps([{"piece": value}], protocol))
    assert not os.path.exists("ran")


def test_what_a_pickle_may_call_it_cannot_change() -> None:
    functions = (
        b"c_codecs\nencode\n",
        b"cnumpy\ndtype\n",
        b"cbuiltins\nset\n",
        b"ccollections\nOrderedDict\n",
    )
    for function in functions:
        with pytest.raises(ValueError, match="pickle"):
            load(io.BytesIO(b"\x80\x02" + function + b"}X\x01\x00\x00\x00aK\x01sb."))
    assert all(not hasattr(call, "a") for call in ALLOWED.values())


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("protocol", [2, 4])
def test_damaged_bytes_never_do_more_than_fail(reader: str, protocol: int) -> None:
    rows = [{"piece": 1, "data": np.arange(10), "more": np.arange(3.0)}, ["a", [1.0, 2.0, 3.0], 4.0, 5]]
    whole = pickle.dumps([*rows, {"piece": 2, "text": "é", "set": {1}}], protocol)
    for position in range(len(whole)):
        with pytest.raises(ValueError, match="pickle"):
            READERS[reader](whole[:position])
        for bits in (0x01, 0x15, 0x80):
            changed = bytearray(whole)
            changed[position] ^= bits
            with suppress(ValueError):
                READERS[reader](bytes(changed))


def test_text_of_python_2() -> None:
    written = b"(dp0\nS'data'\np1\nI1\ns."
    assert load(io.BytesIO(written), encoding="bytes") == {b"data": 1}
    assert load(io.BytesIO(written), encoding="latin1") == {"data": 1}
