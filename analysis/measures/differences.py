"""Which variant ranks better than which? Paired differences of tau-b, and when they may be called one.

Variants are compared on the architectures that both sides scored. Under unlike masks that is the smaller
space, so that a difference is not one between evaluation sets: leaving out easy ones alone moves tau.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Protocol

import pandas as pd

from analysis.statistics.crossed import columns as interval_columns
from analysis.statistics.crossed import interval_names
from analysis.statistics.significance import ALPHA, holm, one_sample_p, paired_p, together, welch_p
from analysis.statistics.uncertainty import paired_difference, taus
from analysis.store.study import GROUP
from analysis.store.tables import Table

NUMBERS = ("difference", *interval_names(""), "p_architectures", "p_seeds", "p_holm")
COLUMNS = ["space", "leader", "other", *NUMBERS[:-3], "n", "set", *NUMBERS[-3:]]
SHARED = "what both sets share"
ALL_PAIRS = 15  # with more variants than this, only those with the best and with the first are compared


@dataclass(frozen=True)
class Side:
    """A variant to compare, or a baseline, which is fixed. truth: of its architectures. scores: by their rows in it,
    rising, one column a seed. judged: the name of its score set."""

    name: str
    truth: Table
    scores: pd.DataFrame
    judged: str = ""
    fixed: bool = False

    def less(self, other: Side) -> dict[str, Any]:
        """`difference` of this one and another."""
        return difference(self, other)


class Compared(Protocol):
    """A ranking that can be compared with others."""

    @property
    def name(self) -> str: ...

    def less(self, other: Any, /) -> dict[str, Any]:
        """`difference` of this one and another of its kind."""


class WithBaselines(Compared, Protocol):
    """The same with the baselines of its space."""

    def less_baselines(self) -> dict[str, dict[str, Any]]:
        """`difference` of this one and each of them, by name."""


def differences(variants: pd.DataFrame, rankings: Mapping[tuple[str, ...], WithBaselines]) -> pd.DataFrame:
    """For each space the variants against each other, then each against the baselines.

    variants: as in Collected. rankings: by GROUP. Supernets that are evaluated under a mask that they were not trained
    with are left to `controls`. A row: `leader` has the higher mean tau-b of a pair of variants; difference of mean
    tau-b with its 95 % interval (low, high: over architectures and trainings; the parts: crossed.py), n, set;
    p_architectures, p_seeds (significance.py; None with one seed on a side), and p_holm: the larger of the two,
    corrected for the number of pairs of variants of the space, or of baselines' rows. Which pairs: see `pairs`.
    """
    frames = []
    primary = _with_value(variants)
    primary = primary[primary["trained_as"].isna()]
    for name, group in primary.groupby("space", sort=False):
        first = str(group["variant"].iloc[0])
        ordered = group.sort_values("tau_b", ascending=False, kind="stable")
        sides = [rankings[row] for row in ordered[GROUP].itertuples(index=False, name=None)]
        frames.append(compare_sides(str(name), sides, first))
        rows = [
            _names(str(name), side.name, baseline) | row
            for side in sides
            for baseline, row in side.less_baselines().items()
        ]
        frames.append(_corrected(rows))
    return _stacked(frames)


def controls(
    runs: pd.DataFrame, variants: pd.DataFrame, rankings: Mapping[tuple[str, ...], Compared]
) -> pd.DataFrame:
    """Each supernet that is trained with a mask against the one trained alike without it and evaluated under it.

    Both on the same architectures, so that the difference is the training's. Arguments as above; runs: as in
    Collected. A row as above: `leader` is trained with the mask, `other` only evaluated under it.
    """
    primary = _with_value(variants)
    views = primary[primary["trained_as"].notna()]
    if not len(views):
        return _stacked([])
    known = set(primary[GROUP].itertuples(index=False, name=None))
    trainings = runs[runs["primary"].astype(bool) & runs["trained_as"].isna()]
    named = dict(zip(trainings["run_id"], trainings[GROUP].itertuples(index=False, name=None), strict=True))
    rows: dict[str, list[dict[str, Any]]] = {}
    for group in views[GROUP].itertuples(index=False, name=None):
        of_view = runs[(runs[GROUP] == list(group)).all(axis=1)]
        trained = {named[run_id] for run_id in of_view["control"] if run_id in named} & known
        for control in sorted(trained):
            names = _names(control[0], control[2], group[2])
            rows.setdefault(control[0], []).append(names | rankings[control].less(rankings[group]))
    return _stacked([_corrected(of_space) for of_space in rows.values()])


def compare_sides(space: str, sides: Sequence[Compared], first: str) -> pd.DataFrame:
    """Rows as of `differences` for variants of one space, the best first. first: the name of the study's first."""
    rows = [
        _names(space, sides[a].name, sides[b].name) | sides[a].less(sides[b])
        for a, b in pairs([side.name for side in sides], first)
    ]
    return _corrected(rows)


def pairs(names: Sequence[str], first: str) -> list[tuple[int, int]]:
    """Which of the variants, the best first, are compared: all pairs of up to ALL_PAIRS, else the best and `first`
    with every other."""
    every = list(combinations(range(len(names)), 2))
    if len(names) <= ALL_PAIRS:
        return every
    chosen = {0, names.index(first)} if first in names else {0}
    return [pair for pair in every if chosen & set(pair)]


def _with_value(variants: pd.DataFrame) -> pd.DataFrame:
    return variants[variants["primary"].astype(bool) & variants["tau_b"].notna()]


def _names(space: str, leader: str, other: str) -> dict[str, Any]:
    return {"space": space, "leader": leader, "other": other}


def difference(a: Side, b: Side) -> dict[str, Any]:
    """The mean tau-b of `a` less that of `b`, on the architectures that both have: the columns of a row of
    `differences` but for the names and p_holm."""
    rows = a.scores.index.to_numpy()
    others = rows if a.truth is b.truth else b.truth.rows_of([a.truth.texts[row] for row in rows])
    at = b.scores.index.get_indexer(pd.Index(others))
    both = at >= 0
    values = a.truth.numbers[rows[both]]
    columns = [list(a.scores.to_numpy()[both].T), list(b.scores.to_numpy()[at[both]].T)]
    paired = paired_difference(values, *columns, fixed=b.fixed)
    seeds = None
    if paired.value is not None:
        leading, other = (taus(values, side) for side in columns)
        seeds = one_sample_p(leading, other[0]) if b.fixed else welch_p(leading, other)
    return {
        "difference": paired.value,
        **interval_columns("", paired),
        "n": paired.n,
        "set": a.judged if a.truth is b.truth else SHARED,
        "p_architectures": paired_p(paired),
        "p_seeds": seeds,
    }


def _corrected(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """The rows of one family of comparisons, with p_holm."""
    adjusted = holm([together(row["p_architectures"], row["p_seeds"]) for row in rows])
    full = [row | {"p_holm": p} for row, p in zip(rows, adjusted, strict=True)]
    frame = pd.DataFrame(full, columns=COLUMNS)
    return frame.astype(dict.fromkeys(NUMBERS, float))


def _stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)


def verdict(row: Mapping[Any, Any] | pd.Series) -> str:
    """'better', 'worse', 'not significant', 'one seed' or 'not compared': what `leader` is, for a row of `differences`.

    'better' and 'worse' take p_holm below 5 %: over architectures and over seeds, after correction. With one seed
    nothing can be said about the training, however many architectures there are. Not compared: both have too few
    architectures, or one is constant.
    """
    if pd.isna(row["p_architectures"]):
        return "not compared"
    if pd.isna(row["p_holm"]):
        return "one seed"
    if row["p_holm"] >= ALPHA:
        return "not significant"
    return "better" if row["difference"] > 0 else "worse"
