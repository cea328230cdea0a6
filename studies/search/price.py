"""What a ranking cost, in the units of the searches' ledger, as far as its run's files tell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.frames import each_run
from analysis.statistics.pairs import Floats
from analysis.store import config, costs, history
from analysis.store.run import ONE_SHOT, Run, read_scores
from analysis.store.study import Study, load_study, study_folder, variant_and_measure
from analysis.store.tables import Table, rows_of_scores
from analysis.user_tables.truth_file import COSTS
from studies.search.source import Source
from studies.search.units import LOOKED_UP

BLOCKWISE = "blockwise"
Costs = dict[str, float]  # by unit, NaN where it is not known


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a ranking rests on and what its scores cost.

    Args:
        made: events before the first score, (kind, costs).
        scoring: by unit the cost of each row's score alone, (n,), NaN where it is not known.
    """

    made: tuple[tuple[str, Costs], ...] = ()
    scoring: Mapping[str, Floats] = field(default_factory=dict)

    def of_scoring(self, rows: np.ndarray | None = None) -> Costs:
        """Of some rows together, None for all of which it is known."""
        found = {}
        for unit in LOOKED_UP:
            values = self.scoring.get(unit, np.zeros(1))
            values = values if rows is None or unit not in self.scoring else values[rows]
            found[unit] = math.nan if np.isnan(values).all() else float(np.nansum(values))
        return found

    def total(self, unit: str) -> float:
        """Of all; NaN if a part is not known."""
        return sum(paid[unit] for _, paid in self.made) + self.of_scoring()[unit]


FREE = Price()


def given(cost: float, unit: str) -> Price:
    """A price that the user says."""
    return Price(made=(("prepared", dict.fromkeys(LOOKED_UP, math.nan) | {unit: cost}),) if cost else ())


def prices_of(what: str, source: Source, runs: Path) -> list[Price | None]:
    """Of the rankings that `what` names (source.py), in their order: of a study's runs as their files tell; params and
    macs are free; None where the price is not known, of other columns and of files."""
    name = what.removeprefix("-")
    first, colon, rest = name.partition(":")
    if not colon:
        return [FREE if name in COSTS else None]
    if Path(first).is_file():
        return [None]
    study = load_study(study_folder(runs, first))
    variant, measure = variant_and_measure(rest, {run.variant for run in study.runs})
    found: list[Price | None] = []
    for run in runs_of(study, variant, source):
        scores = read_scores(run)
        found.append(_of_run(study, run, scores[measure or next(iter(scores))], source))
    return found


def runs_of(study: Study, variant: str, source: Source) -> list[Run]:
    """The finished runs of a variant. ValueError if there are none."""
    finished = [run for run in each_run(study) if run.space.name == source.space.name]
    chosen = [run for run in finished if run.variant == variant]
    if not chosen:
        known = ", ".join(dict.fromkeys(run.variant for run in finished)) or "none"
        raise ValueError(
            f"--method: {variant!r} is not one of the finished variants of {study.name}: {known}"
        )
    return chosen


def made_by(study: Study, run: Run, source: Source) -> tuple[tuple[str, Costs], ...]:
    """What a run rests on and was made of.

    Passes through the training images count as epochs, whatever network or block takes them, and so many of them as a
    whole training of the table has as one training, as in the Blox paper. Multiply-accumulates of a supernet are those
    of the table's mean network."""
    parts = [_made(study, one, source) for one in (*run.before, *(run.parts or (run,)))]
    return tuple(part for part in parts if part is not None)


def _of_run(study: Study, run: Run, scores: Table, source: Source) -> Price:
    """scores: of one measure."""
    truth = source.truth
    own = Table(frame=truth.frame, column=truth.column, source=truth.source)
    rows = rows_of_scores(own, scores)[0]
    absent = [run.space.in_mask(truth.architectures[row]) for row in np.flatnonzero(rows < 0)]
    if any(absent) and any(one.top for one in (study.scored, *study.scored_otherwise)):
        raise ValueError(
            f"--method: {scores.source} lacks scores of {sum(absent):,} of {len(rows):,} architectures, and has those"
            f" of the true best, which no search knows; `python -m studies run {study.name} --all` scores all"
        )
    steps, seconds = (costs.of_frame(scores.frame, name, run.kind) for name in ("steps", "seconds"))
    unknown = np.full(len(rows), np.nan)
    scoring = {"seconds": np.where(rows >= 0, seconds[rows], np.nan), "macs": unknown}
    if np.nan_to_num(steps, nan=1.0).any():  # its scores are trainings, of a length that the files do not say
        scoring |= {"trainings": unknown, "epochs": unknown}
    return Price(made=made_by(study, run, source), scoring=scoring)


def _made(study: Study, run: Run, source: Source) -> tuple[str, Costs] | None:
    """Kind and costs of what was done before a run could score; None for nothing."""
    result = study.look(run).result
    whole = source.worths[0].epochs
    seconds = result.get("train_seconds")
    if run.kind == ONE_SHOT:
        kind, epochs = "supernet", _supernet_epochs(run)
    elif run.kind == BLOCKWISE:
        teacher = config.of_run(run.folder)["estimator"]["training"]["epochs"]
        kind, epochs = (
            "distilled",
            _number(teacher)
            + _number(result.get("students", result.get("blocks"))) * _number(result.get("epochs")),
        )
    elif "labels" in result:
        labels: dict[str, Any] = result["labels"]
        kind, epochs = "labelled", _number(labels["epochs"])
        seconds = (
            None if seconds is None or labels["train_seconds"] is None else seconds + labels["train_seconds"]
        )
    elif not seconds and not result.get("updates"):
        return None
    else:
        kind, epochs = "prepared", math.nan if result.get("updates") else 0.0
    macs = costs.PASSES * _mean_macs(run, source) * epochs if run.kind == ONE_SHOT else math.nan
    trainings = epochs / whole if whole else 0.0 if epochs == 0 else math.nan
    return kind, {"trainings": trainings, "epochs": epochs, "macs": macs, "seconds": _number(seconds)}


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _supernet_epochs(run: Run) -> float:
    """Passes of all training images through a path."""
    frame = pd.DataFrame(history.read(run.folder, run.run_id))
    images = frame["images"].to_numpy(dtype=float) if "images" in frame else np.empty(0)
    if not len(images) or np.isnan(images).any():
        return math.nan
    sampling = config.of_run(run.folder)["sampling"]
    paths = run.space.fair_group_size if sampling["batches"] == "same" else 1
    return float(images.sum() / images.max() * paths)


def _mean_macs(run: Run, source: Source) -> float:
    """Of the networks of the table within the run's mask; NaN if the run's are of another size."""
    size = source.truth.size
    if size is not None and any(getattr(size, name, value) != value for name, value in run.size.items()):
        return math.nan
    inside = [run.space.in_mask(architecture) for architecture in source.truth.architectures]
    return float(source.truth.costs["macs"].to_numpy()[inside].mean()) if any(inside) else math.nan
