"""Parquet files that say which run they are of, and whether they are as they were written.

The file's own metadata hold the run's id and its seal: the SHA-256 of the whole file with the digits of the seal as
zeros. So a changed bit anywhere is found without another file, at any moment: also while a run is being scored.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pandas as pd
import pyarrow
import pyarrow.parquet
from pyarrow.parquet import ParquetFile

from supernet.files import write_atomic

RUN = b"run_id"
MARK = b"sha256 with these digits as zeros: "
DIGITS = 64


def write(frame: pd.DataFrame, path: Path, run_id: str) -> None:
    """Write the rows to a sealed file of that run, whole or not at all."""
    raw = sealed(frame, run_id)
    write_atomic(path, lambda file: file.write(raw))


def sealed(frame: pd.DataFrame, run_id: str) -> bytes:
    """The content of such a file."""
    table = pyarrow.Table.from_pandas(frame, preserve_index=False)
    more = {RUN: run_id.encode(), b"seal": MARK + b"0" * DIGITS}
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **more})
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer)
    raw = buffer.getvalue()
    place = _place(raw)
    assert place is not None
    return raw[:place] + hashlib.sha256(raw).hexdigest().encode() + raw[place + DIGITS :]


def read(path: Path, run_id: str | None = None) -> pd.DataFrame:
    """The rows of a Parquet file, sealed or not. run_id: of the run that it must be of, if it is sealed.

    ValueError, naming the file, if it is damaged or of another run; OSError if it cannot be read."""
    return read_with_seal(path, run_id)[0]


def read_with_seal(path: Path, run_id: str | None = None) -> tuple[pd.DataFrame, bool]:
    """The same, and whether the file is sealed."""
    frame, owner, has_seal = _read(path)
    _check_owner(path, owner, run_id)
    return frame, has_seal


def owner(path: Path) -> str | None:
    """The run that a file says it is of. ValueError if it is damaged."""
    return _read(path)[1]


def _check_owner(path: Path, owner: str | None, run_id: str | None) -> None:
    if owner is not None and run_id is not None and owner != run_id:
        raise ValueError(f"{path} is of the run {owner:.40}, not of {run_id}")


def _read(path: Path) -> tuple[pd.DataFrame, str | None, bool]:
    """The rows, the run that they are of and whether the file is sealed."""
    raw = path.read_bytes()
    place = _place(raw)
    if place is not None:
        zeros = raw[:place] + b"0" * DIGITS + raw[place + DIGITS :]
        if hashlib.sha256(zeros).hexdigest().encode() != raw[place : place + DIGITS]:
            raise ValueError(f"{path} is damaged: its content is not what was written")
    try:
        # pandas.read_parquet takes twice as long over a small file: it looks for a folder of them.
        with ParquetFile(pyarrow.BufferReader(raw)) as file:
            owner = (file.metadata.metadata or {}).get(RUN)
            frame = file.read(use_threads=False).to_pandas()
    except Exception as error:  # a damaged file shows as almost any error, and so does strange metadata
        reason = " ".join(str(error).split())[:160]
        raise ValueError(f"{path} is not readable as parquet: {reason}") from None
    if not frame.columns.is_unique:
        raise ValueError(f"{path} has the column {frame.columns[frame.columns.duplicated()][0]!r} twice")
    return frame, owner.decode(errors="replace") if owner else None, place is not None


def _place(raw: bytes) -> int | None:
    """Where the digits of the seal begin; None without one."""
    place = raw.rfind(MARK)
    return None if place < 0 or place + len(MARK) + DIGITS > len(raw) else place + len(MARK)
