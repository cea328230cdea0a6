"""Any CSV file of one row an architecture: a column `arch`, or `index` for the space's official number, and numbers.

Kept are the columns whose names say what they are (analysis/column_names.py); with `columns`, those that it names.
A number in percent and a fraction are told apart: a whole column of accuracies up to 1 is taken for a mistake.
Missing architectures are no mistake; they are counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.column_names import FORM, ColumnName, parse
from studies.truth.importers.imported import Imported, published_size, with_costs
from supernet.spaces import Architecture, Space, get_space

KNOWN = ("arch", "index", "params", "macs")  # not accuracies; costs are computed here
SHOWN = 8  # names in a message


def read(
    source: Path,
    space: str,
    columns: str | None = None,
    data: str | None = None,
    title: str | None = None,
    licence: str | None = None,
    fraction: bool = False,
) -> Imported:
    """Read a CSV file. columns: 'FILE_COLUMN=NAME,...', the only ones to keep and their names here; None: all whose
    names are of the form. data: put before names without a data set ('test_seed0'). fraction: accuracies are between
    0 and 1. ValueError with the line for what is wrong."""
    chosen = get_space(space)
    frame = _read(source)
    architectures, warnings = _architectures(frame, chosen, source)
    names, left_out = _names(frame, columns, data, source)
    if left_out:
        warnings.append(f"columns left out, as their names do not say what they are: {_list(left_out)}")
    values = {name: _numbers(frame, old, name, fraction, source) for old, name in names.items()}
    values |= _missing_means(values, warnings)
    keep, merged = _distinct(frame, architectures, values, chosen, source)
    if merged:
        warnings.append(f"{merged} lines are other encodings of architectures with the same values: merged")
    kept = [chosen.supernet_form(architectures[i]) for i in keep]
    count = sum(1 for _ in chosen.enumerate())
    if len(kept) < count:
        warnings.append(f"{len(kept)} of {count} architectures of {chosen.title} are in {source.name}")
    ordered = sorted(values, key=_order)
    table = pd.DataFrame(
        {"arch": [chosen.text(a) for a in kept], **{name: values[name][keep] for name in ordered}}
    )
    parsed = [one for one in map(parse, ordered) if one]
    manifest = {
        "space": chosen.name,
        "title": title or source.stem,
        "data": list(dict.fromkeys(one.data for one in parsed)),
        "size": published_size(chosen),
        "columns": ordered,
        "units": "accuracy in percent; params and macs of the stand-alone network at the published size",
        "epochs": {f"ep{one.epochs}": int(one.epochs) for one in parsed if one.epochs},
        "seeds": sorted({one.seed for one in parsed if one.seed is not None}),
        "source": {"what": "CSV file", "files": 1, "checksums": {source.name: _sha256(source)}},
        "licence": licence or "not stated",
        "note": "the file's own numbers" + (", times 100" if fraction else ""),
    }
    return Imported(frame=with_costs(table, chosen, kept), manifest=manifest, warnings=warnings)


def _read(source: Path) -> pd.DataFrame:
    """The file as text, with the column 'line number' and without empty lines."""
    with source.open("rb") as file:
        if b"\0" in file.read(4096):
            raise ValueError(f"source: {source} is not a CSV file")
    try:
        frame = pd.read_csv(
            source, dtype=str, skip_blank_lines=False, skipinitialspace=True, keep_default_na=False
        )
    except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"source: {source} is not readable as CSV: {error}") from None
    frame.columns = [str(name).strip() for name in frame.columns]
    if not frame.columns.is_unique:
        name = frame.columns[frame.columns.duplicated()][0]
        raise ValueError(f"source: {source} has two columns {name!r}")
    if "arch" not in frame and "index" not in frame:
        raise ValueError(
            f"source: {source} has no column 'arch' and no 'index'; it has {_list(frame.columns)}"
        )
    frame = frame.fillna("").map(str.strip)
    empty = (frame == "").all(axis=1)
    frame = frame.assign(**{"line number": np.arange(len(frame)) + 2})[~empty]
    if frame.empty:
        raise ValueError(f"source: {source} has no rows")
    return frame.reset_index(drop=True)


def _architectures(frame: pd.DataFrame, space: Space, source: Path) -> tuple[list[Architecture], list[str]]:
    """The architecture of every row, and warnings."""
    lines = frame["line number"].tolist()
    if "arch" not in frame:
        return _by_index(frame["index"].tolist(), lines, space, source), []
    found = []
    for text, line in zip(frame["arch"], lines, strict=True):
        if not text:
            raise ValueError(f"source: {source}, line {line}: arch is empty")
        try:
            found.append(space.parse(text))
        except ValueError as error:
            raise ValueError(f"source: {source}, line {line}: {error}") from None
        if space.index(found[-1]) is None:
            raise ValueError(
                f"source: {source}, line {line}: {text!r} is not one of {space.title}'s architectures"
            )
    warnings = []
    if "index" in frame and frame["index"].tolist() != [str(space.index(a)) for a in found]:
        warnings.append(f"the column index is not {space.title}'s own number: left out")
    return found, warnings


def _by_index(texts: list[str], lines: list[int], space: Space, source: Path) -> list[Architecture]:
    official = list(space.enumerate())
    for text, line in zip(texts, lines, strict=True):
        if not (text.isascii() and text.isdigit() and int(text) < len(official)):
            raise ValueError(
                f"source: {source}, line {line}: index {text!r} is not between 0 and {len(official) - 1}"
            )
    return [official[int(text)] for text in texts]


def _names(
    frame: pd.DataFrame, columns: str | None, data: str | None, source: Path
) -> tuple[dict[str, str], list[str]]:
    """File's column -> name here; and the columns that are left out for their names."""
    others = [name for name in frame.columns if name not in (*KNOWN, "line number")]
    if columns is not None:
        names = {}
        for word in columns.split(","):
            old, equals, new = word.strip().partition("=")
            if old not in frame.columns:
                raise ValueError(f"columns: {source} has no column {old!r}; it has {_list(others)}")
            names[old] = new if equals else old
            if not parse(names[old]):
                raise ValueError(f"columns: {names[old]!r} is not of the form {FORM}")
    else:
        names = {name: name for name in others if parse(name)}
        if data is not None:
            names |= {
                name: f"{data}_{name}" for name in others if name not in names and parse(f"{data}_{name}")
            }
    twice = [name for name in names.values() if list(names.values()).count(name) > 1]
    if twice:
        raise ValueError(f"columns: {twice[0]!r} is the name of two columns of {source}")
    if not names:
        raise ValueError(
            f"columns: none of {source} has a name of the form {FORM} (it has {_list(others) or 'none'}); say which "
            "is what, for example --columns accuracy=cifar10_test, or --data for names without the data set"
        )
    return names, [] if columns is not None else [name for name in others if name not in names]


def _numbers(frame: pd.DataFrame, old: str, name: str, fraction: bool, source: Path) -> np.ndarray:
    """(n,) the column as floats, accuracies in percent; NaN where it is empty."""
    texts = frame[old]
    absent = texts.str.lower().isin(("", "nan", "na", "none", "null"))
    values = pd.to_numeric(texts.mask(absent), errors="coerce").to_numpy(dtype=float)

    def where(wrong: np.ndarray) -> str:
        row = int(np.flatnonzero(wrong)[0])
        return f"source: {source}, line {frame['line number'].iloc[row]}: {old} is {texts.iloc[row]!r}"

    wrong = ~absent.to_numpy() & ~np.isfinite(values)
    if wrong.any():
        raise ValueError(f"{where(wrong)}, which is not a number")
    described = parse(name)
    assert described is not None
    if described.metric == "loss" or np.isnan(values).all():
        return values
    most = 1 if fraction else 100
    if (values < 0).any() or (values > most).any():
        wrong = (values < 0) | (values > most)
        raise ValueError(
            f"{where(wrong)}, which is not {'a fraction' if fraction else 'in percent'}: 0 to {most}"
        )
    if fraction:
        return values * 100
    if np.nanmax(values) <= 1:
        raise ValueError(
            f"source: {source}: the largest {old} is {np.nanmax(values):g}; accuracies are in percent. If these are "
            "fractions, say --fraction"
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


def _distinct(
    frame: pd.DataFrame,
    architectures: list[Architecture],
    values: dict[str, np.ndarray],
    space: Space,
    source: Path,
) -> tuple[list[int], int]:
    """The rows to keep, and how many others say the same again in another encoding.

    Entries that the benchmark lists apart stay apart, though they may be one function."""
    lines = frame["line number"].tolist()
    first: dict[int | None, int] = {}
    merged = 0
    for row, architecture in enumerate(architectures):
        key = space.index(architecture)
        if key not in first:
            first[key] = row
            continue
        other = first[key]
        where = f"source: {source}: lines {lines[other]} and {lines[row]}"
        if architectures[other] == architecture:
            raise ValueError(f"{where} are the same architecture, {space.text(architecture)}")
        for name, column in values.items():
            if not np.array_equal(column[other], column[row], equal_nan=True):
                raise ValueError(
                    f"{where} are one architecture in two encodings, with unlike {name}: {column[other]:g} and "
                    f"{column[row]:g}"
                )
        merged += 1
    return list(first.values()), merged


def _order(name: str) -> tuple[Any, ...]:
    described = parse(name) or ColumnName(name, "")
    mean = described._replace(seed=-1 if described.seed is None else described.seed)
    return mean.data, mean.part, mean.metric, mean.epochs, mean.which, mean.seed


def _list(names: Iterable[str]) -> str:
    found = [str(name) for name in names if name != "line number"]
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(found[:SHOWN]) + more


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
