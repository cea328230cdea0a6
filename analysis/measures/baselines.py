"""Baselines: rankings that need no trained network. More is better in all of them.

params, macs: cost of the stand-alone network. Layers: of the searched part, those that the output depends on (of
NAS-Bench-201 the live convolutions of a cell; of Blox the layers on the longest path, and in all). log_rank_sum: the
sum of ln(rank / n) of params and of the layers, rank 1 the least, ties at their mean rank. It depends on the set that
is ranked, which here is every architecture of the truth table, under its mask, that has a truth.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.statistics.pairs import places
from analysis.store.tables import Table
from supernet.spaces import SPACES, Architecture, Size, Space, get_space

COSTS = ("params", "macs")
LOG_RANK_SUM = "log_rank_sum"
LAYERS = "layers"
CONTROLS = (*COSTS, LAYERS)


def baseline_names(space: Space) -> tuple[str, ...]:
    """The baselines of a space, in the order in which they are shown."""
    return (*COSTS, *space.layer_names, LOG_RANK_SUM)


# Of any space: what a row is when its name is one of these.
BASELINES = tuple(dict.fromkeys(name for space in SPACES for name in baseline_names(get_space(space))))
WORDS = {"params": "params", "macs": "MACs"} | {
    name: words for space in SPACES for name, words in get_space(space).layer_names.items()
}
WORDS[LOG_RANK_SUM] = "log-rank sum of params and layers"
TITLES = {name: f"{WORDS[name]} as a ranking" for name in BASELINES}


def costs_of(space: Space, architectures: Sequence[Architecture], size: Size | None = None) -> pd.DataFrame:
    """Columns params and macs (n rows) of the architectures' stand-alone networks of `size`; None: as published."""
    costs = [space.cost(architecture, size)[:2] for architecture in architectures]
    return pd.DataFrame(costs, columns=list(COSTS))


def controls_of(
    space: Space, architectures: Sequence[Architecture], size: Size | None = None
) -> pd.DataFrame:
    """What a score may only repeat: columns params, macs and layers, the count that is ranked together with params."""
    layers = [space.layer_counts(architecture)[space.layers] for architecture in architectures]
    return costs_of(space, architectures, size).assign(**{LAYERS: layers})


def baseline_scores(truth: Table, size: Size | None = None) -> pd.DataFrame:
    """A column for each of the space's baselines, a row for each row of the truth table; log_rank_sum is NaN where the
    table has no finite truth. size: of the stand-alone networks. The table's space must be known."""
    assert truth.parsed is not None
    space, architectures = truth.parsed
    found = costs_of(space, architectures, size)
    counts = pd.DataFrame([space.layer_counts(architecture) for architecture in architectures])
    found = pd.concat([found, counts], axis=1)
    known = truth.known
    ranked = [found[name].to_numpy()[known] for name in ("params", space.layers)]
    found[LOG_RANK_SUM] = np.nan
    found.loc[known, LOG_RANK_SUM] = log_rank_sum(ranked)
    return found


def log_rank_sum(rankings: Sequence[np.ndarray]) -> np.ndarray:
    """(n,): the sum over the rankings (n,) of ln(rank / n), rank 1 the lowest score, ties at their mean rank."""
    return np.sum([np.log(places(scores).mean_ranks / len(scores)) for scores in rankings], axis=0)
