"""From a table of ground truth, the project's own or a user's file, to a pool and what it is worth to searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.measures.frames import each_run
from analysis.statistics.best_of import expected_best
from analysis.statistics.pairs import Floats
from analysis.store import column_names, truth_table
from analysis.store.run import read_scores
from analysis.store.study import load_study, study_folder, variant_and_measure
from analysis.store.tables import Table, rows_of_scores
from analysis.user_tables.truth_file import COSTS, TruthFile, read_truth_file
from studies.search.pool import Pool, Worth, make_pool
from supernet.spaces import Space, get_space


@dataclass(frozen=True, kw_only=True)
class Source:
    """A table as something to search.

    Args:
        truth: its rows that can be searched: within the mask, with a number in the column and every objective.
        space: under the mask.
        pool: its encodings.
        objective: the columns that searches see; run r sees the one at r modulo their number.
        worths: what the pool is worth by each of them.
    """

    truth: TruthFile
    space: Space
    pool: Pool
    objective: tuple[str, ...]
    worths: tuple[Worth, ...]

    def worth(self, run: int) -> Worth:
        """What a run sees."""
        return self.worths[run % len(self.worths)]

    @property
    def reachable(self) -> np.ndarray:
        """(n,) whether some encoding stands for a row."""
        return self.pool.weights > 0

    def exact(self, trainings: int) -> tuple[Floats, Floats]:
        """Random search in expectation after 1, 2, ... trainings: its objective, and the truth of what has it; the mean
        over the objectives of the runs."""
        weights = self.pool.weights
        found = []
        for worth in self.worths:
            rows = self.reachable
            found.append(
                expected_best(
                    worth.objective[rows],
                    trainings,
                    also=self.truth.numbers[rows],
                    weights=None if self.pool.unique else weights[rows],
                )
            )
        value, truth = np.mean(found, axis=0)
        return value, truth


def read_source(
    path: Path,
    column: str | None = None,
    *,
    objective: Sequence[str] = (),
    mask: Sequence[str] | None = None,
    unique: bool = False,
    missing_invalid: bool = False,
    limits: Mapping[str, float] | None = None,
    seconds: str | None = None,
    curves: bool = False,
    spelling: Mapping[str, str | None] | None = None,
) -> Source:
    """Read a table.

    Args:
        column: the truth, as of read_truth_file.
        objective: columns that searches see. Empty: the column's own images' validation accuracies of single seeds, as
            a search trains each network once; else their mean; else the truth itself.
        mask: under which the table is complete; None: its manifest's.
        unique: whether encodings of one network are one choice.
        missing_invalid: whether models that the table lacks are treated as invalid; else they are an error.
        limits: the most 'params' or 'macs' that a network may have; others are treated as invalid.
        seconds: a column, of whole trainings.
        curves: whether the objective after every epoch is needed.
        spelling: space, dialect and arch_column of a user's file.

    Raises:
        ValueError: for what cannot be used.
    """
    truth = read_truth_file(path, column, **dict(spelling or {}))
    manifest = truth_table.described(path)
    space = get_space(truth.space.name, manifest.get("mask", ()) if mask is None else mask)
    names = tuple(objective) or _objectives(truth)
    for name in (*names, *([seconds] if seconds else [])):
        if name not in truth.frame or truth.frame[name].dtype.kind not in "fiu":
            numeric = ", ".join(map(str, truth.frame.select_dtypes("number")))
            raise ValueError(f"column: {name!r} of {path} is not one of {numeric}")
    truth = _searchable(truth, space, names)
    pool = make_pool(space, truth.architectures, unique=unique)
    if pool.missing and not missing_invalid:
        without = f" without {', '.join(space.mask)}" if space.mask else ""
        raise ValueError(
            f"table: {path} lacks {pool.missing:,} of {len(pool.valid) + pool.missing:,} encodings of models of"
            f" {space.title}{without}; with --missing invalid they are treated as invalid, with --mask the space is"
            " smaller"
        )
    for name, limit in (limits or {}).items():
        above = truth.costs[name].to_numpy() > limit
        if above.all():
            least = truth.costs[name].min()
            raise ValueError(
                f"--limit: every network of {path} has more than {limit:g} {name}, at least {least:g}"
            )
        pool = pool.without(above)
    epochs = _epochs(manifest)
    values = _curves(truth, names) if curves else {}
    worths = [
        Worth(
            objective=truth.frame[name].to_numpy(dtype=float),
            epochs=values[name].shape[1] if values else epochs,
            macs=truth.costs["macs"].to_numpy(),
            seconds=truth.frame[seconds].to_numpy(dtype=float) if seconds else None,
            curves=values.get(name),
        )
        for name in names
    ]
    return Source(truth=truth, space=space, pool=pool, objective=names, worths=tuple(worths))


def _objectives(truth: TruthFile) -> tuple[str, ...]:
    name = column_names.parse(truth.column)
    if name is None:
        return (truth.column,)
    single = [
        column
        for column in map(str, truth.frame)
        if (one := column_names.parse(column))
        and one.seed is not None
        and one._replace(seed=None) == name._replace(part="valid", seed=None)
    ]
    return tuple(single or truth.with_other(part="valid") or [truth.column])


def _searchable(truth: TruthFile, space: Space, names: Sequence[str]) -> TruthFile:
    known = np.isfinite(truth.frame[list(names)].to_numpy(dtype=float, na_value=np.nan)).all(1)
    kept = [
        row
        for row, architecture in enumerate(truth.architectures)
        if known[row] and space.index(architecture) is not None and space.in_mask(architecture)
    ]
    if not kept:
        raise ValueError(f"table: {truth.path} has no row within the mask that has {', '.join(names)}")
    return TruthFile(
        path=truth.path,
        frame=truth.frame.iloc[kept].reset_index(drop=True),
        column=truth.column,
        space=truth.space,
        architectures=[truth.architectures[row] for row in kept],
        title=truth.title,
        size=truth.size,
    )


def _epochs(manifest: Mapping[str, Any]) -> int | None:
    """Of a whole training."""
    epochs = manifest.get("epochs")
    if isinstance(epochs, dict):
        epochs = epochs.get("full")
    if epochs is None and isinstance(manifest.get("training"), dict):
        epochs = manifest["training"].get("epochs")
    return epochs if type(epochs) is int and epochs > 0 else None


def _curves(truth: TruthFile, names: Sequence[str]) -> dict[str, Floats]:
    """(n, epochs) by column, in the order of the rows; best so far where the column is of the best epoch."""
    if not truth.path.with_suffix(".json").is_file():
        raise ValueError(
            f"--method: hyperband needs the objective after every epoch, which {truth.path} does not have; tables of"
            " `truth build --curves` and of imported benchmarks do"
        )
    table = truth_table.load(truth.path)
    row_of = {architecture: row for row, architecture in enumerate(table.architectures)}
    rows = [row_of[architecture] for architecture in truth.architectures]
    found = {}
    for name, values in truth_table.curves(truth.path, names).items():
        kept = values[rows].astype(float)
        one = column_names.parse(name)
        found[name] = np.fmax.accumulate(kept, axis=1) if one and one.which == "best" else kept
    return found


# Rankings


def scores_of(what: str, source: Source, runs: Path) -> Floats:
    """(rankings, n): a column of the table, params or macs ('-' before it: the lower the better); FILE:COLUMN; or
    STUDY:VARIANT[:MEASURE] of a study in `runs`, a ranking for each finished seed.

    Raises ValueError for none of these."""
    truth = source.truth
    name, sign = (what[1:], -1.0) if what.startswith("-") else (what, 1.0)
    if name in COSTS:
        return sign * truth.costs[name].to_numpy()[None]
    if name in truth.frame and truth.frame[name].dtype.kind in "fiu":
        return sign * truth.frame[name].to_numpy(dtype=float)[None]
    first, colon, rest = name.partition(":")
    if not colon:
        numeric = ", ".join(dict.fromkeys([*COSTS, *map(str, truth.frame.select_dtypes("number"))]))
        raise ValueError(
            f"--method: the ranking {name!r} is not one of {numeric}, nor FILE:COLUMN, nor STUDY:VARIANT[:MEASURE]"
        )
    own = Table(frame=truth.frame, column=truth.column, source=truth.source)
    if Path(first).is_file():
        other = read_truth_file(Path(first), rest, space=truth.space.name)
        tables = [Table(frame=other.frame, column=rest, source=other.source)]
    else:
        tables = list(_of_study(first, rest, source, runs))
    found = []
    for table in tables:
        rows = rows_of_scores(own, table)[0]
        found.append(np.where(rows >= 0, sign * table.numbers[rows], np.nan))
        if np.isnan(found[-1]).all():
            raise ValueError(f"--method: {table.source} has no score of an architecture of {truth.path}")
    return np.array(found)


def _of_study(name: str, rest: str, source: Source, runs: Path) -> list[Table]:
    study = load_study(study_folder(runs, name))
    finished = [run for run in each_run(study) if run.space.name == source.space.name]
    variant, measure = variant_and_measure(rest, {run.variant for run in finished})
    chosen = [run for run in finished if run.variant == variant]
    if not chosen:
        known = ", ".join(dict.fromkeys(run.variant for run in finished)) or "none"
        raise ValueError(f"--method: {variant!r} is not one of the finished variants of {name}: {known}")
    found = []
    for run in chosen:
        scores = read_scores(run)
        if measure and measure not in scores:
            raise ValueError(
                f"--method: {measure!r} is not one of the measures of {variant}: {', '.join(scores)}"
            )
        found.append(scores[measure or next(iter(scores))])
    return found
