"""Ways to search that something guides: KIND:WHAT, as the command line names them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

from studies.search.bench import Search
from studies.search.methods.genetic import Genetic
from studies.search.methods.integer_program import separate
from studies.search.methods.ranking import OneShot, Ranking, SumRanking
from studies.search.methods.registry import settings_of
from studies.search.price import given
from studies.search.rankings import Scores, scores_of
from studies.search.source import Source

KINDS = ("ranking", "ilp", "one-shot")
SETTINGS = {"one-shot": Genetic}  # of the kinds that have some


def guided(
    kind: str,
    what: str,
    source: Source,
    runs: Path,
    *,
    unit: str,
    settings: Mapping[str, str],
    limits: Mapping[str, float],
    price: float | None = None,
) -> Search:
    """The way to search that a name means.

    Args:
        kind, what: of KINDS; as of scores_of.
        runs: folder of studies.
        unit: of the budget.
        settings: of the kind, as texts.
        limits: of 'params' or 'macs'.
        price: what the ranking cost, in `unit`, as the user says; None: as its files say, if they do.

    Raises ValueError for what cannot be used, and for a price that the files of a run should say and do not.
    """
    scores = scores_of(what, source, runs)
    if price is not None:
        scores = [Scores(one.values, given(price, unit)) for one in scores]
    for one in scores:
        if one.price is not None and math.isnan(one.price.total(unit)):
            raise ValueError(
                f"--unit: what {kind}:{what} cost in {unit} is not known; --price {kind}:{what}=N says it (0: not counted)"
            )
    if kind == "ranking":
        return Ranking(rankings=scores)
    if kind == "one-shot":
        evolution = settings_of(Genetic, kind, settings)
        return OneShot(
            rankings=scores, **{one.name: getattr(evolution, one.name) for one in fields(evolution)}
        )
    return _sums(f"{kind}:{what}", scores, source, limits)


def _sums(name: str, rankings: Sequence[Scores], source: Source, limits: Mapping[str, float]) -> SumRanking:
    if source.pool.missing:
        raise ValueError(
            f"--method: {name} needs a table of every model of the space; {source.truth.path} lacks some, which an"
            " integer program would propose"
        )
    if len(limits) > 1:
        raise ValueError("--limit: an integer program takes one limit, params or macs")
    if len(rankings) > 1 or np.isnan(rankings[0].values).any():
        raise ValueError(f"--method: {name} needs one score of every architecture of the table")
    architectures, what = source.truth.architectures, name.partition(":")[2]
    limit = next(iter(limits), None)
    cost = None if limit is None else source.truth.costs[limit].to_numpy()
    return SumRanking(
        score=separate(source.space, architectures, rankings[0].values, f"--method: {what}"),
        cost=None if cost is None else separate(source.space, architectures, cost, f"--limit: {limit}"),
        limit=np.inf if limit is None else limits[limit],
        price=rankings[0].price,
    )
