"""The header of a file of Blox: a line '---', YAML, a line '---', within the first 1,024 bytes.

It says which part of the benchmark the file holds, and how: base (accuracies), ext (losses, training and top-5
accuracies), info (costs and architectures), env (what the networks were trained on), bench (latency on a device).
Source: the format as described by Blox's public repository; none of its code is used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from supernet.spaces.blox.blocks import OPERATIONS
from supernet.spaces.blox.published.columns import PARTS

LIMIT = 1024  # bytes; the benchmark's own reader looks no further either
LINE = b"---\n"
MOST = 1000  # values of a header
SUFFIXES = {"custom": ".blox", "csv": ".csv", "pickle": ".pickle"}  # by the header's format
SHAPE = [[[3], [3, 2, 2, 2]]] * 3  # choices of O0; of O1, previous, input, skip; in each of three stages
# The part by dataset_type; training is base or ext.
_PART_OF = {"static": "info", "env": "env", "benchmarking": "bench"}


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a file says of itself.

    path: the file. part: a key of PARTS. columns: in the order of the file. format: a key of SUFFIXES. types: of
    the columns, 'custom' only. operations: names in the order of the file's numbers. epochs, seed: None where a
    part has none. device, unit: of latency. size: bytes of the header, after which the values begin.
    """

    path: Path
    part: str
    columns: tuple[str, ...]
    format: str
    types: dict[str, str]
    operations: tuple[str, ...]
    epochs: int | None
    seed: int | None
    device: str | None
    unit: str | None
    size: int

    @property
    def key(self) -> tuple[str, str | None]:
        """What a folder holds once: the part, and for bench its device."""
        return self.part, self.device


def read_header(path: Path) -> Header:
    """The header of a file, checked. Raises ValueError naming file, field, value and what is allowed."""
    with path.open("rb") as file:
        raw = file.read(LIMIT)
    end = raw.find(b"\n" + LINE, len(LINE) - 1)
    if not raw.startswith(LINE) or end < 0:
        raise ValueError(
            f"{path}: no file of Blox: it does not begin with a header ('---', YAML, '---') of at most {LIMIT} bytes"
        )
    try:
        text = raw[len(LINE) : end]
        if _count(yaml.compose(text, yaml.SafeLoader), {}) > MOST:
            raise ValueError(f"its parts refer to each other so often that it is over {MOST} values")
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path}: the header is not YAML: {reason}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path}: the header is not a list of names and values")
    try:
        return _checked(path, found, end + 1 + len(LINE))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _count(node: yaml.Node | None, known: dict[int, int]) -> int:
    """The values of a header, those that it refers to several times (by aliases) counted as often. known: the counts of
    lists and mappings, by identity; one that is being counted has more than the most."""
    if not isinstance(node, yaml.CollectionNode):
        return 1
    if id(node) not in known:
        known[id(node)] = MOST + 1
        items = [one for pair in node.value for one in (pair if isinstance(pair, tuple) else (pair,))]
        known[id(node)] = 1 + sum(_count(item, known) for item in items)
    return known[id(node)]


def open_payload(header: Header) -> BinaryIO:
    """The file, at its first byte after the header."""
    file = header.path.open("rb")
    file.seek(header.size)
    return file


def _checked(path: Path, found: dict[str, Any], size: int) -> Header:
    if found.get("version") != 1:
        raise ValueError(f"version: {_shown(found.get('version'))} is not 1")
    kind = _one_of(found, "dataset_type", ("training", *_PART_OF))
    part = _PART_OF[kind] if kind in _PART_OF else _one_of(found, "part", ("base", "ext"))
    columns = found.get("columns")
    if not isinstance(columns, list) or sorted(map(str, columns)) != sorted(PARTS[part]):
        raise ValueError(f"columns: {_shown(columns)} are not those of {part}: {', '.join(PARTS[part])}")
    written = _one_of(found, "format", tuple(SUFFIXES))
    if path.suffix in SUFFIXES.values() and path.suffix != SUFFIXES[written]:
        raise ValueError(f"format: {written!r} does not fit the suffix {path.suffix!r}")
    types = found.get("column_types", {}) if written == "custom" else {}
    if written == "custom" and (not isinstance(types, dict) or set(types) != set(columns)):
        raise ValueError(f"column_types: {_shown(types)} is not one type for each of the columns")
    if part in ("base", "ext") and found.get("dataset") != "cifar100":
        raise ValueError(f"dataset: {_shown(found.get('dataset'))} is not 'cifar100'")
    device = unit = None
    if part == "bench":
        device, unit = str(found.get("device", "")), found.get("unit")
        if not re.fullmatch(r"\w[\w.-]*", device):
            raise ValueError(f"device: {_shown(device)} is not a name of letters, digits, '_', '.' and '-'")
        if unit is not None and unit not in ("s", "ms", "us"):
            raise ValueError(f"unit: {_shown(unit)} is not one of s, ms, us")
    return Header(
        path=path,
        part=part,
        columns=tuple(columns),
        format=written,
        types={name: str(value) for name, value in types.items()},
        operations=_operations(found.get("search_space")),
        # A list's length is one byte in the custom format.
        epochs=_number(found, "epochs", 1, 255) if part in ("base", "ext") else None,
        seed=_number(found, "seed", 0, 2**31) if part in ("base", "ext", "env") else None,
        device=device,
        unit=unit,
        size=size,
    )


def _operations(space: Any) -> tuple[str, ...]:
    """The names of the operations in the file's order; ValueError if the space is not Blox."""
    if not isinstance(space, dict):
        raise ValueError(f"search_space: {_shown(space)} does not say which space it is")
    for name, expected in (("shape", SHAPE), ("nodes", 2), ("stages", 3)):
        if space.get(name) != expected:
            raise ValueError(f"search_space: {name} {_shown(space.get(name))} is not Blox's {expected}")
    operations = space.get("ops")
    if not isinstance(operations, list) or sorted(map(str, operations)) != sorted(OPERATIONS):
        raise ValueError(f"search_space: ops {_shown(operations)} are not {', '.join(OPERATIONS)}")
    return tuple(operations)


def _one_of(found: dict[str, Any], field: str, allowed: tuple[str, ...]) -> str:
    value = found.get(field)
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{field}: {_shown(value)} is not one of {', '.join(allowed)}")
    return value


def _number(found: dict[str, Any], field: str, low: int, high: int) -> int:
    value = found.get(field)
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{field}: {_shown(value)} is not a whole number from {low} to {high}")
    return value


def _shown(value: Any) -> str:
    return f"{value!r:.80}" if not isinstance(value, (list, dict)) else f"{str(value)[:160]}"
