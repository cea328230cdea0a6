"""JSON, and the plain values of a pickle, as cells: objects, records, columns, NASLib's nested objects, arrays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.user_tables.arrays import of_array, of_columns
from analysis.user_tables.cells import NAME_COLUMNS, Cells, listed, spelling
from supernet.spaces import SPACES, get_space
from supernet.spaces.dialect import INDEX

SHAPES = (
    "{arch: score}, {arch: {column: value}}, [{arch: ..., column: value}, ...], {column: [values]},"
    " {data set: {arch: {measure: {score: ...}}}} or [values in the order of the index]"
)
DATA_SET = "dataset"  # the column that the outer keys of NASLib's form make
SCORE = "score"  # of {measure: {score: ..., time: ...}} the value that the measure's column holds
LONGEST_LIST = 64


class _Repeated(list[tuple[str, Any]]):
    """The pairs of an object that has one key twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Repeated:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Repeated(pairs)


def of_json(data: bytes, path: Path) -> Cells:
    """The table in a JSON text; numbers keep their digits."""
    try:
        value = json.loads(data, object_pairs_hook=_object, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not readable as json: {str(error) or 'nested too deeply'}") from None
    return of_value(value, path)


def of_value(value: Any, path: Path) -> Cells:
    """The table in dictionaries, lists and arrays; see SHAPES."""
    if isinstance(value, np.ndarray):
        return of_array(value, path)
    if isinstance(value, _Repeated):
        if any(_is_container(item) for _, item in value):
            keys = [key for key, _ in value]
            twice = next(key for i, key in enumerate(keys) if key in keys[:i])
            raise ValueError(f"{path}: the key {twice!r:.80} is twice in one object")
        return _object_of_scores([key for key, _ in value], [item for _, item in value], path)
    if isinstance(value, Mapping):
        return _of_mapping(value, path)
    if isinstance(value, (list, tuple)):
        return _of_list(value, path)
    raise ValueError(f"{path}: holds {type(value).__name__}, no table: {SHAPES}")


def _of_list(value: Sequence[Any], path: Path) -> Cells:
    if not value:
        raise ValueError(f"{path}: no rows")
    if all(isinstance(item, Mapping) for item in value):
        return _records(value, None, path)
    if any(_is_container(item) for item in value):
        raise ValueError(f"{path}: a list of neither objects nor numbers is no table: {SHAPES}")
    places = list(range(1, len(value) + 1))
    return Cells(
        path=path, columns={"": list(value)}, places=places, unit="entry", names=[str(i - 1) for i in places],
        by_position=True, anonymous=True,
    )  # fmt: skip


def _of_mapping(value: Mapping[Any, Any], path: Path) -> Cells:
    items = list(value.values())
    if not items:
        raise ValueError(f"{path}: no rows")
    kinds = {_kind(item) for item in items}
    if kinds == {"value"}:
        return _object_of_scores(list(map(spelling, value)), items, path)
    if kinds == {"list"}:
        if any(name in value for name in NAME_COLUMNS) or not _is_architecture(spelling(next(iter(value)))):
            return of_columns({spelling(key): item for key, item in value.items()}, path)
        return _records(
            [{str(i): one for i, one in enumerate(item)} for item in items], list(map(spelling, value)), path
        )
    if kinds != {"object"}:
        raise ValueError(f"{path}: an object of several kinds of values is no table: {SHAPES}")
    if any(name in value for name in NAME_COLUMNS):  # pandas: {column: {row: value}}
        rows = list(items[0])
        if any(list(item) != rows for item in items):
            raise ValueError(f"{path}: its columns do not have the same rows")
        return of_columns({spelling(key): list(item.values()) for key, item in value.items()}, path)
    if not _is_architecture(spelling(next(iter(value)))) and _holds_architectures(items):
        return _by_data_set(value, path)
    return _records(items, list(map(spelling, value)), path)


def _by_data_set(value: Mapping[Any, Mapping[Any, Any]], path: Path) -> Cells:
    """{data set: {arch: ...}}: the rows of all data sets, which the column `dataset` tells apart."""
    records, names = [], []
    for data_set, of_arch in value.items():
        for name, item in of_arch.items():
            records.append(
                {DATA_SET: spelling(data_set), **(item if isinstance(item, Mapping) else {SCORE: item})}
            )
            names.append(spelling(name))
    return _records(records, names, path)


def _holds_architectures(items: Sequence[Any]) -> bool:
    return any(_is_architecture(spelling(key)) for item in items for key in list(item)[:1])


def _is_architecture(text: str) -> bool:
    """Whether a space reads the text; numbers alone are not taken for an index."""
    return any(one.reads(text) for name in SPACES for one in get_space(name).dialects if one.name != INDEX)


def _object_of_scores(names: list[str], values: list[Any], path: Path) -> Cells:
    return Cells(
        path=path, columns={"": values}, places=list(range(1, len(names) + 1)), unit="entry", names=names,
        anonymous=True,
    )  # fmt: skip


def _records(records: Sequence[Any], names: list[str] | None, path: Path) -> Cells:
    flat = []
    for i, record in enumerate(records, 1):
        if isinstance(record, _Repeated):
            raise ValueError(f"{path}: entry {i} has one key twice")
        flat.append(_flattened(record))
    columns: dict[str, list[Any]] = {name: [] for record in flat for name in record}
    if not columns:
        raise ValueError(f"{path}: its entries are empty")
    for name, column in columns.items():
        column.extend(record.get(name) for record in flat)
    return Cells(
        path=path, columns={**columns}, places=list(range(1, len(flat) + 1)), unit="entry", names=names
    )


def _flattened(record: Mapping[Any, Any]) -> dict[str, Any]:
    """One level: 'synflow' for synflow's score, 'synflow.time', 'test_acc.0' for the first of a list. The list or
    object stays beside its parts, as it may be the name of the architecture."""
    found: dict[str, Any] = {}
    for key, value in record.items():
        name = spelling(key)
        parts = {name: value}
        if isinstance(value, Mapping):
            parts |= {
                name if inner == SCORE else f"{name}.{spelling(inner)}": one for inner, one in value.items()
            }
        elif _kind(value) == "list" and len(value) <= LONGEST_LIST:
            parts |= {f"{name}.{i}": one for i, one in enumerate(value)}
        if twice := parts.keys() & found.keys():
            raise ValueError(f"the column {listed(sorted(twice))} is twice in an entry")
        found |= parts
    return found


def _kind(value: Any) -> str:
    if isinstance(value, (Mapping, _Repeated)):
        return "object"
    return "list" if isinstance(value, (list, tuple, np.ndarray)) else "value"


def _is_container(value: Any) -> bool:
    return _kind(value) != "value"
