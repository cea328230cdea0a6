"""vote: several scores combined into one ranking.

Abdelfattah et al., "Zero-cost proxies for lightweight NAS" (ICLR 2021), let synflow, jacob_cov and snip vote on every
pair of architectures; such majorities need not be transitive and give no scores. Here an architecture's score is the
share of votes that it wins, over all others and all members: the Borda count, whose order is that of the mean rank.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

COSTS = ("seconds", "steps", "macs")


def vote(scores: pd.DataFrame, members: Sequence[str]) -> pd.DataFrame:
    """Rows of measure 'vote', one for each architecture of `scores` (arch, measure, score, status, and COSTS where they
    are known), in the order in which they first occur. A tie is half a win.

    Ranks depend on who else is there: on all that the run has scored. One that lacks a member's score has none and
    takes no part; its status is that of the first member without one, 'unknown' if the member has no row of it. Costs
    are the members' together. ValueError if there are no members."""
    if not members:
        raise ValueError("members: () names no measure")
    order = scores["arch"].drop_duplicates()
    rows = {member: scores[scores["measure"] == member].set_index("arch") for member in members}
    values = pd.DataFrame({member: own["score"].where(own["status"] == "ok") for member, own in rows.items()})
    values = values.reindex(index=order, columns=list(members)).astype(float)
    status = pd.Series("ok", index=order)
    for member in reversed(members):
        lacking = values[member].isna()
        status[lacking] = rows[member]["status"].reindex(order)[lacking].fillna("unknown")
    whole = values.dropna()
    found = pd.DataFrame({"arch": order.to_numpy(), "measure": "vote", "status": status.to_numpy()})
    found["score"] = pd.Series(wins(whole.to_numpy().T), index=whole.index).reindex(order).to_numpy()
    for name in (name for name in COSTS if name in scores.columns):
        found[name] = sum(own[name].reindex(order).fillna(0).to_numpy(dtype=float) for own in rows.values())
    return found


def wins(scores: np.ndarray) -> np.ndarray:
    """Of scores (members, architectures): the share of comparisons that each architecture wins, in [0, 1]; 0.5 for the
    only one."""
    others = scores.shape[1] - 1
    if others < 1:
        return np.full(others + 1, 0.5)
    ranks = pd.DataFrame(scores).rank(axis=1).to_numpy()  # ties at their mean rank
    return (ranks.mean(axis=0) - 1) / others
