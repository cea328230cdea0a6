"""What a ranking cost before a search may use it, in the units of the searches' ledger, as far as its run's files tell."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from analysis.statistics.pairs import Floats
from analysis.store import config, costs, history
from analysis.store.run import ONE_SHOT, Run
from analysis.store.study import Study
from studies.search.source import Source
from studies.search.units import LOOKED_UP, PASSES

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


def price_of(
    study: Study, run: Run, scores: pd.DataFrame, source: Source, by_row: Callable[[Floats], Floats]
) -> Price:
    """Of a finished run: what it rests on and was made of, and its scores.

    Passes through the training images count as epochs, whatever network or block takes them, and so many of them as a
    whole training of the table has as one training, as the Blox paper counts. Multiply-accumulates of a supernet are
    those of the table's mean network.

    Args:
        scores: rows of its scores.parquet, of one measure.
        by_row: from a value of each of these rows to one of each row of the source."""
    made = []
    for one in (*run.before, *(run.parts or (run,))):
        paid = _made(study, one, source)
        if paid is not None:
            made.append(paid)
    steps, seconds = (costs.of_frame(scores, name, run.kind) for name in ("steps", "seconds"))
    unknown = np.full(len(source.truth.frame), np.nan)
    trains = bool(np.nan_to_num(steps, nan=1.0).any())
    scoring = {"seconds": by_row(seconds), "macs": unknown}
    return Price(
        made=tuple(made),
        scoring=scoring | (dict.fromkeys(("trainings", "epochs"), unknown) if trains else {}),
    )


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
            _number(teacher) + _number(result.get("blocks")) * _number(result.get("epochs")),
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
    macs = PASSES * _mean_macs(run, source) * epochs if run.kind == ONE_SHOT else math.nan
    trainings = epochs / whole if whole else math.nan
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
