"""What every ranking of a study says of the same architectures, and what it spent on each: the yardstick's raw data.

A ranking is a variant in the measure that it is about, over its finished seeds. Rankings of one space and mask are
put side by side on the architectures that stand for the space (the sample, where the true top-N was scored as well).

The baselines (baselines.py) are always among the rankings: nothing ranks well that ranks no better than these. Those
that a study does not have are put beside it, by the stand-alone networks' size and at no cost.

Costs are of each measure alone, where its records tell (analysis/store/costs.py); else its own share of a computation
that gave several.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.measures.score_sets import ScoreSets
from analysis.statistics.pairs import Floats
from analysis.store import costs as record_costs
from analysis.store.costs import COSTS
from analysis.store.run import Run, read_scores
from analysis.store.study import GROUP, Study, mask_text
from analysis.store.tables import Table, join
from supernet.spaces import Space

COST = "cost"  # the kind of the baselines
LABELLED = "labelled"  # the status of what a ranking was fitted on, in scores.parquet
UNKNOWN = "no record"  # the status of an architecture that the scores do not name
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One ranking of n architectures by s finished seeds.

    seeds: all that were asked for. scores: (s, n), NaN for none. status: (s, n), words, 'ok' where there is a score.
    costs: of each of COSTS an (n,), mean over seeds; NaN where it is not known. prepared: seconds and steps that were
    spent before any score, means over seeds; None where it is not known. reasons: of seeds that have no scores.
    details: for each seed a record's details by architecture's position, empty where it has none. labels: how many
    trained architectures a seed was fitted on.
    """

    space: Space
    variant: str
    kind: str
    measure: str
    seeds: int
    scores: Floats
    status: Texts
    costs: Mapping[str, Floats]
    prepared: Mapping[str, float | None]
    reasons: tuple[str, ...] = ()
    details: tuple[tuple[Mapping[str, Any], ...], ...] = ()
    labels: int = 0

    @property
    def scored(self) -> Bools:
        """bool (n,): whether every finished seed has a score; none where there is no such seed."""
        if not len(self.scores):
            return np.zeros(self.scores.shape[1], dtype=bool)
        return np.asarray(np.isfinite(self.scores).all(axis=0))

    @property
    def labelled(self) -> Bools:
        """bool (n,): whether a finished seed was told the label of it, or of the same function."""
        return np.asarray((self.status == LABELLED).any(axis=0), dtype=bool)

    @property
    def group(self) -> dict[str, str]:
        """The key of its rows in a frame."""
        words = (self.space.name, mask_text(self.space), self.variant, self.measure)
        return dict(zip(GROUP, words, strict=True)) | {"kind": self.kind}


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """All rankings of one space and mask, of n architectures with a finite truth.

    table: their rows of the truth, all columns. known: the rows of all architectures that the mask allows and that have
    a truth. sample (n,): which of them stand for the space; all, unless the true top-N was asked for too."""

    space: Space
    table: Table
    known: Table
    sample: Bools
    rankings: tuple[Scored, ...]

    @property
    def arch(self) -> tuple[str, ...]:
        """The architectures' texts."""
        return tuple(self.table.texts)

    @property
    def truth(self) -> Floats:
        """(n,), of the study's column."""
        return self.table.numbers


def side_by_side(study: Study, with_top: bool = False, only: Space | None = None) -> list[SideBySide]:
    """Read all scores of a study; one for each space and mask, in the study's order. All rankings of one are on the
    first of the study's score sets (score_sets.py) that every finished run holds; with_top: also on the true top-N of
    it, which is more than its share of the space. only: of this space and mask."""
    groups: dict[Space, dict[tuple[str, str], list[Run]]] = {}
    for run in study.runs:
        if only in (None, run.space):
            groups.setdefault(run.space, {}).setdefault((run.variant, run.measure), []).append(run)
    found = []
    for space, variants in groups.items():
        read = [[_read(study, run) for run in runs] for runs in variants.values()]
        sets = ScoreSets(study, space)
        truth, sample = _judged(sets, read, with_top)
        rankings = tuple(_ranking(runs, truth) for runs in read)
        baselines = _baselines(sets, truth)
        named = {one.measure for one in rankings if one.kind == COST}
        found.append(
            SideBySide(
                space=space,
                table=truth,
                known=sets.known,
                sample=sample,
                rankings=(*rankings, *(one for one in baselines if one.measure not in named)),
            )
        )
    return found


def told_at_most(labels: int, group: SideBySide) -> SideBySide:
    """The rankings that are told at most so many labels, which the baselines of cost always are. ValueError for fewer
    than 0."""
    if labels < 0:
        raise ValueError(f"--labels: {labels} is not a number of labels, 0 or more")
    return replace(group, rankings=tuple(one for one in group.rankings if one.labels <= labels))


def apart(study: Study, space: Space) -> list[Scored]:
    """The rankings of a space that only a figure of their own shows, on the same architectures as the others'."""
    groups: dict[tuple[str, str], list[Run]] = {}
    shown = []
    for run in study.runs:
        if run.space == space:
            shown.append(_read(study, run))
            for measure in run.apart:
                own = replace(run, measure=measure, measures=(measure,))
                groups.setdefault((run.variant, measure), []).append(own)
    truth, _ = _judged(ScoreSets(study, space), [shown])
    return [_ranking([_read(study, run) for run in runs], truth) for runs in groups.values()]


class _Read(NamedTuple):
    """A run with its result, and its scores if it has finished with some."""

    run: Run
    result: dict[str, Any]
    scores: Table | None


def _read(study: Study, run: Run) -> _Read:
    result = study.result(run)
    if result["status"] != "finished":
        return _Read(run, result, None)
    try:
        return _Read(run, result, read_scores(run)[run.measure])
    except ValueError as error:
        return _Read(run, {**result, "reason": str(error)}, None)


def _judged(sets: ScoreSets, read: Sequence[Sequence[_Read]], with_top: bool = False) -> tuple[Table, Bools]:
    """The rows of the truth that stand for the space, of those that have a truth, and with_top the true top too; bool
    (n,): which of them stand for the space."""
    tables = [one.scores for group in read for one in group if one.scores is not None]
    judged = sets.of_tables(tables) if tables else sets.first
    kept = judged.truth.known & (with_top | judged.sample)
    return judged.truth.only(kept), judged.sample[kept]


def _baselines(sets: ScoreSets, truth: Table) -> list[Scored]:
    """The baselines as rankings."""
    n = len(truth.texts)
    scores = sets.baselines.loc[truth.texts]
    return [
        Scored(
            space=sets.space,
            variant=str(name).replace("_", " "),
            kind=COST,
            measure=str(name),
            seeds=1,
            scores=scores[name].to_numpy(dtype=float)[None],
            status=np.full((1, n), "ok", dtype=object),
            costs={unit: np.zeros(n) for unit in COSTS},
            prepared={"seconds": 0.0, "steps": 0.0},
            details=(({},) * n,),
        )
        for name in scores
    ]


def _ranking(read: Sequence[_Read], truth: Table) -> Scored:
    first, n = read[0].run, len(truth.texts)
    scores: list[Floats] = []
    status, details, reasons = [], [], []
    costs: dict[str, list[Floats]] = {name: [] for name in COSTS}
    prepared: dict[str, list[float | None]] = {"seconds": [], "steps": []}
    labels = 0
    for run, result, table in read:
        if table is None:
            reasons.append(f"seed {run.seed}: {result.get('reason') or result['status']}")
            continue
        try:
            joined = join(truth, table, missing="worst")
            records = _records(table.frame, joined.score_rows)
        except ValueError as error:
            reasons.append(f"seed {run.seed}: {error}")
            continue
        scores.append(np.where(joined.scored, joined.score, np.nan))
        status.append(np.where(joined.scored, "ok", records["status"].to_numpy(dtype=object)))
        details.append(tuple(records["details"]))
        for name in COSTS:
            own = records[name].to_numpy(dtype=float)
            costs[name].append(record_costs.alone(records["details"].tolist(), own, name, run.kind))
        for name, key in (("seconds", "train_seconds"), ("steps", "updates")):
            prepared[name].append(result.get(key))
        labels = max(labels, result.get("label_count", 0))
    shape = (len(scores), n)
    return Scored(
        space=first.space,
        variant=first.variant,
        kind=first.kind,
        measure=first.measure,
        seeds=len(read),
        scores=np.array(scores).reshape(shape),
        status=np.array(status, dtype=object).reshape(shape),
        costs={name: np.mean(rows, axis=0) if rows else np.full(n, np.nan) for name, rows in costs.items()},
        prepared={name: _mean(values) for name, values in prepared.items()},
        reasons=tuple(reasons),
        details=tuple(details),
        labels=labels,
    )


def _mean(values: Sequence[float | None]) -> float | None:
    """None if one is not known: the others would be taken for all."""
    known = [float(value) for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else None


def _records(frame: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    """A run's records in the order of the truth: status, COSTS as they stand (NaN for none), details as dictionaries;
    a row of none where there is no record (`rows` is -1)."""
    found = pd.DataFrame(index=range(len(rows)))
    there = rows >= 0
    for name in ("status", "details", *COSTS):
        empty = np.nan if name in COSTS else None
        values = np.full(len(rows), empty, dtype=float if name in COSTS else object)
        if name in frame.columns:
            values[there] = frame[name].to_numpy(dtype=values.dtype)[rows[there]]
        found[name] = values
    found["status"] = found["status"].where(found["status"].notna(), UNKNOWN)
    parsed: list[Any] = record_costs.details_of(found["details"].tolist())
    found["details"] = parsed
    return found
