"""See studies/estimators/combination.py."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.baselines import controls_of
from analysis.statistics.pairs import Floats, places
from analysis.statistics.vote import wins
from studies.estimators.combination import Combination
from studies.estimators.compute import fixed_set
from studies.estimators.compute.members import Said, costs, said
from studies.estimators.compute.task import Task
from studies.estimators.estimator import Record, Report
from supernet.spaces import Architecture


def prepare(settings: Combination, task: Task, report: Report) -> dict[str, Any]:
    """Rank the set. ValueError if a member has not finished or has no scores."""
    began = time.perf_counter()
    known = said_by(settings, task)
    inputs = hashlib.sha256(f"{known.digest} {settings.config()}".encode()).hexdigest()[:12]

    def make() -> fixed_set.Made:
        chosen = known.ranked
        if not len(chosen):
            raise ValueError("members: no architecture has a score of all of them")
        score = pd.Series(combined(settings, chosen.to_numpy(dtype=float).T), index=chosen.index)
        texts = list(known.table.index)
        seconds = (time.perf_counter() - began) / len(texts)
        frame = fixed_set.rows(
            texts,
            score.reindex(texts).to_numpy(),
            known.status.tolist(),
            seconds,
            costs(task.members, texts),
        )
        return frame, {"combined": len(chosen)}

    return fixed_set.prepared(task, inputs, make)


def score(
    settings: Combination, task: Task, architectures: Sequence[Architecture], report: Report
) -> Iterator[Record]:
    yield from fixed_set.look_up(task, settings.rule, architectures, lambda architecture: "unknown")


def said_by(settings: Combination, task: Task) -> Said:
    """What the baselines, and then the members, say."""
    space = task.space
    if task.members:
        found = said(task.members, space, settings.unscored)
        parsed = {text: space.parse(text) for text in found.table.index}
        texts = [text for text, architecture in parsed.items() if space.in_mask(architecture)]
        architectures = [parsed[text] for text in texts]
        found = Said(found.table.loc[texts], found.status.loc[texts])
    else:
        architectures = list(space.enumerate())
        texts = list(map(space.text, architectures))
        found = Said(pd.DataFrame(index=texts), pd.Series("ok", index=texts, dtype=object))
    if not settings.baselines:
        return found
    baselines = controls_of(space, architectures, task.size)[list(settings.baselines)]
    values = pd.concat([baselines.set_axis(texts).astype(float), found.table], axis=1)
    return Said(values.set_axis(range(values.shape[1]), axis=1), found.status)


def combined(settings: Combination, values: Floats) -> Floats:
    """(n,): the score of each architecture, by the values (rankings, n) of those that it is combined of."""
    if settings.rule == "vote":
        return wins(values)
    shares = np.array([places(one).mean_ranks / len(one) for one in values])
    weights = np.array(settings.weights or (1.0,) * len(values))
    if settings.rule == "log-rank":
        return np.asarray(weights @ np.log(shares))
    return np.asarray(weights @ shares / weights.sum())
