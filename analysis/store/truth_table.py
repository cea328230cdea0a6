"""A ground-truth table: a Parquet file and, beside it, a manifest that says what it is.

Columns: `arch` (official text); accuracies in percent, named `{data}_{part}[_{which}][_ep{schedule}][_seed{s}]`;
`params` and `macs` of the stand-alone networks. part: train, valid or test, never mixed (`train_loss` and so on: a
loss); which: absent for the last epoch, `last3` for the mean of the last three epochs, `best` for the best epoch;
schedule: absent for the benchmark's full training, `ep12` for one of 12 epochs; seed: absent for the mean over
seeds. The manifest, `<table>.json`, names space, data set, network size, training, seeds, source and checksum; no
correlation is printed without it.

Values of every epoch are in a third file, `<table>.curves.parquet`, which only `curves` reads.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, NotRequired, TypedDict

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet

from analysis.store import file_set
from supernet.files import digest, read_object
from supernet.spaces import Architecture, Size, Space, get_space

NATS_SIZE = "nats-size"
WITHOUT_NETWORKS = (NATS_SIZE,)  # spaces of which there are tables to compare with, and nothing else


class CurveFacts(TypedDict):
    """Of the values per epoch of one column."""

    epochs: int


class Described(TypedDict):
    """What any reader may use of a manifest."""

    title: NotRequired[str]
    size: NotRequired[dict[str, int | str] | None]


class Manifest(TypedDict):
    """A complete one. checksum: SHA-256 of the table. Other keys are for people."""

    space: str
    title: str
    data: str | list[str]
    size: dict[str, int | str]
    columns: list[str]
    seeds: int | list[int] | dict[str, list[int]]
    checksum: str
    architectures: NotRequired[int | None]
    curves: NotRequired[dict[str, CurveFacts] | None]
    curves_checksum: NotRequired[str]
    warnings: NotRequired[list[str]]


@dataclass(frozen=True)
class TruthTable:
    """A table that was read and checked. frame: the columns above. manifest: what it is."""

    path: Path
    frame: pd.DataFrame
    manifest: dict[str, Any]

    @property
    def space(self) -> Space:
        return get_space(self.manifest["space"])

    @property
    def size(self) -> Size:
        return Size(**self.manifest["size"])

    @cached_property
    def architectures(self) -> list[Architecture]:
        """One a row."""
        space = self.space
        return [space.parse(text) for text in self.frame["arch"]]


def described(path: Path) -> dict[str, Any]:
    """What the manifest beside a Parquet file says of the table (Described); empty where there is none. ValueError,
    naming the file, if that is wrong."""
    beside = path.with_suffix(".json")
    if path.suffix != ".parquet" or not beside.is_file():
        return {}
    return read_object(beside, Described)


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of the table at `path`. ValueError if it is missing, damaged or incomplete."""
    file_set.complete(path.parent, path.stem)
    manifest_path = path.with_suffix(".json")
    if not manifest_path.is_file():
        raise ValueError(f"table: {path} has no manifest {manifest_path.name} beside it")
    try:
        manifest = read_object(manifest_path, Manifest)
        if manifest["space"] not in WITHOUT_NETWORKS:
            get_space(manifest["space"])
        Size(**manifest["size"])
    except (TypeError, ValueError) as error:
        said = str(error).removeprefix(f"{manifest_path}: ")
        raise ValueError(f"table: {manifest_path}: {said}") from None
    return manifest


def load(path: Path) -> TruthTable:
    """Read a table and its manifest. ValueError if either is missing, damaged or does not fit the other."""
    manifest = read_manifest(path)
    if digest(path) != manifest["checksum"]:
        raise ValueError(f"table: {path} is not the file that {path.stem}.json describes (checksum differs)")
    try:
        # Two thirds of the memory that pandas' own reader takes for a table of two hundred columns.
        frame = pyarrow.parquet.read_table(path).to_pandas(split_blocks=True, self_destruct=True)
    except Exception as error:  # a file that is no such table shows as almost any
        raise ValueError(f"table: {path} is not readable as parquet: {error}") from None
    absent = [column for column in ("arch", *manifest["columns"]) if column not in frame]
    if absent:
        raise ValueError(f"table: {path} lacks the columns {', '.join(absent)}")
    for column in manifest["columns"]:
        if not pd.api.types.is_numeric_dtype(frame[column]):
            raise ValueError(f"table: {path}: column {column!r} is not numeric")
    return TruthTable(path, frame, manifest)


def curves_path(path: Path) -> Path:
    """Where the per-epoch values of the table at `path` are."""
    return path.with_suffix(".curves.parquet")


def curves(path: Path, columns: Sequence[str]) -> dict[str, np.ndarray]:
    """Per-epoch values of `columns`: each (n, E) float32 in the table's order, [:, e - 1] of epoch e, NaN for none.

    ValueError for a column without them."""
    manifest = read_manifest(path)
    present = manifest.get("curves") or {}
    for column in columns:
        if column not in present:
            names = ", ".join(present) or "none"
            raise ValueError(f"curves: {path} has no values per epoch of {column!r}; it has those of {names}")
    file = curves_path(path)
    if not file.is_file() or digest(file) != manifest.get("curves_checksum"):
        raise ValueError(f"curves: {file} is not the file that {path.stem}.json describes (checksum differs)")
    found = pyarrow.parquet.read_table(file, columns=list(columns))
    result = {}
    for column in columns:
        flat = found[column].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        result[column] = flat.reshape(found.num_rows, present[column]["epochs"])
    return result


def curve_column(values: np.ndarray) -> pd.Series[Any]:
    """(n, E) numbers as a column of lists of E float32, without an object for each."""
    n, epochs = values.shape
    flat = pyarrow.array(np.ascontiguousarray(values, dtype=np.float32).reshape(-1))
    offsets = pyarrow.array(np.arange(n + 1, dtype=np.int32) * epochs)
    lists = pyarrow.ListArray.from_arrays(offsets, flat)
    return pd.Series(pd.arrays.ArrowExtensionArray(lists))


def save(
    frame: pd.DataFrame, manifest: dict[str, Any], path: Path, per_epoch: pd.DataFrame | None = None
) -> None:
    """Write table, manifest and per-epoch values, if any: all or nothing, also if the process is killed.

    per_epoch: `arch` in the table's order and columns of lists, all of one length within a column.
    """
    manifest = {key: value for key, value in manifest.items() if not key.startswith("curves")}
    if per_epoch is not None:
        assert list(per_epoch["arch"]) == list(frame["arch"])
        manifest["curves"] = {
            name: {"epochs": len(per_epoch[name].iloc[0])} for name in per_epoch.columns if name != "arch"
        }

    def write_manifest(file: IO[bytes]) -> None:
        # Written last: by now its neighbours are there to be summed.
        beside = Path(file.name).parent
        sums = {"checksum": digest(beside / path.name)}
        if per_epoch is not None:
            sums["curves_checksum"] = digest(beside / curves_path(path).name)
        file.write((json.dumps(manifest | sums, indent=1, ensure_ascii=False) + "\n").encode())

    file_set.replace(
        path.parent,
        path.stem,
        {
            path.name: _parquet(frame),
            curves_path(path).name: None if per_epoch is None else _lists(per_epoch),
            path.with_suffix(".json").name: write_manifest,
        },
    )


def _parquet(frame: pd.DataFrame) -> Any:
    def write(file: IO[bytes]) -> None:
        frame.to_parquet(file, index=False, compression="zstd")
        file.flush()

    return write


def _lists(per_epoch: pd.DataFrame) -> Any:
    """A writer of columns of lists, without what pandas would note of their types, which it cannot read back itself."""
    found = pyarrow.Table.from_pandas(per_epoch, preserve_index=False).replace_schema_metadata(None)

    def write(file: IO[bytes]) -> None:
        pyarrow.parquet.write_table(found, file, compression="zstd")
        file.flush()

    return write
