"""Any table of one row an architecture, of any format that analysis/user_tables reads (CSV, JSON, Parquet, NumPy, ...).

Kept are the columns whose names say what they are (store/column_names.py: accuracies, losses, latencies); with
`columns`, those that it names.
Percent and fractions are distinguished: a whole column of accuracies up to 1 is taken for a mistake, and so
is one that holds both. Missing architectures are no mistake; they are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.store.column_names import FORM, LATENCY, ColumnName, is_latency, parse
from analysis.user_tables.cells import NAME_COLUMNS, Cells, listed
from analysis.user_tables.names import Names, Read, check_dialect, names_of, recognise
from analysis.user_tables.numbers import numbers, refuse_mixed_units
from analysis.user_tables.table import chosen_rows, means_by_key, read_cells
from supernet.files import digest
from supernet.spaces import Space, get_space
from supernet.spaces.imported import Imported, published_size, with_costs

COSTS = ("params", "macs")  # computed here


def read(
    source: Path,
    space: str,
    columns: str | None = None,
    data: str | None = None,
    title: str | None = None,
    licence: str | None = None,
    fraction: bool = False,
    dialect: str | None = None,
    arch_column: str | None = None,
    where: Sequence[str] = (),
    average: bool = False,
) -> Imported:
    """Read a table. columns: 'FILE_COLUMN=NAME,...', the only ones to keep and their names here; None: all whose
    names are of the form. data: put before names without a data set ('test_seed0'). fraction: accuracies are between
    0 and 1. dialect, arch_column: of the architectures, where the file leaves a doubt. where: 'COLUMN=VALUE', the only
    rows to read. average: rows of one architecture become their mean. ValueError with the line for what is wrong."""
    chosen = get_space(space)
    check_dialect(dialect)
    cells = chosen_rows(read_cells(source), where)
    names = names_of(cells, arch_column)
    architectures = _architectures(names, chosen, dialect)
    warnings = _index_warning(names, architectures)
    kept_columns, left_out = _names(names, columns, data, source)
    if left_out:
        warnings.append(f"columns left out, as their names do not say what they are: {listed(left_out)}")
    values = {name: _numbers(cells, old, name, fraction) for old, name in kept_columns.items()}
    values |= _missing_means(values, warnings)
    if average:
        keep, values = _averaged(architectures, values, warnings)
    else:
        keep = _distinct(names, architectures, values, warnings)
        values = {name: column[keep] for name, column in values.items()}
    kept = [chosen.supernet_form(architectures.architectures[i]) for i in keep]
    count = sum(1 for _ in chosen.enumerate())
    if len(kept) < count:
        warnings.append(f"{len(kept)} of {count} architectures of {chosen.title} are in {source.name}")
    ordered = sorted(values, key=_order)
    table = pd.DataFrame({"arch": [chosen.text(a) for a in kept], **{name: values[name] for name in ordered}})
    parsed = [one for one in map(parse, ordered) if one]
    manifest = {
        "space": chosen.name,
        "title": title or source.stem,
        "data": list(dict.fromkeys(one.data for one in parsed)),
        "size": published_size(chosen),
        "columns": ordered,
        "units": _units(ordered) + "params and macs of the stand-alone network at the published size",
        "epochs": {f"ep{one.epochs}": int(one.epochs) for one in parsed if one.epochs},
        "seeds": sorted({one.seed for one in parsed if one.seed is not None}),
        "source": {"what": "table", "files": 1, "checksums": {source.name: digest(source)}},
        "licence": licence or "not stated",
        "note": "the file's own numbers" + (", times 100" if fraction else ""),
    }
    return Imported(frame=with_costs(table, chosen, kept), manifest=manifest, warnings=warnings)


def _units(columns: Sequence[str]) -> str:
    latencies = [name for name in columns if is_latency(name)]
    found = "accuracy in percent; " if len(latencies) < len(columns) else ""
    return found + f"{', '.join(latencies)}: as in the file; " * bool(latencies)


def _architectures(names: Names, space: Space, dialect: str | None) -> Read:
    """The architecture of every row; ValueError with the line of one that is not of the benchmark."""
    found = recognise(names, [space], dialect)
    assert found is not None  # of a known space: read, or refused
    if dialect is not None and found.dialect.name != dialect:
        raise ValueError(
            f"dialect: {names.cells.path} is not spelled as {dialect!r} but as {found.dialect.name!r}"
        )
    for row, architecture in enumerate(found.architectures):
        if space.index(architecture) is None:
            raise ValueError(
                f"{names.cells.path}: {names.cells.place(row)}: {names.texts[row]!r:.120} is not one of {space.title}'s"
                " architectures"
            )
    return found


def _index_warning(names: Names, found: Read) -> list[str]:
    """A column index beside the names must be the space's own number to be what it is called."""
    if "index" not in names.cells.columns or names.column == "index":
        return []
    own = [str(found.space.index(one)) for one in found.architectures]
    if names.cells.texts("index") == own:
        return []
    return [f"the column index is not {found.space.title}'s own number: left out"]


def _names(
    found: Names, columns: str | None, data: str | None, source: Path
) -> tuple[dict[str, str], list[str]]:
    """File's column -> name here; and the columns that are left out for their names."""
    others = [name for name in found.cells.columns if name not in (*NAME_COLUMNS, *COSTS, found.column)]
    if columns is not None:
        names = {}
        for word in columns.split(","):
            old, equals, new = word.strip().partition("=")
            if found.cells.anonymous:
                (old,), new = others, new or old
            if old not in found.cells.columns:
                raise ValueError(f"columns: {source} has no column {old!r}; it has {listed(others)}")
            names[old] = new if equals or found.cells.anonymous else old
            if not (parse(names[old]) or is_latency(names[old])):
                raise ValueError(f"columns: {names[old]!r} is not of the form {FORM}, nor {LATENCY}_...")
    else:
        names = {name: name for name in others if parse(name) or is_latency(name)}
        if data is not None:
            names |= {
                name: f"{data}_{name}" for name in others if name not in names and parse(f"{data}_{name}")
            }
    twice = [name for name in names.values() if list(names.values()).count(name) > 1]
    if twice:
        raise ValueError(f"columns: {twice[0]!r} is the name of two columns of {source}")
    if not names:
        there = "one column of values without name" if found.cells.anonymous else listed(others)
        raise ValueError(
            f"columns: none of {source} has a name of the form {FORM} or {LATENCY}_... (it has {there}); name the"
            " columns to use, for example --columns accuracy=cifar10_test, or --data for names without the data set"
        )
    return names, [] if columns is not None else [name for name in others if name not in names]


def _numbers(cells: Cells, old: str, name: str, fraction: bool) -> np.ndarray:
    """(n,) the column as floats, accuracies in percent; NaN where it is empty."""
    values = numbers(cells, old)

    def refuse(wrong: np.ndarray, why: str) -> None:
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            value = cells.texts(old)[row]
            raise ValueError(
                f"{cells.path}: {cells.place(row)}: {old or 'the value'} is {value!r}, which is not {why}"
            )

    refuse(np.isinf(values), "a finite number")
    if is_latency(name):
        refuse(values <= 0, "a time above 0")
        return values
    described = parse(name)
    assert described is not None
    if described.metric == "loss" or np.isnan(values).all():
        return values
    refuse_mixed_units(cells, old, values)
    most = 1 if fraction else 100
    refuse((values < 0) | (values > most), f"{'a fraction' if fraction else 'in percent'}: 0 to {most}")
    if fraction:
        return values * 100
    if np.nanmax(values) <= 1:
        raise ValueError(
            f"{cells.path}: the largest {old} is {np.nanmax(values):g}; accuracies are in percent. If these are"
            " fractions, say --fraction"
        )
    return values


def _missing_means(values: dict[str, np.ndarray], warnings: list[str]) -> dict[str, np.ndarray]:
    """Means over seeds, of those that a row has, where the file has single seeds only."""
    by_mean: dict[str, list[np.ndarray]] = {}
    for name, column in values.items():
        described = parse(name)
        if described and described.seed is not None:
            by_mean.setdefault(str(described._replace(seed=None)), []).append(column)
    made = {}
    for name, columns in by_mean.items():
        if name not in values:
            known = np.sum([~np.isnan(column) for column in columns], axis=0)
            with np.errstate(invalid="ignore"):
                made[name] = np.nansum(columns, axis=0) / known
            warnings.append(f"{name} is not in the file: the mean over its seeds, computed here")
    return made


def _averaged(
    found: Read, values: dict[str, np.ndarray], warnings: list[str]
) -> tuple[list[int], dict[str, np.ndarray]]:
    """The first row of each architecture, and the mean of each column over its rows."""
    keys = [found.space.index(one) for one in found.architectures]
    keep, means = means_by_key(keys, values)
    if len(keep) < len(keys):
        warnings.append(f"{len(keys)} rows averaged to {len(keep)} architectures")
    return keep, means


def _distinct(names: Names, found: Read, values: dict[str, np.ndarray], warnings: list[str]) -> list[int]:
    """The rows to keep. Others may say the same again in another encoding; they are counted.

    Entries that the benchmark lists apart stay apart, though they may be one function."""
    cells, architectures, space = names.cells, found.architectures, found.space
    first: dict[int | None, int] = {}
    merged = 0
    for row, architecture in enumerate(architectures):
        other = first.setdefault(space.index(architecture), row)
        if other == row:
            continue
        where = f"{cells.path}: {cells.place(other)} and {cells.place(row)}"
        if architectures[other] == architecture:
            raise ValueError(
                f"{where} are the same architecture, {space.text(architecture)}; --average takes the mean of repeated"
                " rows"
            )
        for name, column in values.items():
            if not np.array_equal(column[other], column[row], equal_nan=True):
                raise ValueError(
                    f"{where} are one architecture in two encodings, with unlike {name}: {column[other]:g} and "
                    f"{column[row]:g}"
                )
        merged += 1
    if merged:
        warnings.append(f"{merged} rows are other encodings of architectures with the same values: merged")
    return list(first.values())


def _order(name: str) -> tuple[Any, ...]:
    described = parse(name) or ColumnName(name, "")
    mean = described._replace(seed=-1 if described.seed is None else described.seed)
    return mean.data, mean.part, mean.metric, mean.epochs, mean.which, mean.seed
