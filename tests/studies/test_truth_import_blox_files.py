"""Blox files that are damaged, unlike their header, or do not belong together: one clear message each."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from blox_files import FORMATS, SPACE, header_of, payload, rows_of, write

from supernet.spaces.blox import importer as blox

MODELS = [a for a, _ in zip(SPACE.enumerate(), range(4), strict=False)]
BASE = rows_of("base", MODELS)


def refused(path: Path, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        blox.read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def space(**changes: Any) -> dict[str, Any]:
    return header_of("base", BASE, "csv")["search_space"] | changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "version: 2 is not 1"),
        ({"dataset_type": "tests"}, "dataset_type: 'tests' is not one of training, static, env,"),
        ({"part": "more"}, "part: 'more' is not one of base, ext"),
        ({"columns": ["model_hash", "val_top1"]}, r"columns: .* are not those of base: model_hash, val_top1"),
        ({"epochs": None}, "epochs: None is not a whole number from 1 to 255"),
        ({"epochs": 300}, "epochs: 300 is not a whole number"),
        ({"epochs": 6}, "val_top1: .* is not a list of 6 numbers, one an epoch"),
        ({"seed": "0"}, "seed: '0' is not a whole number"),
        ({"dataset": "cifar10"}, "dataset: 'cifar10' is not 'cifar100'"),
        ({"format": "pickle"}, "format: 'pickle' does not fit the suffix '.csv'"),
        ({"format": "xml"}, "format: 'xml' is not one of custom, csv, pickle"),
        ({"search_space": None}, "search_space: None does not say which space"),
        ({"search_space": space(stages=4)}, "search_space: stages 4 is not Blox's 3"),
        ({"search_space": space(shape=[[5, 5]])}, r"search_space: shape \[\[5, 5\]\] is not Blox's"),
        ({"search_space": space(ops=["conv", "mbconv"])}, r"search_space: ops .* are not conv, mbconv,"),
        ({"search_space": space(ops=["conv", "mbconv", "zero"])}, "search_space: ops"),
    ],
)
def test_headers_of_something_else(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    refused(write(tmp_path, "base", "csv", BASE, **changes), message)


def test_headers_that_are_none(tmp_path: Path) -> None:
    path = write(tmp_path, "base", "csv", BASE)
    whole = path.read_bytes()
    for raw, message in {
        b"": "no file of Blox: it does not begin with a header",
        b"arch,accuracy\n1,2\n": "does not begin with a header",
        whole[:200]: "does not begin with a header",
        b"---\nmore: " + b"x" * 1100 + whole[3:]: "header .* of at most 1024 bytes",
        b"---\n- 1\n---\n": "the header is not a list of names and values",
        b"---\na: [\n---\n": "the header is not YAML",
        b"---\n!!python/object/apply:os.system ['touch ran']\n---\n": "the header is not YAML",
        b"---\n" + b"[" * 900 + b"\n---\n": "the header is not YAML",
    }.items():
        path.write_bytes(raw)
        refused(path, message)
    path = write(tmp_path, "base", "blox", BASE)
    path.write_bytes(path.read_bytes().replace(b"  train_time_s: int\n", b""))
    refused(path, "column_types: .* is not one type for each of the columns")


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("val_top1", "float", r"'float' of val_top1 is not list\[b_MIN_MAX_BITS\]"),
        ("val_top1", "list[b_0_9000_14]", "cannot hold its accuracies"),
        ("val_top1", "list[b_0_5000_3]", "cannot hold its accuracies"),
        ("model_hash", "str", "'str' of model_hash is not hash"),
    ],
)
def test_types_that_a_column_cannot_have(tmp_path: Path, name: str, kind: str, message: str) -> None:
    path = write(tmp_path, "base", "blox", BASE)
    types = header_of("base", BASE, "blox")["column_types"]
    path.write_bytes(path.read_bytes().replace(f"{name}: {types[name]}".encode(), f"{name}: {kind}".encode()))
    refused(path, message)


@pytest.mark.parametrize("part", ["base", "ext", "info", "env", "bench"])
@pytest.mark.parametrize("suffix", FORMATS)
def test_every_cut_is_noticed(tmp_path: Path, suffix: str, part: str) -> None:
    write(tmp_path, "base", "csv", BASE, name="blox-base-0.csv")  # so that `env` is not alone
    path = write(tmp_path, part, suffix, rows_of(part, MODELS), name=f"blox-x.{suffix}")
    if part == "base":
        (tmp_path / "blox-base-0.csv").unlink()
    blox.read(tmp_path)
    whole = path.read_bytes()
    begin = whole.index(b"\n---\n", 4) + 5
    cuts = {begin, begin + 1, begin + 13, (begin + len(whole)) // 2, len(whole) - 1}
    for cut in cuts:
        if suffix == "csv" and cut > begin and whole[:cut].endswith(b"\n"):
            continue  # a text file cut between lines is only shorter
        path.write_bytes(whole[:cut])
        with pytest.raises(ValueError, match=r"blox-x"):
            blox.read(tmp_path)


@pytest.mark.parametrize("part", ["base", "env"])
def test_damage_to_a_binary_file_is_noticed(tmp_path: Path, part: str) -> None:
    """The stream's own checksum sees all; wrong counts are made with a right one."""
    rows = rows_of(part, MODELS)
    write(tmp_path, "info", "csv", rows_of("info", MODELS))
    path = write(tmp_path, part, "blox", rows)
    whole = path.read_bytes()
    begin = whole.index(b"\n---\n", 4) + 5
    for place in range(begin, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x20]) + whole[place + 1 :])
        with pytest.raises(ValueError, match=f"blox-{part}-0.blox: "):
            blox.read(tmp_path)
    inside = zlib.decompress(whole[begin:])

    def put(raw: bytes, after: bytes = b"") -> None:
        path.write_bytes(whole[:begin] + zlib.compress(raw) + after)

    wrong: dict[str, Callable[[], None]] = {
        "something follows its end": lambda: put(inside, b"more"),
        "damaged": lambda: put(inside + b"more"),
        r"it holds .* bytes of|does not fit|do not take": lambda: put(inside[:-3]),
        "4,294,967,295 rows, not 1 to 91,125": lambda: put(inside[:8] + b"\xff" * 4 + inside[12:]),
        "0 rows, not 1": lambda: put(inside[:8] + b"\0" * 4),
    }
    for message, change in wrong.items():
        change()
        with pytest.raises(ValueError, match=message):
            blox.read(tmp_path)


def test_a_small_file_cannot_fill_the_memory(tmp_path: Path) -> None:
    path = write(tmp_path, "base", "blox", BASE)
    whole = path.read_bytes()
    begin = whole.index(b"\n---\n", 4) + 5
    inside = zlib.decompress(whole[begin:])
    path.write_bytes(whole[:begin] + zlib.compress(inside + bytes(3_000_000)))
    refused(path, "more than the .* bytes that it says")


def changed(row: int, **values: Any) -> list[dict[str, Any]]:
    return [{**r, **values} if i == row else r for i, r in enumerate(BASE)]


@pytest.mark.parametrize("suffix", ["csv", "pickle"])
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (changed(1, val_top1=[1.0, 2.0]), r"val_top1: .* in row 2 is not a list of 5 numbers, one an epoch"),
        (changed(1, val_top1=[1.0, 2.0, 3.0, 4.0, "5"]), "val_top1: .* in row 2 is not a list of 5 numbers"),
        (changed(2, val_top1=[1.0, 2.0, 3.0, 4.0, 101.0]), "101.0 in row 3, epoch 5 is not an accuracy in"),
        (changed(0, test_top1=float("nan")), "test_top1: nan in row 1 is not an accuracy in percent"),
        (changed(0, test_top1=-1.0), "test_top1: -1.0 in row 1 is not an accuracy in percent"),
        (changed(3, test_top1="good"), "test_top1: 'good' in row 4 is not a number"),
        (changed(3, train_time_s=1.5), "train_time_s: '?1.5'? in row 4 is not a whole number"),
        (changed(3, train_time_s=-1), "train_time_s: -1 in row 4 is not a whole number from 0 up"),
        (changed(3, model_hash="short"), "model_hash: 'short' in row 4 is not 32 hexadecimal digits"),
        (changed(3, model_hash="g" * 32), "model_hash: g* in row 4 is not 32 hexadecimal digits"),
        (changed(3, model_hash=BASE[1]["model_hash"]), f"{BASE[1]['model_hash']} is in more than one row"),
        (changed(3, more=1), "row 4 is not one value for each of model_hash, val_top1, test_top1,"),
        ([{**r, "test_top1": r["test_top1"] / 100} for r in BASE], "test_top1: .* fractions, not percent"),
    ],
)
def test_values_that_cannot_be(tmp_path: Path, suffix: str, rows: Any, message: str) -> None:
    path = write(tmp_path, "base", suffix, BASE)
    header = path.read_bytes()[: path.read_bytes().index(b"\n---\n", 4) + 5]
    path.write_bytes(header + payload(suffix, rows, {}))
    refused(path, message)


def test_no_rows(tmp_path: Path) -> None:
    for suffix in ("csv", "pickle"):
        path = write(tmp_path, "base", suffix, BASE)
        header = path.read_bytes()[: path.read_bytes().index(b"\n---\n", 4) + 5]
        path.write_bytes(header + payload(suffix, [], {}))
        refused(path, "no rows|cut off")


def test_invalid_models_are_refused(tmp_path: Path) -> None:
    for suffix in FORMATS:
        for value in ([[[0], [0, 0, 0, 0]]] * 3, [[[0], [0, 0, 1, 0]]] * 2, [[[0], [3, 0, 1, 0]]] * 3, "no"):
            if suffix == "blox" and value != [[[0], [0, 0, 0, 0]]] * 3:
                continue  # cannot be written
            rows = rows_of("info", MODELS)
            rows[2]["arch_vec"] = value
            refused(write(tmp_path, "info", suffix, rows), "arch_vec: .* row 3 is not")


def test_code_in_a_pickle_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Runs:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (Path("ran"),))

    monkeypatch.chdir(tmp_path)
    path = write(tmp_path, "base", "pickle", BASE)
    header = path.read_bytes()[: path.read_bytes().index(b"\n---\n", 4) + 5]
    for value in ([Runs()], [["hash", Runs(), 1.0, 2]], Runs()):
        path.write_bytes(header + pickle.dumps(value))
        refused(path, "not a pickle of plain values and arrays: it asks for")
    assert not Path("ran").exists()


def test_unknown_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With only the first models of the space to look through: all of it takes a while."""
    monkeypatch.setattr(type(SPACE), "enumerate", lambda self: iter(MODELS))
    path = write(tmp_path, "base", "csv", changed(2, model_hash="0" * 32))
    refused(path, f"model_hash: 1 are of no model of Blox, among them {'0' * 32}")


def test_info_that_contradicts_the_hashes(tmp_path: Path) -> None:
    rows = rows_of("info", MODELS)
    rows[0]["arch_vec"], rows[1]["arch_vec"] = rows[1]["arch_vec"], rows[0]["arch_vec"]
    refused(write(tmp_path, "info", "csv", rows), "arch_vec: the model in row 1 has the hash")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 1}, "seed: 0 in blox-base-0.csv, 1 in blox-ext-0.csv: not of one data set"),
        ({"search_space": space(ops=["mbconv", "conv", "bconv"])}, "operations: .* not of one data set"),
    ],
)
def test_parts_of_different_data_sets(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    write(tmp_path, "base", "csv", BASE)
    write(tmp_path, "ext", "csv", rows_of("ext", MODELS), **changes)
    refused(tmp_path, message)


def test_folders_that_hold_too_much_or_nothing(tmp_path: Path) -> None:
    refused(tmp_path, "no file in it is named blox-")
    write(tmp_path, "base", "csv", BASE)
    write(tmp_path, "ext", "csv", rows_of("ext", MODELS, epochs=6))
    refused(tmp_path, "epochs: 5 in blox-base-0.csv, 6 in blox-ext-0.csv")
    (tmp_path / "blox-ext-0.csv").unlink()
    write(tmp_path, "base", "csv", BASE, name="blox-base-copy.csv")
    refused(tmp_path, "blox-base-0.csv and blox-base-copy.csv both hold the part base")
