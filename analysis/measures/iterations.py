"""Searches by the iterative teacher, round by round: table 5 of the Blox paper, derived from the events alone.

Source: Chau et al., Blox (NeurIPS 2022), appendix D.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.store.search import SearchResults

ITERATED = "iterative-teacher:"  # begins the names of such methods
TUNED, SCRATCH = "fine-tuned", "from scratch"
OUTSIDE = "first"  # a teacher that is none of the networks


@dataclass(frozen=True, kw_only=True)
class Iterations:
    """One search. networks: texts by name, m1, m2, ... in the order in which they were fine-tuned first.

    rows: a row for each round (from 1) and way to train (`trained`): teacher, a name or OUTSIDE; cost, what the search
    had spent at its end, in the unit of its budget; truth, by name, NaN for what was not trained so in this round."""

    method: str
    run: int
    first: str
    networks: Mapping[str, str]
    rows: pd.DataFrame


def iterated_methods(results: SearchResults) -> list[str]:
    return [method for method in results.methods if method.startswith(ITERATED)]


def iterations(results: SearchResults, method: str, run: int) -> Iterations:
    """Raises ValueError for a search that is not there."""
    events = results.events
    own = events[(events["method"] == method) & (events["run"] == run)]
    if own.empty:
        raise ValueError(
            f"run: {run!r} of {method} is not one of 0 to {results.content['runs'] - 1} in {results.folder}"
        )
    spent = own[results.content["unit"]].cumsum()
    tuned = own.loc[own["kind"] == "fine_tuned", "arch"].astype(str)
    names = {text: f"m{number}" for number, text in enumerate(dict.fromkeys(tuned), 1)}
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    number, teacher, first = 0, OUTSIDE, str(own["arch"].iloc[0])
    for event, cost in zip(own.to_dict("records"), spent, strict=True):
        if event["kind"] == "distilled":
            number, teacher = number + 1, names.get(event["arch"], OUTSIDE)
        trained = {"fine_tuned": TUNED, "trained": SCRATCH}.get(event["kind"])
        if trained is None or number == 0:  # the first teacher's own training
            continue
        row = rows.setdefault((number, trained), {"round": number, "trained": trained, "teacher": teacher})
        row |= {"cost": cost, names[event["arch"]]: event["truth"]}
    columns = ["round", "trained", "teacher", "cost", *names.values()]
    return Iterations(
        method=method,
        run=run,
        first=first,
        networks={name: text for text, name in names.items()},
        rows=pd.DataFrame(list(rows.values()), columns=columns),
    )
