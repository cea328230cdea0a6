"""What the members of a combination or a predictor say: their scores, architecture by architecture, and their costs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.measures.blocks import at_stage
from analysis.statistics.pairs import Floats
from analysis.store import costs as record_costs
from analysis.store import scores
from analysis.store.costs import COSTS
from analysis.store.run import look
from studies.estimators.blockwise import Blockwise
from studies.estimators.compute.task import MemberRun, MemberRuns
from studies.estimators.estimator import STATUSES
from supernet.spaces import Space

# What a status says of the network itself, so that it may be ranked below all that have a score.
OF_NETWORK = ("nan", "overflow", "diverged", "disconnected", "not_reached")
WORST = -np.inf


@dataclass(frozen=True)
class Said:
    """table: an architecture's text by row, a member by column; NaN where there is no score. status: of each text 'ok',
    or that of the first member without a score, 'labelled' before all."""

    table: pd.DataFrame
    status: pd.Series

    @property
    def ranked(self) -> pd.DataFrame:
        """The values of those that every member has a score of: the set."""
        return self.table[(self.status == "ok").to_numpy()]

    @property
    def digest(self) -> str:
        """Of all of it."""
        frame = self.table.sort_index()
        told = "\n".join([*frame.index, *self.status.reindex(frame.index), *map(str, frame.columns)])
        raw = np.ascontiguousarray(frame.to_numpy(dtype=float)).tobytes()
        return hashlib.sha256(told.encode() + raw).hexdigest()[:12]


def said(members: Sequence[MemberRuns], space: Space, unscored: str = "unknown") -> Said:
    """What the members say of all that any of them was asked about.

    Args:
        members: at least one.
        space: of the architectures.
        unscored: 'worst' ranks what a member has no score of for the network's own sake (OF_NETWORK) below all others
            of that member; 'unknown' leaves it without.

    Raises:
        ValueError: a run has not finished, is damaged, or lacks the measure or the loss.
    """
    columns = [_mean_of(member, space, unscored) for member in members]
    texts = list(dict.fromkeys(text for values, _ in columns for text in values.index))
    values = pd.DataFrame({place: own.reindex(texts) for place, (own, _) in enumerate(columns)}, index=texts)
    status = pd.Series("ok", index=texts, dtype=object)
    for _, own in reversed(columns):
        there = own.reindex(texts).fillna("unknown")
        status = there.where((there != "ok") & (status != "labelled"), status)
    for _, own in columns:
        status = status.mask(own.reindex(texts) == "labelled", "labelled")
    return Said(values, status)


def _mean_of(member: MemberRuns, space: Space, unscored: str) -> tuple[pd.Series, pd.Series]:
    """Values and status by text, of the mean over the member's runs, and over equal functions where it is to be."""
    rows = [_rows(member, run) for run in member.runs]
    texts = list(dict.fromkeys(text for frame in rows for text in frame.index))
    value = sum((frame["value"].reindex(texts) for frame in rows), pd.Series(0.0, index=texts)) / len(rows)
    status = pd.Series("ok", index=texts, dtype=object)
    for frame in reversed(rows):
        own = frame["status"].reindex(texts).fillna("unknown")
        status = own.where(own != "ok", status)
    if member.equal_functions == "mean":
        forms = [space.text(space.stand_alone_form(space.parse(text))) for text in texts]
        mean = value.where(status == "ok").groupby(forms).transform("mean")
        # Where the network itself failed in one encoding, the score of a twin is that of the function.
        known = (status == "ok") | (status.isin(OF_NETWORK) & mean.notna())
        value, status = mean.where(known), status.mask(known, "ok")
    if unscored == "worst":
        worst = status.isin(OF_NETWORK)
        value, status = value.mask(worst, WORST), status.mask(worst, "ok")
    return value, status


def _rows(member: MemberRuns, run: MemberRun) -> pd.DataFrame:
    """value (minus the loss, by loss) and status of one run's scores, by text."""
    result = look(run.folder, run.run_id).result
    if result["status"] != "finished":
        why = result.get("reason")
        raise ValueError(
            f"members: {run.name} ({run.run_id}) has not finished{f': {why}' if why else ''}; run it first"
        )
    frame = of_measure(run, member.measure).set_index("arch")
    ok = frame["status"] == "ok"
    by_loss = member.by == "loss"
    if by_loss and ("loss" not in frame or frame["loss"].isna().all()):
        raise ValueError(f"members: {run.name} ({run.run_id}): {member.measure} has no loss")
    value = -frame["loss"].astype(float) if by_loss else frame["score"].astype(float)
    if not np.isfinite(value[ok]).any():
        raise ValueError(f"members: {run.name} ({run.run_id}) has no score by {member.measure}")
    known = ok & np.isfinite(value)
    status = frame["status"].where(known | ~ok, "nan")
    assert set(status) <= set(STATUSES)
    return pd.DataFrame({"value": value.where(known), "status": status})


def of_measure(run: MemberRun, measure: str) -> pd.DataFrame:
    """Rows of the run's scores by one measure. A stage alone of blockwise distillation, whose blocks the run has kept,
    costs what its sum over all stages does."""
    frame = scores.read(run.folder, run.run_id)
    whole, at, stage = measure.partition("@")
    if not (at and run.kind == Blockwise.kind):
        return frame[frame["measure"] == measure]
    rows = frame[frame["measure"] == frame["measure"].iloc[0]].copy()
    values = at_stage(run.folder, run.run_id, whole, int(stage), rows["arch"].tolist()).to_numpy()
    distilled = rows["status"].isin(("ok", "nan"))
    status = rows["status"].mask(distilled, np.where(np.isfinite(values), "ok", "nan"))
    return rows.assign(score=values, status=status, measure=measure)


def costs(members: Sequence[MemberRuns], texts: list[str]) -> dict[str, Floats]:
    """By COSTS what all the members together took for each of the texts, (n,): each run's measure once, also where it
    is a member of several members. NaN where one does not tell."""
    once: dict[tuple[str, str], tuple[MemberRun, str]] = {}

    def collect(some: Sequence[MemberRuns]) -> None:
        for member in some:
            for run in member.runs:
                once[run.run_id, member.measure] = run, member.measure
                collect(run.members)

    collect(members)
    total = {name: np.zeros(len(texts)) for name in COSTS}
    for run, measure in once.values():
        frame = of_measure(run, measure)
        if run.members:  # what it took beside its own members
            frame = frame.drop(columns="details", errors="ignore")
        for name in COSTS:
            own = pd.Series(record_costs.of_frame(frame, name, run.kind), index=frame["arch"])
            total[name] += own.reindex(texts).to_numpy(dtype=float)
    return total
