"""A table of ground truth as a file that a user names: its search space, the column to look at, what networks cost.

Any file that user_tables reads will do. Beside a Parquet file there may be a manifest, `<table>.json`, as
this project's own tables have it: its title and the size of the networks are then the manifest's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.statistics.pairs import Floats
from analysis.store import column_names, truth_table
from analysis.store.column_names import ColumnName
from analysis.store.tables import Table
from analysis.user_tables.names import all_spaces, names_of, recognise
from analysis.user_tables.table import UserTable, read_cells
from supernet.spaces import Architecture, Size, Space, get_space

COSTS = ("params", "macs")


@dataclass(frozen=True, kw_only=True)
class TruthFile:
    """The rows of a table that have a number in `column`. frame: (n, ...) with 'arch'. architectures: n, of `space`.

    title: what the table is, '' if nobody says. size: of the networks; None is the benchmark's own."""

    path: Path
    frame: pd.DataFrame
    column: str
    space: Space
    architectures: list[Architecture]
    title: str
    size: Size | None

    @property
    def numbers(self) -> Floats:
        """The column (n,)."""
        return self.frame[self.column].to_numpy(dtype=float)

    @property
    def source(self) -> str:
        """For a reader: which column of which table."""
        return f"{self.column} of {self.path.name}{f' ({self.title})' if self.title else ''}"

    @cached_property
    def costs(self) -> pd.DataFrame:
        """params and macs of the stand-alone networks (n,): the table's own columns, else computed by the space."""
        found: dict[str, Any] = {name: self.frame[name] for name in COSTS if self._has(name)}
        if len(found) < len(COSTS):
            costs = [self.space.cost(architecture, self.size) for architecture in self.architectures]
            found |= {name: [getattr(cost, name) for cost in costs] for name in COSTS if name not in found}
        return pd.DataFrame({name: np.asarray(found[name], dtype=float) for name in COSTS})

    def _has(self, name: str) -> bool:
        if name not in self.frame or not pd.api.types.is_numeric_dtype(self.frame[name]):
            return False
        return bool(np.isfinite(self.frame[name].to_numpy(dtype=float, na_value=np.nan)).all())

    def with_other(self, **changes: Any) -> list[str]:
        """The table's columns that say what `column` says but for the fields of ColumnName that are named: of another
        part (part='valid'), or of any value there (data='*'). In the table's order; none if the column's name is not
        of the form."""
        own = column_names.parse(self.column)
        if own is None:
            return []
        wanted = own._replace(**changes)
        free: dict[str, Any] = {field: "*" for field, value in changes.items() if value == "*"}
        found = []
        for name in map(str, self.frame.columns):
            there = column_names.parse(name)
            if there is None or not pd.api.types.is_numeric_dtype(self.frame[name]):
                continue
            if there._replace(**free) == wanted:
                found.append(name)
        return found


def read_truth_file(
    path: Path,
    column: str | None = None,
    *,
    space: str | None = None,
    dialect: str | None = None,
    arch_column: str | None = None,
) -> TruthFile:
    """Read a table of ground truth.

    Args:
        column: what to look at; None is the first column of mean test accuracy at the end of training.
        space: where the file does not say it without doubt; so are `dialect` and `arch_column`.

    Raises:
        ValueError: for what cannot be used.
        OSError: for what cannot be read.
    """
    names = names_of(read_cells(path), arch_column)
    read = recognise(names, all_spaces() if space is None else [get_space(space)], dialect)
    if read is None:
        raise ValueError(
            f"{path}: no known search space reads all of its architectures, the first {names.texts[0]!r:.120}"
        )
    rows = UserTable(names=names, read=read, source=f"{path.name}:{column or ''}")
    frame, _ = rows.frame(column)
    chosen = _default(frame, path) if column is None else column
    table = Table(frame=frame, column=chosen, source=f"{path.name}:{chosen}")
    if not table.known.any():
        raise ValueError(f"column: {chosen!r} of {path} has no values")
    manifest = truth_table.described(path)
    try:
        size = Size(**manifest["size"]) if manifest.get("size") else None
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path.with_suffix('.json')}: size: {error}") from None
    return TruthFile(
        path=path,
        frame=frame[table.known].reset_index(drop=True),
        column=chosen,
        space=read.space,
        architectures=[one for one, known in zip(read.architectures, table.known, strict=True) if known],
        title=str(manifest.get("title", "")),
        size=size,
    )


def _default(frame: pd.DataFrame, path: Path) -> str:
    for name in map(str, frame.columns):
        there = column_names.parse(name)
        if there == ColumnName(there.data if there else "", "test"):
            return name
    numeric = [str(name) for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
    raise ValueError(
        f"column: {path} has none named as a test accuracy; choose one of {', '.join(numeric) or 'none'}"
    )
