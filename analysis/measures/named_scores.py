"""Rankings and latencies of a table's architectures, by what a user calls them on a command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.measures.frames import each_run
from analysis.statistics.pairs import Floats
from analysis.store.column_names import LATENCY, is_latency
from analysis.store.run import read_scores
from analysis.store.study import load_study, study_folder, variant_and_measure
from analysis.store.tables import Table, rows_of_scores
from analysis.user_tables.truth_file import TruthFile, read_truth_file


def scores_of(what: str, truth: TruthFile, runs: Path, costs: Mapping[str, Floats], flag: str) -> Floats:
    """(rankings, n) of the n rows, NaN where there is none; '-' before it: the lower the better.

    Args:
        what: a name in `costs`; a column of the table; FILE:COLUMN; or STUDY:VARIANT[:MEASURE] of a study in `runs`, a
            ranking for each finished seed.
        costs: (n,) by name.
        flag: of the command line, for messages.

    Raises:
        ValueError: for none of these.
    """
    name, sign = (what[1:], -1.0) if what.startswith("-") else (what, 1.0)
    if name in costs:
        return sign * costs[name][None]
    if name in truth.frame and truth.frame[name].dtype.kind in "fiu":
        own = sign * truth.frame[name].to_numpy(dtype=float)[None]
        if np.isnan(own).all():
            raise ValueError(f"{flag}: {name} of {truth.path} has no score of any architecture")
        return own
    first, colon, rest = name.partition(":")
    if not colon:
        numeric = ", ".join(dict.fromkeys([*costs, *map(str, truth.frame.select_dtypes("number"))]))
        raise ValueError(
            f"{flag}: the ranking {name!r} is not one of {numeric}, nor FILE:COLUMN, nor STUDY:VARIANT[:MEASURE]"
        )
    if Path(first).is_file():
        tables = [_column_of(Path(first), rest, truth)]
    else:
        tables = list(_of_study(first, rest, truth, runs, flag))
    found = []
    for table in tables:
        found.append(sign * _aligned(truth, table))
        if np.isnan(found[-1]).all():
            raise ValueError(f"{flag}: {table.source} has no score of an architecture of {truth.path}")
    return np.array(found)


def latency_of(truth: TruthFile, what: str | None) -> tuple[str, Floats]:
    """The name of a column and its (n,) latencies of the table's rows, all known.

    Args:
        what: a column of the table, or FILE[:COLUMN], measured or predicted by `studies latency`; None, or FILE alone:
            the only column of latency there.

    Raises:
        ValueError: for none of these, and where an architecture's is not known.
    """
    flag = "--latency"
    if what is None or what in truth.frame:
        column = _only_latency(truth.frame, truth.path, flag) if what is None else what
        found, where = truth.frame[column].to_numpy(dtype=float), f"{column} of {truth.path}"
    else:
        file, _, column = what.partition(":")
        if not Path(file).is_file():
            raise ValueError(f"{flag}: {what!r} is neither a column of {truth.path} nor FILE[:COLUMN]")
        column = column or _only_latency(
            pd.read_parquet(file) if file.endswith(".parquet") else None, file, flag
        )
        table = _column_of(Path(file), column, truth)
        found, where = _aligned(truth, table), table.source
    unknown = int((~np.isfinite(found)).sum())
    if unknown:
        raise ValueError(
            f"{flag}: {where} has none for {unknown:,} of {len(found):,} architectures of {truth.path}; "
            "`studies latency-model` predicts all of a space"
        )
    if not (found > 0).all():
        raise ValueError(f"{flag}: {where} has {found.min():g}, which is no latency")
    return column, found


def _only_latency(frame: pd.DataFrame | None, path: Path | str, flag: str) -> str:
    names = [] if frame is None else [str(name) for name in frame if is_latency(str(name))]
    if len(names) == 1:
        return names[0]
    if names:
        raise ValueError(f"{flag}: {path} has several columns of latency: {', '.join(names)}; name one")
    raise ValueError(
        f"{flag}: {path} has no column {LATENCY}_...; give FILE:COLUMN, as `studies latency` writes them"
    )


def _column_of(path: Path, column: str, truth: TruthFile) -> Table:
    other = read_truth_file(path, column, space=truth.space.name)
    return Table(frame=other.frame, column=column, source=other.source)


def _aligned(truth: TruthFile, table: Table) -> Floats:
    own = Table(frame=truth.frame, column=truth.column, source=truth.source)
    rows = rows_of_scores(own, table)[0]
    return np.where(rows >= 0, table.numbers[rows], np.nan)


def _of_study(name: str, rest: str, truth: TruthFile, runs: Path, flag: str) -> Iterator[Table]:
    study = load_study(study_folder(runs, name))
    finished = [run for run in each_run(study) if run.space.name == truth.space.name]
    variant, measure = variant_and_measure(rest, {run.variant for run in finished})
    chosen = [run for run in finished if run.variant == variant]
    if not chosen:
        known = ", ".join(dict.fromkeys(run.variant for run in finished)) or "none"
        raise ValueError(f"{flag}: {variant!r} is not one of the finished variants of {name}: {known}")
    for run in chosen:
        scores = read_scores(run)
        if measure and measure not in scores:
            raise ValueError(
                f"{flag}: {measure!r} is not one of the measures of {variant}: {', '.join(scores)}"
            )
        yield scores[measure or next(iter(scores))]
