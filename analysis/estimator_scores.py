"""What every ranking of a study says of the same architectures, and what it spent on each: the yardstick's raw data.

A ranking is a variant in the measure that it is about, over its finished seeds. Rankings of one space and mask are
put side by side on the architectures that stand for the space (the sample, where the true top-N was scored as well).

Parameters and MACs are always among the rankings: nothing ranks well that ranks no better than these. Where a study
does not have them, they are put beside it, by the stand-alone networks' size and at no cost.

Costs are of each measure alone, where its records tell (details `alone_seconds` and so on, or what its stages took);
else its own share of a computation that gave several.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.correlate import BASELINES, costs_of
from analysis.pairs import Floats
from analysis.study import (
    GROUP,
    ONE_SHOT,
    Run,
    Study,
    mask_text,
    read_result,
    read_scores,
    read_truth,
    sampled,
)
from analysis.tables import Table, join
from supernet.files import check, parse_object
from supernet.spaces import Space

COST = "cost"  # the kind of parameters and MACs
COSTS = ("seconds", "steps", "macs")
UNKNOWN = "no record"  # the status of an architecture that the scores do not name
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One ranking of n architectures by s finished seeds.

    seeds: all that were asked for. scores: (s, n), NaN for none. status: (s, n), words, 'ok' where there is a score.
    costs: of each of COSTS an (n,), mean over seeds; NaN where it is not known. prepared: seconds and steps that were
    spent before any score, means over seeds; None where it is not known. reasons: of seeds that have no scores.
    details: for each seed a record's details by architecture's position, empty where it has none.
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

    @property
    def scored(self) -> Bools:
        """bool (n,): whether every finished seed has a score; none where there is no such seed."""
        if not len(self.scores):
            return np.zeros(self.scores.shape[1], dtype=bool)
        return np.asarray(np.isfinite(self.scores).all(axis=0))

    @property
    def group(self) -> dict[str, str]:
        """The key of its rows in a frame."""
        words = (self.space.name, mask_text(self.space), self.variant, self.measure)
        return dict(zip(GROUP, words, strict=True)) | {"kind": self.kind}


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """All rankings of one space and mask. arch, truth: (n,), of the architectures with a finite truth."""

    space: Space
    arch: tuple[str, ...]
    truth: Floats
    rankings: tuple[Scored, ...]


def side_by_side(study: Study) -> list[SideBySide]:
    """Read all scores of a study; one for each space and mask, in the study's order."""
    tables = {name: read_truth(study.truths[name], name) for name in {run.space.name for run in study.runs}}
    groups: dict[Space, dict[tuple[str, str], list[Run]]] = {}
    for run in study.runs:
        groups.setdefault(run.space, {}).setdefault((run.variant, run.measure), []).append(run)
    found = []
    for space, variants in groups.items():
        truth = sampled(study, tables[space.name], space)
        found.append(
            SideBySide(
                space=space,
                arch=tuple(truth.texts),
                truth=truth.numbers,
                rankings=(
                    *(_ranking(runs, truth) for runs in variants.values()),
                    *_baselines(study, space, truth),
                ),
            )
        )
    return found


def apart(study: Study, space: Space) -> list[Scored]:
    """The rankings of a space that only a figure of their own shows, on the same architectures as the others'."""
    truth = sampled(study, read_truth(study.truths[space.name], space.name), space)
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in study.runs:
        for measure in run.apart if run.space == space else ():
            own = replace(run, measure=measure, measures=(measure,))
            groups.setdefault((run.variant, measure), []).append(own)
    return [_ranking(runs, truth) for runs in groups.values()]


def _baselines(study: Study, space: Space, truth: Table) -> list[Scored]:
    """Parameters and MACs as rankings, if the study has no such estimator in the space."""
    if any(run.kind == COST and run.space == space for run in study.runs):
        return []
    costs, n = costs_of(join(truth, truth), study.truths[space.name].size), len(truth.texts)
    return [
        Scored(
            space=space,
            variant=name,
            kind=COST,
            measure=name,
            seeds=1,
            scores=costs[name].to_numpy(dtype=float)[None],
            status=np.full((1, n), "ok", dtype=object),
            costs={unit: np.zeros(n) for unit in COSTS},
            prepared={"seconds": 0.0, "steps": 0.0},
            details=(({},) * n,),
        )
        for name in BASELINES
    ]


def _ranking(runs: Sequence[Run], truth: Table) -> Scored:
    first, n = runs[0], len(truth.texts)
    scores: list[Floats] = []
    status, details, reasons = [], [], []
    costs: dict[str, list[Floats]] = {name: [] for name in COSTS}
    prepared: dict[str, list[float | None]] = {"seconds": [], "steps": []}
    for run in runs:
        result = read_result(run)
        if result["status"] != "finished":
            reasons.append(f"seed {run.seed}: {result.get('reason') or result['status']}")
            continue
        try:
            table = read_scores(run)[run.measure]
            joined = join(truth, table, missing="worst")
            records = _records(table.frame, joined.score_rows)
        except ValueError as error:
            reasons.append(f"seed {run.seed}: {error}")
            continue
        scores.append(np.where(joined.scored, joined.score, np.nan))
        status.append(np.where(joined.scored, "ok", records["status"].to_numpy(dtype=object)))
        details.append(tuple(records["details"]))
        for name in COSTS:
            costs[name].append(_costs(records, name, run.kind))
        for name, key in (("seconds", "train_seconds"), ("steps", "updates")):
            prepared[name].append(result.get(key))
    shape = (len(scores), n)
    return Scored(
        space=first.space,
        variant=first.variant,
        kind=first.kind,
        measure=first.measure,
        seeds=len(runs),
        scores=np.array(scores).reshape(shape),
        status=np.array(status, dtype=object).reshape(shape),
        costs={name: np.mean(rows, axis=0) if rows else np.full(n, np.nan) for name, rows in costs.items()},
        prepared={name: _mean(values) for name, values in prepared.items()},
        reasons=tuple(reasons),
        details=tuple(details),
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
    parsed: list[Any] = [_details(text) if isinstance(text, str) else {} for text in found["details"]]
    found["details"] = parsed
    return found


def _details(text: str) -> dict[str, Any]:
    """The details of one record. ValueError unless what they say of costs are numbers."""
    found = parse_object(text)
    check(
        {k: v for k, v in found.items() if k.endswith(tuple(f"_{n}" for n in COSTS))}, dict[str, float | None]
    )
    return found


def _costs(records: pd.DataFrame, name: str, kind: str) -> Floats:
    """(n,): what each record would have cost alone."""
    if kind == ONE_SHOT and name == "steps":
        return np.zeros(len(records))  # scoring trains nothing
    return np.array(
        [_alone(details, name, own) for details, own in zip(records["details"], records[name], strict=True)]
    )


def _alone(details: Mapping[str, Any], name: str, own: float) -> float:
    if (alone := details.get(f"alone_{name}")) is not None:
        return float(alone)
    stages = [details[key] for key in details if key.startswith("stage") and key.endswith(f"_{name}")]
    return float(sum(stages)) if stages else float(own)
