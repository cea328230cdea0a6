"""Scores of a fixed set of architectures, made once and looked up: what combinations and predictors keep.

The set is what all members have scored when the run is prepared. Where a study scores more later, the run is prepared
again: if its members say more by then, its own result and scores are taken away and made for the larger set, so that
all scores of a run are of one set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.statistics.pairs import Floats
from analysis.store import ranked, scores
from analysis.store import result as result_file
from analysis.store.costs import COSTS
from studies.estimators.compute.task import Task
from studies.estimators.estimator import Record
from supernet.spaces import Architecture

Made = tuple[pd.DataFrame, dict[str, Any]]  # rows of ranked.COLUMNS, and what the result is to say


def prepared(task: Task, inputs: str, make: Callable[[], Made]) -> dict[str, Any]:
    """What the run's result is to say. inputs: a digest of all that the scores follow from. make: makes the scores,
    where those that are kept are of other inputs or there are none."""
    kept = ranked.read(task.folder, task.run_id)
    if kept is None or kept.facts["inputs"] != inputs:
        frame, result = make()
        task.check()
        for path in (task.folder / result_file.FILE, *scores.files(task.folder)):
            path.unlink(missing_ok=True)
        facts = ranked.write(frame, task.folder, task.run_id or "", inputs, result)
    else:
        facts = kept.facts
    return facts["result"] | {"ranked": {name: facts[name] for name in ("architectures", "set")}}


def rows(
    texts: Sequence[str], score: np.ndarray, status: Sequence[str], seconds: float, members: dict[str, Floats]
) -> pd.DataFrame:
    """Rows of ranked.COLUMNS, (n,). seconds: that each took beside its members, whose costs are `members`."""
    frame = pd.DataFrame({"arch": list(texts), "score": score, "status": list(status), "seconds": seconds})
    for name in COSTS:
        frame[f"alone_{name}"] = members[name] + (seconds if name == "seconds" else 0.0)
    return frame


def look_up(
    task: Task, measure: str, architectures: Sequence[Architecture], absent: Callable[[Architecture], str]
) -> Iterator[Record]:
    """Records of the measure. absent: the status of an architecture that is not in the set. ValueError if the run has
    not been prepared."""
    kept = ranked.read(task.folder, task.run_id)
    if kept is None:
        raise ValueError(f"ranked: {task.folder / ranked.FILE} is missing or damaged; run it again")
    texts = list(map(task.space.text, architectures))
    asked = kept.frame[kept.frame["arch"].isin(texts)]
    row_of = {row["arch"]: row for row in asked.to_dict("records")}
    for architecture, text in zip(architectures, texts, strict=True):
        row = row_of.get(text)
        if row is None:
            yield Record(architecture=architecture, measure=measure, score=None, status=absent(architecture))
            continue
        alone = {f"alone_{name}": row[f"alone_{name}"] for name in COSTS}
        ok = row["status"] == "ok"
        yield Record(
            architecture=architecture,
            measure=measure,
            score=float(row["score"]) if ok else None,
            status=row["status"],
            seconds=row["seconds"],
            details={name: value if np.isfinite(value) else None for name, value in alone.items()},
        )
