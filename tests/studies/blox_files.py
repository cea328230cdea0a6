"""Writes files in Blox's three formats with made-up values: what the importer's tests read.

Written from the description of the formats alone and value by value, so that it shares nothing with the reader.
"""

from __future__ import annotations

import csv
import io
import pickle
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from supernet.spaces import Architecture
from supernet.spaces.blox.hash import model_hash
from supernet.spaces.blox.space import Blox

SPACE = Blox()
FORMATS = {"blox": "custom", "csv": "csv", "pickle": "pickle"}
IMAGES = {"train": 45_000, "val": 5_000, "test": 10_000}
KIND = {"info": "static", "env": "env", "bench": "benchmarking"}
ENVIRONMENT = (
    *("codebase_commit", "codebase_version", "cuda", "driver", "gpu", "platform", "ptflops_version"),
    *("python", "torch_commit", "torch_cuda_version", "torch_version", "torchvision_version"),
)

Rows = list[dict[str, Any]]


def rows_of(
    part: str, architectures: Sequence[Architecture], epochs: int = 5, seed: int = 0, artefact: bool = True
) -> Rows:
    """Made-up rows of a part, a dictionary each. Accuracies rise; artefact: epoch 1 holds the best of all."""
    rng = np.random.default_rng([seed, *part.encode()])

    def accuracy(kind: str) -> float:
        return round(100 * int(rng.integers(1, IMAGES[kind] + 1)) / IMAGES[kind], 3)

    def loss() -> float:
        return round(float(rng.uniform(0, 5)), 6)

    rows: Rows = []
    for architecture in architectures:
        row: dict[str, Any] = {"model_hash": model_hash(architecture)}
        if part == "base":
            row["val_top1"] = sorted(accuracy("val") for _ in range(epochs))
            if artefact:
                row["val_top1"][0] = max(row["val_top1"])
            row |= {"test_top1": accuracy("test"), "train_time_s": int(rng.integers(100, 9000))}
        elif part == "ext":
            row["train_top1"] = [accuracy("train") for _ in range(epochs)]
            row["train_loss"] = [loss() for _ in range(epochs)]
            row["train_top5"] = [accuracy("train") for _ in range(epochs)]
            row["val_loss"] = [loss() for _ in range(epochs)]
            row["val_top5"] = [accuracy("val") for _ in range(epochs)]
            row |= {"test_loss": loss(), "test_top5": accuracy("test")}
        elif part == "info":
            cost = SPACE.cost(architecture)
            row |= {"params": cost.params, "flops": cost.flops}
            stages = SPACE.cells_of(SPACE.canonical(architecture))
            row["arch_vec"] = [[[o0], list(rest)] for o0, *rest in stages]
        elif part == "bench":
            row["latency"] = loss()
        else:
            row |= {name: f"{name} {rng.integers(2)}" for name in ENVIRONMENT}
        rows.append(row)
    return rows


def header_of(part: str, rows: Rows, suffix: str, /, **changes: Any) -> dict[str, Any]:
    """What stands in the header; a change to None takes an entry out."""
    shape = [[3], [3, 2, 2, 2]]
    header: dict[str, Any] = {
        "version": 1,
        "search_space": {
            "shape": [shape] * 3,  # PyYAML writes the repetition as an anchor, as the published files have it
            "nodes": 2,
            "stages": 3,
            "ops": ["conv", "mbconv", "bconv"],
        },
        "dataset_type": KIND.get(part, "training"),
        "columns": list(rows[0]),
    }
    if part in ("base", "ext"):
        epochs = len(next(value for value in rows[0].values() if isinstance(value, list)))
        header |= {"seed": 0, "epochs": epochs, "dataset": "cifar100", "part": part}
    elif part == "env":
        header["seed"] = 0
    elif part == "bench":
        header["device"] = "phone"
    header["format"] = FORMATS[suffix]
    if suffix == "blox":
        header["column_types"] = {name: type_of(name, rows) for name in rows[0]}
    return {name: value for name, value in (header | changes).items() if value is not None}


def write(
    folder: Path, part: str, suffix: str, rows: Rows, /, name: str | None = None, **changes: Any
) -> Path:
    """Write one file; returns its path. changes: of the header."""
    header = header_of(part, rows, suffix, **changes)
    ending = {"base": "-0", "ext": "-0", "env": "-0", "bench": f"-{header.get('device')}"}.get(part, "")
    path = folder / (name or f"blox-{part}{ending}.{suffix}")
    text = f"---\n{yaml.safe_dump(header, sort_keys=False)}---\n"
    path.write_bytes(text.encode() + payload(suffix, rows, header))
    return path


def payload(suffix: str, rows: Rows, header: dict[str, Any]) -> bytes:
    """What follows the header."""
    if suffix == "csv":
        text = io.StringIO()
        csv.writer(text).writerows(row.values() for row in rows)
        return text.getvalue().encode()
    if suffix == "pickle":
        return pickle.dumps([list(row.values()) for row in rows])
    body = b"".join(
        packed(value, header["column_types"][name], name) for row in rows for name, value in row.items()
    )
    return zlib.compress((32 + 8 * len(body)).to_bytes(8, "little") + len(rows).to_bytes(4, "little") + body)


def type_of(name: str, rows: Rows) -> str:
    """The type in the custom format: accuracies in as many bits as their range needs."""
    fixed = {"model_hash": "hash", "arch_vec": "arch", "params": "int", "flops": "int", "train_time_s": "int"}
    value = rows[0][name]
    if name in fixed or isinstance(value, str):
        return fixed.get(name, "str")
    kind, listed = "float", isinstance(value, list)
    if "top" in name:
        counts = [count(v, name) for row in rows for v in (row[name] if listed else [row[name]])]
        bits = max(1, (max(counts) - min(counts)).bit_length())
        bits = bits if listed else -(-bits // 8) * 8
        kind = f"b_{min(counts)}_{max(counts)}_{bits}"
    return f"list[{kind}]" if listed else kind


def count(value: float, name: str) -> int:
    """Right answers of an accuracy in percent."""
    return round(value * IMAGES[name.split("_")[0]] / 100)


def packed(value: Any, kind: str, name: str) -> bytes:
    """A value's bytes, from a whole byte on."""
    if kind == "hash":
        return bytes.fromhex(value)[::-1]
    if kind == "str":
        return bytes([len(value)]) + value.encode("ascii")
    if kind == "arch":
        return bytes((o0 * 3 + o1) << 3 | p << 2 | i << 1 | s for (o0,), (o1, p, i, s) in value)
    if kind.startswith("list["):
        inner, total, place = kind[5:-1], 0, 0
        for item in value:
            number, bits = number_of(item, inner, name)
            total |= number << place
            place += bits
        return bytes([len(value)]) + total.to_bytes(-(-place // 8), "little")
    number, bits = number_of(value, kind, name)
    return number.to_bytes(bits // 8, "little")


def number_of(value: Any, kind: str, name: str) -> tuple[int, int]:
    """The unsigned integer that stands for a value, and its bits."""
    if kind in ("int", "float"):
        return (value, 32) if kind == "int" else (round(value * 1e6), 24)
    _, low, _, bits = kind.split("_")
    return count(value, name) - int(low), int(bits)
