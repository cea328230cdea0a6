"""Scores that guide a search, and what they cost: a column of the table, one of another file, or a study's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from analysis.measures.frames import each_run
from analysis.statistics.pairs import Floats
from analysis.store.run import Run, read_scores
from analysis.store.study import Study, load_study, study_folder
from analysis.store.tables import Table, rows_of_scores
from analysis.user_tables.truth_file import COSTS, read_truth_file
from studies.search.price import FREE, Price, price_of
from studies.search.source import Source


class Scores:
    """One ranking: (n,) scores of the table's rows, NaN for none, and its price, None where that is not known."""

    def __init__(self, values: Floats, price: Price | None) -> None:
        self.values, self.price = values, price


def scores_of(what: str, source: Source, runs: Path) -> list[Scores]:
    """A column of the table, params or macs ('-' before it: the lower the better); FILE:COLUMN; or
    STUDY:VARIANT[:MEASURE] of a study in `runs`, a ranking for each finished seed.

    params and macs cost nothing; of a study's runs their files tell; of other columns the price is not known.

    Raises ValueError for none of these."""
    truth = source.truth
    name, sign = (what[1:], -1.0) if what.startswith("-") else (what, 1.0)
    if name in COSTS:
        return [Scores(sign * truth.costs[name].to_numpy(), FREE)]
    if name in truth.frame and truth.frame[name].dtype.kind in "fiu":
        return [Scores(sign * truth.frame[name].to_numpy(dtype=float), None)]
    first, colon, rest = name.partition(":")
    if not colon:
        numeric = ", ".join(dict.fromkeys([*COSTS, *map(str, truth.frame.select_dtypes("number"))]))
        raise ValueError(
            f"--method: the ranking {name!r} is not one of {numeric}, nor FILE:COLUMN, nor STUDY:VARIANT[:MEASURE]"
        )
    if Path(first).is_file():
        other = read_truth_file(Path(first), rest, space=truth.space.name)
        table = Table(frame=other.frame, column=rest, source=other.source)
        return [Scores(sign * _by_row(source, table, table.numbers), None)]
    variant, _, measure = rest.partition(":")
    found = []
    for study, run, table in _of_study(first, variant, measure, source, runs):
        scores = sign * _by_row(source, table, table.numbers)
        found.append(
            Scores(
                scores,
                price_of(study, run, table.frame, source, lambda cost, t=table: _by_row(source, t, cost)),
            )
        )
    return found


def runs_of(name: str, variant: str, space: str, runs: Path) -> tuple[Study, list[Run]]:
    """The finished runs of a study's variant. ValueError if there are none."""
    study = load_study(study_folder(runs, name))
    finished = [run for run in each_run(study) if run.space.name == space]
    chosen = [run for run in finished if run.variant == variant]
    if not chosen:
        known = ", ".join(dict.fromkeys(run.variant for run in finished)) or "none"
        raise ValueError(f"--method: {variant!r} is not one of the finished variants of {name}: {known}")
    return study, chosen


def _by_row(source: Source, table: Table, values: Floats) -> Floats:
    """(n,): what the table says of each row of the source, NaN where it says nothing. ValueError if it says nothing of
    any."""
    truth = source.truth
    own = Table(frame=truth.frame, column=truth.column, source=truth.source)
    rows = rows_of_scores(own, table)[0]
    found = np.where(rows >= 0, values[rows], np.nan)
    if np.isnan(found).all() and not np.isnan(values).all():
        raise ValueError(f"--method: {table.source} has no score of an architecture of {truth.path}")
    return found


def _of_study(
    name: str, variant: str, measure: str, source: Source, runs: Path
) -> Iterator[tuple[Study, Run, Table]]:
    study, chosen = runs_of(name, variant, source.space.name, runs)
    for run in chosen:
        scores = read_scores(run)
        if measure and measure not in scores:
            raise ValueError(
                f"--method: {measure!r} is not one of the measures of {variant}: {', '.join(scores)}"
            )
        yield study, run, scores[measure or next(iter(scores))]
