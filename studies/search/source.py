"""From a table of ground truth, the project's own or a user's file, to a pool and what it is worth to searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from analysis.measures import named_scores
from analysis.measures.named_scores import latency_of
from analysis.statistics.best_of import expected_best
from analysis.statistics.pairs import Floats
from analysis.store import column_names, truth_table
from analysis.store.column_names import LATENCY
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
        latency_from: where latencies are (named_scores.py, latency_of).
    """

    truth: TruthFile
    space: Space
    pool: Pool
    objective: tuple[str, ...]
    worths: tuple[Worth, ...]
    latency_from: str | None = None

    @cached_property
    def latency(self) -> Floats:
        """(n,). ValueError where it is not known."""
        return latency_of(self.truth, self.latency_from)[1]

    def costs(self, *names: str) -> dict[str, Floats]:
        """(n,) of each that may be limited: params, macs, latency."""
        return {
            name: self.latency if name == LATENCY else self.truth.costs[name].to_numpy() for name in names
        }

    def worth(self, run: int) -> Worth:
        """What a run sees."""
        return self.worths[run % len(self.worths)]

    @property
    def reachable(self) -> np.ndarray:
        """(n,) whether some encoding stands for a row."""
        return self.pool.weights > 0

    def seen(self, runs: int) -> list[int]:
        """How many of so many runs see each objective, without those that none sees."""
        return [len(range(first, runs, len(self.worths))) for first in range(min(runs, len(self.worths)))]

    def exact(self, trainings: int, runs: int) -> tuple[Floats, Floats]:
        """Random search in expectation after 1, 2, ... trainings: its objective, and the truth of what has it; the mean
        over the objectives that so many runs see."""
        weights = self.pool.weights
        found, seen = [], self.seen(runs)
        for worth in self.worths[: len(seen)]:
            rows = self.reachable
            found.append(
                expected_best(
                    worth.objective[rows],
                    trainings,
                    also=self.truth.numbers[rows],
                    weights=None if self.pool.unique else weights[rows],
                )
            )
        value, truth = np.average(found, axis=0, weights=seen)
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
    latency: str | None = None,
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
        limits: the most 'params', 'macs' or 'latency' that a network may have; others are treated as invalid.
        latency: where latencies are (named_scores.py, latency_of).
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
        costs = latency_of(truth, latency)[1] if name == LATENCY else truth.costs[name].to_numpy()
        above = costs > limit
        if above.all():
            least = costs.min()
            raise ValueError(
                f"--limit: every network of {path} has more than {limit:g} {name}, at least {least:g}"
            )
        pool = pool.without(above)
    if (reachable := int((pool.weights > 0).sum())) < 2:
        raise ValueError(f"table: {path} has {reachable} network to search; a search needs two")
    if seconds:
        _check_seconds(truth, seconds)
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
    return Source(
        truth=truth, space=space, pool=pool, objective=names, worths=tuple(worths), latency_from=latency
    )


def _check_seconds(truth: TruthFile, name: str) -> None:
    values = truth.frame[name].to_numpy(dtype=float, na_value=np.nan)
    wrong = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if len(wrong):
        raise ValueError(
            f"--seconds: {name} of {truth.path} is {values[wrong[0]]:g} for {truth.frame['arch'].iloc[wrong[0]]}; every"
            " network needs a number above 0"
        )


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
    """Of a whole training, or of the fine-tuning that is all a network of the table gets."""
    epochs, tuned = manifest.get("epochs"), manifest.get("fine_tuned")
    if isinstance(epochs, dict):
        epochs = epochs.get("full")
    if isinstance(tuned, dict):
        epochs = tuned.get("fine_tuning", {}).get("epochs")
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


def scores_of(what: str, source: Source, runs: Path) -> Floats:
    """(rankings, n) by what a user calls them (named_scores.py): params, macs and latency, columns, files, studies."""
    wanted = (*COSTS, *[LATENCY] * (what.removeprefix("-") == LATENCY))
    return named_scores.scores_of(what, source.truth, runs, source.costs(*wanted), "--method")
