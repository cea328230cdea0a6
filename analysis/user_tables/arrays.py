"""NumPy arrays (.npy, .npz) and Parquet as cells. No object is ever made from what an array says."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
from numpy.lib import format as npy
from pyarrow.parquet import ParquetFile

from analysis.user_tables.cells import NAME_COLUMNS, UNNAMED, Cells
from analysis.user_tables.content import members

KINDS = "biuf"


def of_npy(data: bytes, path: Path) -> Cells:
    """One array: (n,) values in the order of the index, (n, k) as columns '0', '1', ..., or (n,) with named fields."""
    return of_array(_array(data, path), path)


def of_npz(data: bytes, path: Path) -> Cells:
    """Several arrays (n,): a column each, by its name; one of text called as a name column names the rows."""
    arrays = {name.removesuffix(".npy"): _array(raw, path) for name, raw in members(path, data).items()}
    return of_columns(arrays, path)


def of_array(array: np.ndarray, path: Path) -> Cells:
    """See of_npy."""
    if array.dtype.names:
        return of_columns({name: array[name] for name in array.dtype.names}, path)
    if array.ndim not in (1, 2):
        raise ValueError(f"{path}: an array of shape {array.shape} is no table: (n,) or (n, columns) is")
    if array.dtype.kind not in KINDS:
        raise ValueError(f"{path}: an array of {array.dtype} holds no numbers")
    if array.ndim == 1:
        return _positions({"": array}, path, anonymous=True)
    return _positions(
        {str(i): array[:, i] for i in range(array.shape[1])}, path, anonymous=array.shape[1] == 1
    )


def of_columns(arrays: Mapping[str, Any], path: Path) -> Cells:
    """Arrays or lists of one length as columns; without a column of names the rows are in the order of the index."""
    columns: dict[str, Any] = {}
    for name, values in arrays.items():
        array = values if isinstance(values, np.ndarray) else None
        if array is not None and array.ndim != 1:
            raise ValueError(f"{path}: {name!r} has shape {array.shape}, and columns have (n,)")
        columns[str(name)] = array.tolist() if array is not None and array.dtype.kind not in KINDS else values
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) != 1:
        said = ", ".join(f"{name} {length}" for name, length in list(lengths.items())[:10])
        raise ValueError(
            f"{path}: its columns differ in length: {said}" if lengths else f"{path}: no columns"
        )
    if any(name in columns for name in NAME_COLUMNS):
        return Cells(path=path, columns=columns, places=_numbered(columns), unit="row")
    return _positions(columns, path)


def _positions(columns: dict[str, Any], path: Path, anonymous: bool = False) -> Cells:
    places = _numbered(columns)
    names = [str(place - 1) for place in places]
    return Cells(
        path=path,
        columns=columns,
        places=places,
        unit="row",
        names=names,
        by_position=True,
        anonymous=anonymous,
    )


def _numbered(columns: Mapping[str, Any]) -> list[int]:
    return list(range(1, len(next(iter(columns.values()))) + 1))


def _array(data: bytes, path: Path) -> np.ndarray:
    """The array of a .npy file, from its head and bytes."""
    file = io.BytesIO(data)
    try:
        version = npy.read_magic(file)
        read_head = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, kind = read_head(file)
        if kind.hasobject:
            raise ValueError("it holds Python objects; save numbers")
        count = 1
        for side in shape:
            count *= side
        if count * kind.itemsize > len(data) - file.tell():
            raise ValueError("it is cut short")
        flat = np.frombuffer(data, kind, count, offset=file.tell())
        return flat.reshape(shape, order="F" if fortran else "C")
    except Exception as error:  # a damaged head makes NumPy fail in many ways
        raise ValueError(f"{path}: not readable as an array: {error}") from None


def of_parquet(data: bytes, path: Path) -> Cells:
    """The columns of a Parquet file: numbers as arrays, all else as Python values."""
    try:
        with ParquetFile(pyarrow.BufferReader(data)) as file:
            table = file.read(use_threads=False)
    except Exception as error:  # as above, of Arrow
        raise ValueError(f"{path}: not readable as parquet: {error}") from None
    return _of_arrow(table, path)


def of_frame(frame: pd.DataFrame, name: str) -> Cells:
    """A frame's columns as those of the Parquet file that it would be written to, an index of texts among them; `name`
    stands for the file."""
    try:
        return _of_arrow(pyarrow.Table.from_pandas(frame), Path(name))
    except pyarrow.ArrowException as error:  # cells of several kinds in one column
        raise ValueError(f"{name}: not a table of numbers and texts: {error}") from None


def _of_arrow(table: pyarrow.Table, path: Path) -> Cells:
    columns: dict[str, Any] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        name = UNNAMED if name.startswith("__index_level_0__") else name
        if name in columns:
            raise ValueError(f"{path}: has two columns {name!r}")
        # Integers with gaps would come as floats, and lose their last digits.
        exact = pyarrow.types.is_floating(column.type) or (
            pyarrow.types.is_integer(column.type) and not column.null_count
        )
        columns[name] = column.to_numpy() if exact else column.to_pylist()
    return Cells(path=path, columns=columns, places=list(range(1, table.num_rows + 1)), unit="row")
