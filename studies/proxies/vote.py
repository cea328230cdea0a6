"""vote: several proxies as one, by ranks.

Abdelfattah et al. (ICLR 2021) let synflow, jacob_cov and snip vote on every pair of architectures; such majorities need
not be transitive and give no scores. Here an architecture's score is the share of votes that it wins, over all others
and all members: the Borda count, whose order is that of the mean rank.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.stats import rankdata

from studies.estimators.estimator import Record

MEMBERS = ("synflow", "jacob_cov", "snip")


def vote(records: Iterable[Record], members: Sequence[str] = MEMBERS) -> list[Record]:
    """A record of measure 'vote' for each architecture, in the order in which they first occur; a tie is half a win.

    Ranks depend on who else is there: this is for the records of all architectures of a study. One that lacks a
    member's score, for whatever reason, has none and takes no part; its status is 'unknown' if the member has no record
    of it, else that of the first member without a score. Costs are the members' together.

    ValueError if there are no members or one architecture has two records of a member."""
    if not members:
        raise ValueError("members: () names no measure")
    found: dict[tuple[int, ...], dict[str, Record]] = {}
    for record in records:
        own = found.setdefault(record.architecture, {})
        if record.measure in own and record.measure in members:
            raise ValueError(f"records: {record.architecture} has two of {record.measure!r}")
        own[record.measure] = record
    whole = [own for own in found.values() if all(has_score(own, member) for member in members)]
    shares = wins([[own[member].score for own in whole] for member in members])  # type: ignore[misc]
    scores = {own[members[0]].architecture: share for own, share in zip(whole, shares, strict=True)}
    return [combined(architecture, own, members, scores) for architecture, own in found.items()]


def wins(scores: Sequence[Sequence[float]]) -> list[float]:
    """Of scores (members, architectures): the share of comparisons that each architecture wins, between 0 and 1; 0.5
    for the only one."""
    if not scores[0]:
        return []
    others = len(scores[0]) - 1
    if others == 0:
        return [0.5]
    mean_rank = np.mean([rankdata(row) for row in scores], axis=0)
    return [float(share) for share in (mean_rank - 1) / others]


def has_score(own: dict[str, Record], member: str) -> bool:
    return member in own and own[member].score is not None


def combined(
    architecture: tuple[int, ...],
    own: dict[str, Record],
    members: Sequence[str],
    scores: dict[tuple[int, ...], float],
) -> Record:
    """The record of one architecture; `own`: its records by measure."""
    present = [own[member] for member in members if member in own]
    missing = [member for member in members if not has_score(own, member)]
    status = "ok" if not missing else own[missing[0]].status if missing[0] in own else "unknown"
    return Record(
        architecture=architecture,
        measure="vote",
        score=scores.get(architecture),
        status=status,
        seconds=sum(record.seconds for record in present),
        macs=sum(record.macs for record in present),
        details={"members": list(members)},
    )
