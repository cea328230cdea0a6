"""Checks of a table: architectures, ranges, means of seeds, equal rows, the benchmark's known values.

An error would make a result wrong; a note is what its reader should know.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from analysis.measures.ceiling import seed_columns
from analysis.store.column_names import FORM, LATENCY, parse
from analysis.store.truth_table import WITHOUT_NETWORKS
from studies.truth import table
from studies.truth.table import TruthTable

ROUNDING = 0.02  # percentage points: published means are rounded, and some seeds are too


class Finding(NamedTuple):
    """level: 'error', 'note' or 'ok'."""

    level: str
    text: str


def check(truth: TruthTable) -> list[Finding]:
    """Everything there is to say about a table whose checksum is right (`table.load` has seen to it)."""
    known = truth.manifest["space"] not in WITHOUT_NETWORKS
    return [
        Finding("ok", "checksum, manifest and columns fit together"),
        *(_architectures(truth) if known else ()),
        *_ranges(truth),
        *_means(truth),
        *(_equal_rows(truth) if known else ()),
        *(_best(truth) if known else ()),
        *_curves(truth),
    ]


def _architectures(truth: TruthTable) -> Iterator[Finding]:
    space, texts = truth.space, truth.frame["arch"].tolist()
    official = {space.text(architecture) for architecture in space.enumerate()}
    unknown, others = [], []
    for row, text in enumerate(texts, 1):
        try:
            architecture = space.parse(text)
        except ValueError as error:
            unknown.append(f"row {row}: {error}")
            continue
        if text not in official:
            others.append(
                f"row {row}: {text!r}, the official text of which is {_official(space, architecture)!r}"
            )
    if unknown:
        yield Finding("error", f"{len(unknown)} texts name no architecture; {unknown[0]}")
    if others:
        yield Finding("error", f"{len(others)} architectures are not in the official form; {others[0]}")
    repeated = truth.frame["arch"].duplicated().to_numpy()
    if repeated.any():
        row = int(np.flatnonzero(repeated)[0])
        yield Finding("error", f"{int(repeated.sum())} architectures come twice; row {row + 1}: {texts[row]}")
    distinct = len(official & set(texts))
    level = "ok" if distinct == len(official) else "note"
    yield Finding(level, f"{distinct} of {len(official)} architectures of {space.title}")


def _official(space: Any, architecture: tuple[int, ...]) -> str:
    return str(space.text(space.supernet_form(architecture)))


def _ranges(truth: TruthTable) -> Iterator[Finding]:
    columns = truth.manifest["columns"]
    unnamed = [name for name in columns if not (parse(name) or name.startswith(LATENCY))]
    if unnamed:
        yield Finding(
            "note", f"{len(unnamed)} columns have no name of the form {FORM}: {', '.join(unnamed[:5])}"
        )
    bad = []
    for name in columns:
        described = parse(name)
        if described is None or described.metric == "loss":
            continue
        values = truth.frame[name].to_numpy(dtype=float)
        if np.isnan(values).all():
            bad.append(f"{name} has no values")
        elif not (np.nanmin(values) >= 0 and np.nanmax(values) <= 100):
            bad.append(f"{name} has values of {np.nanmin(values):g} to {np.nanmax(values):g}, not in percent")
        elif np.nanmax(values) <= 1:
            bad.append(f"{name} is {np.nanmax(values):g} at most: fractions, not percent?")
    yield from (Finding("error", text) for text in bad)
    if not bad and any(map(parse, columns)):
        yield Finding("ok", "accuracies are between 0 and 100 percent")
    missing = truth.frame[columns].isna().sum()
    for name in missing.index[(missing > 0) & ~missing.index.str.contains("_seed")][:5]:
        yield Finding("note", f"{name} is missing for {missing[name]} architectures")


def _means(truth: TruthTable) -> Iterator[Finding]:
    """Means over seeds against the seeds that are there."""
    checked = 0
    for name in truth.manifest["columns"]:
        seeds = seed_columns(truth.frame, name)
        if len(seeds) < 2:
            continue
        values = truth.frame[seeds].to_numpy(dtype=float)
        known = (~np.isnan(values)).sum(axis=1)
        with np.errstate(invalid="ignore"):
            means = np.nansum(values, axis=1) / known
        apart = np.abs(truth.frame[name].to_numpy(dtype=float) - means) > ROUNDING
        whole, part = (int((apart & rows).sum()) for rows in (known == len(seeds), known < len(seeds)))
        checked += not whole
        if whole:
            yield Finding("error", f"{name} is not the mean of its {len(seeds)} seeds in {whole} rows")
        if part:
            fewer = int((known < len(seeds)).sum())
            text = (
                f"{fewer} rows lack some of the {len(seeds)} seeds of {name}; in {part} the mean is of others"
            )
            yield Finding("note", text)
    if checked:
        yield Finding(
            "ok", f"{checked} columns are the mean of their seeds where they have all (to {ROUNDING} points)"
        )


def _equal_rows(truth: TruthTable) -> Iterator[Finding]:
    """Architectures that are one function and were trained apart are no mistake; copied rows may be one."""
    columns = [name for name in truth.manifest["columns"] if parse(name)]
    if not columns:
        return
    numbers = truth.frame[columns]
    repeated = numbers.duplicated(keep=False) & numbers.notna().any(axis=1)
    if not repeated.any():
        yield Finding("ok", "no two architectures have equal values throughout")
        return
    rows = truth.frame[repeated]
    space, functions = truth.space, 0
    for _, group in rows.groupby(columns, dropna=False, sort=False)["arch"]:
        try:
            functions += len({space.stand_alone_form(space.parse(text)) for text in group}) > 1
        except ValueError:  # texts that name none have been reported
            continue
    yield Finding("note", f"{len(rows)} architectures have the values of another throughout; among them are "
                          f"{functions} groups of unlike functions")  # fmt: skip


def _best(truth: TruthTable) -> Iterator[Finding]:
    """Published best values: those of another source, or of a part of the space, differ, which is no error."""
    own = truth.manifest.get("source") == table.OWN_SOURCE
    best = {} if own else truth.space.published_best
    official = [truth.space.text(a) for a in truth.space.enumerate()] if best else []
    for name, (value, index) in best.items():
        if name not in truth.frame:
            continue
        column = truth.frame[name].astype(float)
        if column.isna().all():
            continue
        row = int(np.nanargmax(column))
        text = truth.frame["arch"].iloc[row]
        same = abs(column.iloc[row] - value) < 1e-4 and text == official[index]
        text = f"best {name} is {column.iloc[row]:.4f}, index {official.index(text) if text in official else '-'}"
        if not same:
            text += f"; the published best is {value}, index {index}"
        yield Finding("ok" if same else "note", text)


def _curves(truth: TruthTable) -> Iterator[Finding]:
    """The last epoch of a curve is the column's own value."""
    names: dict[str, Any] = truth.manifest.get("curves") or {}
    if not names:
        return
    try:
        curves = table.curves(truth.path, list(names))
    except (ValueError, OSError) as error:
        yield Finding("error", str(error))
        return
    for name in [name for name in names if name in truth.frame]:
        last, values = curves[name][:, -1], truth.frame[name].to_numpy(dtype=float)
        if not np.allclose(last, values, rtol=1e-5, atol=1e-4, equal_nan=True):
            yield Finding("error", f"the last epoch of the curve of {name} is not the column's value")
            return
    yield Finding("ok", f"{len(names)} curves end at their columns' values")
