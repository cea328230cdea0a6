"""See studies/estimators/predictor.py.

All predictions are made when the run is prepared, in chunks of one shape: of all that the members have scored, or
without members of all of the table and, one by one, of what else is asked for. So neither order nor sharding changes a
bit.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from analysis.statistics.pairs import Floats
from analysis.store import labels as labels_file
from analysis.store import ranked
from studies.configuration import derived_seed
from studies.estimators.compute import fixed_set
from studies.estimators.compute.members import Said, costs, said
from studies.estimators.compute.predictors import labels
from studies.estimators.compute.predictors.features import graph_features, graphs
from studies.estimators.compute.predictors.inputs import Inputs
from studies.estimators.compute.predictors.models import Model, make
from studies.estimators.compute.task import Task
from studies.estimators.estimator import Record, Report
from studies.estimators.predictor import Predictor
from supernet.spaces import Architecture

LOWEST = -1e9  # below what any model predicts: targets are percentages, logarithms of these, or normal scores
CHUNK = 256  # rows of a prediction: always as many, so that a row's bits do not depend on how many there are


def prepare(settings: Predictor, task: Task, report: Report) -> dict[str, Any]:
    """Choose the labels, fit and predict. ValueError if a member has not finished or has not scored what is
    labelled."""
    fit = Fit(settings, task)

    def write() -> fixed_set.Made:
        fit.run(report)
        frame = fit.frame
        labels_file.write(fit.told, task.folder, task.run_id or "")
        spent = {"train_seconds": round(fit.fit_seconds, 3), "query_seconds": round(fit.query_seconds, 3)}
        priced = labels.costs(settings, task.space, task.size, fit.labelled)
        return frame, {**spent, "labels": priced, "fitted": int(fit.told["fitted"].sum())}

    return fixed_set.prepared(task, fit.inputs_digest, write)


def score(
    settings: Predictor, task: Task, architectures: Sequence[Architecture], report: Report
) -> Iterator[Record]:
    """Records; with members only of what these have scored."""
    rows = labels_file.read(task.folder, task.run_id)
    told = dict(zip(map(task.space.parse, rows["arch"]), map(int, rows["round"]), strict=True))
    known = {labels.form_of(task.space, architecture) for architecture in told}
    kept = ranked.read(task.folder, task.run_id)
    inside = set() if kept is None else set(kept.frame["arch"])
    outside: list[Architecture] = []

    def absent(architecture: Architecture) -> str:
        return "labelled" if labels.form_of(task.space, architecture) in known else "unknown"

    for record in fixed_set.look_up(task, "predicted", architectures, absent):
        is_new = not task.members and task.space.text(record.architecture) not in inside
        if is_new and record.status == "unknown":
            outside.append(record.architecture)
        else:
            yield record
    if outside:
        fit = Fit(settings, task, fixed=told)
        fit.run(report)
        for architecture in outside:
            began = time.perf_counter()
            (value,) = fit.predict([architecture])
            seconds = time.perf_counter() - began
            yield Record(architecture=architecture, measure="predicted", score=float(value), seconds=seconds)


@dataclass
class Fit:
    """One run's labels, inputs and model. fixed: the labelled ones of a run that has chosen them, each with its round;
    None: choose."""

    settings: Predictor
    task: Task
    fixed: dict[Architecture, int] | None = None
    labelled: list[Architecture] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)
    fit_seconds: float = 0.0
    query_seconds: float = 0.0

    @cached_property
    def said(self) -> Said | None:
        """What the members say of all that they have scored and the mask allows."""
        if not self.task.members:
            return None
        space = self.task.space
        found = said(self.task.members, space, self.settings.unscored)
        inside = [space.in_mask(space.parse(text)) for text in found.table.index]
        return Said(found.table[inside], found.status[inside])

    @cached_property
    def pool(self) -> list[Architecture]:
        """All that is ranked: what the members have scored, or the table."""
        space = self.task.space
        if self.said is not None:
            return [space.parse(text) for text in self.said.table.index]
        known = labels.functions(self.settings, space)
        return sorted(architecture for same in known.values() for architecture in same)

    @cached_property
    def columns(self) -> pd.DataFrame:
        """Of the members, by text: the share of the set that ranks no higher, ties at their mean rank; NaN for none."""
        if self.said is None:
            return pd.DataFrame()
        chosen = self.said.ranked
        if not len(chosen):
            raise ValueError("members: no architecture has a score of all of them")
        shares = rankdata(chosen.to_numpy(), axis=0) / len(chosen)
        names = [one.name for one in self.task.members]
        return pd.DataFrame(shares, index=chosen.index, columns=names).reindex(self.said.table.index)

    @cached_property
    def first(self) -> list[Architecture]:
        """What is labelled before anything is predicted."""
        drawn = labels.draw(self.settings, self.task.space, self.task.seed)[: self.settings.by_round[0]]
        if self.said is not None:
            lacking = [one for one in drawn if self.task.space.text(one) not in self.said.table.index]
            if lacking:
                raise ValueError(
                    f"members: {len(lacking)} of the {len(drawn)} labelled architectures are not scored by the members "
                    f"(the first is {self.task.space.text(lacking[0])!r}); run these first"
                )
        return drawn

    @cached_property
    def inputs_digest(self) -> str:
        """Of all that the predictions follow from."""
        space = self.task.space
        known = labels.functions(self.settings, space)
        values = labels.told(self.settings, space, [one for same in known.values() for one in same])
        told = [*map(space.text, self.first), repr(self.settings.config()), str(self.task.seed)]
        said = "" if self.said is None else self.said.digest
        return hashlib.sha256("\n".join([*told, said]).encode() + values.tobytes()).hexdigest()[:12]

    def run(self, report: Report) -> None:
        """Choose what is labelled and fit the model, round after round; a model may carry over what it has learned."""
        self.model: Model = make(self.settings.model)
        self.labelled, self.rounds = [], []
        for place, count in enumerate(self.settings.by_round):
            if self.fixed is not None:
                added = [one for one, its in self.fixed.items() if its == place + 1]
            else:
                added = self.chosen(count, place) if place else list(self.first)
            self.labelled += added
            self.rounds += [place + 1] * len(added)
            self.fit()
            report((place + 1) / self.settings.rounds, f"{len(self.labelled)} labels")

    def fit(self) -> None:
        """Fit the model to all that is labelled by now, but for those that a member has no score of."""
        usable = [one for one in self.labelled if self.usable(one)]
        if len(usable) < 2:
            raise ValueError(f"labels: {len(usable)} of {len(self.labelled)} have a score of all members")
        y = labels.told(self.settings, self.task.space, usable)
        x, began = self.inputs(usable), time.perf_counter()
        self.model.fit(x, y, derived_seed("predictor", self.task.space.name, self.task.seed))
        self.fit_seconds += time.perf_counter() - began

    def usable(self, architecture: Architecture) -> bool:
        return self.said is None or self.said.status[self.task.space.text(architecture)] == "ok"

    def chosen(self, count: int, place: int) -> list[Architecture]:
        """What an active round, the place-th after the first, adds."""
        space, known = self.task.space, labels.functions(self.settings, self.task.space)
        if self.said is not None:
            lacking = sum(
                space.text(one) not in self.said.table.index for same in known.values() for one in same
            )
            if lacking:
                raise ValueError(
                    f"rounds: the members lack {lacking} architectures of the table, of all of which rounds choose: "
                    "let the study score all of it (--all)"
                )
        taken = {labels.form_of(space, one) for one in self.labelled}
        left = [same[0] for form, same in known.items() if form not in taken and self.usable(same[0])]
        top, half = labels.split(self.predict(left), count, place, self.settings.alpha)
        rng = random.Random(derived_seed("active labels", space.name, self.task.seed, place))
        return [left[row] for row in (*top, *rng.sample(half.tolist(), count - len(top)))]

    def inputs(self, architectures: Sequence[Architecture]) -> Inputs:
        """What the model sees of architectures."""
        space, settings = self.task.space, self.settings
        own = graphs(space, architectures) if settings.model.uses_graphs else None
        if not settings.model.uses_table:
            return Inputs(None, (), own)
        names: tuple[str, ...] = ()
        parts = []
        if settings.features:
            names, values = graph_features(space, architectures, settings.features)
            parts.append(values)
        if self.said is not None:
            names = (*names, *self.columns.columns)
            parts.append(self.columns.loc[list(map(space.text, architectures))].to_numpy(dtype=float))
        return Inputs(np.hstack(parts), names, own)

    def predict(self, architectures: Sequence[Architecture]) -> Floats:
        """(n,) predictions, in chunks of one shape; LOWEST for what is known to be worst."""
        x, count = self.inputs(architectures), len(architectures)
        values = np.empty(count)
        for begin in range(0, count, CHUNK):
            rows = np.arange(begin, min(begin + CHUNK, count))
            values[rows] = self.model.predict(x[np.resize(rows, CHUNK)])[: len(rows)]
        if self.settings.disconnected == "lowest":
            values[[not self.task.space.is_valid(one) for one in architectures]] = LOWEST
        return values

    @property
    def frame(self) -> pd.DataFrame:
        """Rows of analysis.store.ranked: the predictions of all that is ranked and not labelled."""
        space, began = self.task.space, time.perf_counter()
        texts = list(map(space.text, self.pool))
        taken = {labels.form_of(space, one) for one in self.labelled}
        status = pd.Series("ok", index=texts, dtype=object) if self.said is None else self.said.status.copy()
        status[[labels.form_of(space, one) in taken for one in self.pool]] = "labelled"
        asked = [one for one, its in zip(self.pool, status, strict=True) if its == "ok"]
        values = pd.Series(self.predict(asked), index=list(map(space.text, asked)), dtype=float)
        if not np.isfinite(values.to_numpy()).all():
            raise ValueError(f"model: {self.settings.model.kind} predicts values that are not finite")
        self.query_seconds = time.perf_counter() - began
        return fixed_set.rows(
            texts,
            values.reindex(texts).to_numpy(),
            status.tolist(),
            self.query_seconds / len(texts),
            costs(self.task.members, texts),
        )

    @property
    def told(self) -> pd.DataFrame:
        """Rows of analysis.store.labels."""
        space = self.task.space
        return pd.DataFrame(
            {
                "arch": list(map(space.text, self.labelled)),
                "label": labels.told(self.settings, space, self.labelled),
                "round": self.rounds,
                "fitted": [self.usable(one) for one in self.labelled],
            }
        )
