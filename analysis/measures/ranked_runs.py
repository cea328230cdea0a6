"""The runs of one variant -> their numbers, all of the architectures that every finished seed has a usable score of.

So the mean over seeds, its interval and each seed's own value are of one set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.measures.references import flat, ranked
from analysis.measures.score_sets import Bools, ScoreSet, ScoreSets
from analysis.statistics.correlation import kendall_tau
from analysis.statistics.pairs import Floats
from analysis.statistics.topn import by_truth, tau_true_top
from analysis.store.study import Run, mask_text, read_result, read_scores
from analysis.store.tables import Joined, Table, join

Key = tuple[str, ...]  # GROUP
NOTHING_SHARED = "no architecture of the sample has a score of every seed"


class Ranked(NamedTuple):
    """One run in one measure. place: of the run. row: of Collected.runs; inside: rows of Collected.top."""

    place: int
    row: dict[str, Any]
    inside: list[dict[str, Any]]


@dataclass
class RankedRuns:
    """By GROUP the set that it is judged on, and of each finished seed the scores, and minus the losses where every
    architecture with a score has one, by row of the set's truth."""

    runs: list[Ranked] = field(default_factory=list)
    judged: dict[Key, ScoreSet] = field(default_factory=dict)
    scores: dict[Key, pd.DataFrame] = field(default_factory=dict)
    losses: dict[Key, pd.DataFrame] = field(default_factory=dict)


def ranked_runs(runs: Sequence[Run], sets: ScoreSets) -> RankedRuns:
    """The runs of one variant of one space, which differ in their seed; their places are those in `runs`."""
    found = RankedRuns()
    rows: list[dict[str, Any]] = []
    tables: dict[str, dict[int, Table]] = {}  # by measure, in the order of the first run
    for place, run in enumerate(runs):
        result = read_result(run)
        rows.append(_facts(run, result))
        if result["status"] != "finished":
            found.runs.append(Ranked(place, {**rows[-1], "measure": run.measure, "primary": True}, []))
            continue
        for measure, table in read_scores(run).items():
            tables.setdefault(measure, {})[place] = table
    for measure, by_place in tables.items():
        _measure(found, runs, rows, measure, by_place, sets)
    order = list(tables)
    found.runs.sort(
        key=lambda one: (one.place, order.index(one.row["measure"]) if one.row["measure"] in order else 0)
    )
    return found


def _facts(run: Run, result: dict[str, Any]) -> dict[str, Any]:
    names = ("updates", "epochs", "train_seconds", "score_seconds")
    return {
        "space": run.space.name,
        "mask": mask_text(run.space),
        "variant": run.variant,
        "seed": run.seed,
        "trained_as": run.trained_as,
        "control": run.control,
        "run_id": run.run_id,
        "state": result["status"],
        "reason": result.get("reason"),
        **{name: result.get(name) for name in names},
    }


def _measure(
    found: RankedRuns,
    runs: Sequence[Run],
    rows: Sequence[dict[str, Any]],
    measure: str,
    tables: dict[int, Table],
    sets: ScoreSets,
) -> None:
    """Fill in one measure of the finished runs."""
    primary = measure == runs[0].measure
    which: dict[str, Any] = {"measure": measure, "primary": primary}

    def fail(place: int, reason: str) -> None:
        row = rows[place] | which | {"state": "failed", "reason": reason}
        found.runs.append(Ranked(place, row, []))

    lacking = [place for place, table in tables.items() if sets.has_none(table)]
    for place in lacking:
        fail(place, f"{tables[place].source}: no architecture of the sample has a score")
    tables = {place: table for place, table in tables.items() if place not in lacking}
    if not tables:
        return
    judged = sets.of(list(tables.values()))
    which["set"] = judged.name
    joined: dict[int, Joined] = {}
    for place, table in tables.items():
        try:
            one = join(judged.truth, table)
        except ValueError as error:  # not one usable score: the run ended and there is nothing to compare
            fail(place, str(error))
            continue
        if judged.sample[one.positions].any():
            joined[place] = one
        else:
            fail(place, f"{table.source}: no architecture of the sample has a score")
    if not joined:
        return
    usable = np.logical_and.reduce([_where(one, len(judged.truth.texts)) for one in joined.values()])
    group = {"space": runs[0].space.name, "mask": mask_text(runs[0].space), "variant": runs[0].variant}
    key = (*group.values(), measure)
    scores, losses = {}, {}
    for place, one in joined.items():
        table, run = tables[place], runs[place]
        kept = usable[one.positions]
        own: dict[str, Any] = {"missing": one.missing}
        if "seconds" in table.frame.columns:  # of this way to score alone
            own["score_seconds"] = round(float(table.frame["seconds"].sum()), 2)
        loss = _minus_loss(table, one)
        if not judged.sample[one.positions[kept]].any():
            found.runs.append(Ranked(place, rows[place] | which | own | {"reason": NOTHING_SHARED}, []))
            continue
        numbers, inside = _numbers(judged, one, kept, loss)
        entries = [{**group, "seed": run.seed, **which, **entry} for entry in inside]
        found.runs.append(Ranked(place, rows[place] | which | numbers | own, entries))
        positions = one.positions[kept]
        scores[run.seed] = pd.Series(one.score[kept], index=positions)
        if loss is not None:
            losses[run.seed] = pd.Series(loss[kept], index=positions)
    found.judged[key] = judged
    if scores:
        found.scores[key] = pd.DataFrame(scores)
    if losses:
        found.losses[key] = pd.DataFrame(losses)


def _where(joined: Joined, count: int) -> Bools:
    """bool (count,): the rows of the truth that are joined."""
    inside = np.zeros(count, dtype=bool)
    inside[joined.positions] = True
    return inside


def _minus_loss(table: Table, joined: Joined) -> Floats | None:
    """Minus the losses (n,) of the joined rows; None unless there is one of each: not every estimator has one."""
    if "loss" not in table.frame.columns:
        return None
    values = -table.frame["loss"].to_numpy(dtype=float)[joined.score_rows]
    return values if np.isfinite(values).all() else None


def _numbers(
    judged: ScoreSet, joined: Joined, kept: Bools, loss: Floats | None
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The numbers of one run's row, and its entries by true top-N."""
    truth, scores = joined.truth[kept], joined.score[kept]
    sample = judged.sample[joined.positions[kept]]
    numbers = ranked(judged.top, truth, scores, sample)
    inside = [{"top": int(n), **entry} for n, entry in numbers["top"].items()]
    own = flat(numbers) | {"mean_score": float(scores[sample].mean())}
    if loss is not None:
        by_loss = loss[kept]
        own["tau_b_loss"] = kendall_tau(truth[sample], by_loss[sample]).value
        best = by_truth(truth)
        for entry in inside:
            entry["tau_b_loss"] = tau_true_top(truth, by_loss, entry["top"], best).value
    return own, inside
