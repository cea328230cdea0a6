"""Which variant ranks better than which? Paired differences of tau-b, and when they may be called one.

Variants are compared on the architectures that both sides scored. Under unlike masks that is the smaller
space, so that a difference is not one between evaluation sets: leaving out easy ones alone moves tau.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from analysis.correlate import BASELINES, costs_of
from analysis.significance import ALPHA, holm, paired_p, together, welch_p
from analysis.study import GROUP, Study, mask_text
from analysis.tables import Table, join
from analysis.uncertainty import paired_difference, taus
from supernet.spaces import Space

COLUMNS = [
    "space", "leader", "other", "difference", "low", "high", "n", "p_architectures", "p_seeds", "p_holm",
]  # fmt: skip
ALL_PAIRS = 15  # with more variants than this, only those with the best and with the first are compared


@dataclass(frozen=True)
class Side:
    """A variant to compare. truth: of its architectures. scores: by their text, one column a seed."""

    name: str
    truth: Table
    scores: pd.DataFrame


def differences(
    study: Study,
    variants: pd.DataFrame,
    common: Mapping[tuple[str, ...], pd.DataFrame],
    truths: Mapping[Space, Table],
    samples: Mapping[Space, np.ndarray],
) -> pd.DataFrame:
    """For each space the variants against each other, then each against params and macs.

    variants: as in Collected. common: for each GROUP the scores of the architectures that all its finished
    seeds scored, the truth's row number x seed. samples: (n,) the rows of each truth to compare.
    Supernets that are judged under a mask that they were not trained with are left to `controls`. A row: `leader` has
    the higher mean tau-b of a pair of variants; difference of mean tau-b with its 95 % interval over architectures, n;
    p_architectures, p_seeds (analysis/significance.py; None with one seed on a side, a baseline has no seeds), and
    p_holm: the larger of the two, corrected for the number of pairs of variants of the space, or of baselines' rows.
    Which pairs: see `pairs`.
    """
    by_name = {(space.name, mask_text(space)): (space, table) for space, table in truths.items()}
    frames = []
    primary = _with_value(variants)
    primary = primary[primary["trained_as"].isna()]
    for name, group in primary.groupby("space", sort=False):
        first = str(group["variant"].iloc[0])
        ordered = group.sort_values("tau_b", ascending=False, kind="stable")
        keys = [tuple(row) for row in ordered[GROUP].itertuples(index=False)]
        sides = [_side(key, by_name[key[0], key[1]][1], common) for key in keys]
        frames.append(compare_sides(str(name), sides, first))
        costs: dict[str, list[Side]] = {}
        for key in keys:
            space, truth = by_name[key[0], key[1]]
            if key[1] not in costs:
                costs[key[1]] = _baselines(study, space, truth, samples[space])
        rows = [
            _names(str(name), side.name, baseline.name) | _difference(side, baseline)
            for side, key in zip(sides, keys, strict=True)
            for baseline in costs[key[1]]
        ]
        frames.append(_corrected(rows))
    return _stacked(frames)


def controls(
    runs: pd.DataFrame,
    variants: pd.DataFrame,
    common: Mapping[tuple[str, ...], pd.DataFrame],
    truths: Mapping[Space, Table],
) -> pd.DataFrame:
    """Each supernet that is trained with a mask against the one trained alike without it and judged under it.

    Both on the same architectures, so that the difference is the training's. Arguments as above; runs: as in
    Collected. A row as above: `leader` is trained with the mask, `other` only judged under it.
    """
    by_name = {(space.name, mask_text(space)): table for space, table in truths.items()}
    primary = _with_value(variants)
    known = {tuple(row) for row in primary[GROUP].itertuples(index=False)}
    trainings = runs[runs["primary"].astype(bool) & runs["trained_as"].isna()]
    named = {row["run_id"]: tuple(row[GROUP]) for _, row in trainings.iterrows()}
    rows: dict[str, list[dict[str, Any]]] = {}
    for _, view in primary[primary["trained_as"].notna()].iterrows():
        group = tuple(view[GROUP])
        own = runs[(runs[GROUP] == view[GROUP]).all(axis=1)]
        trained = {named[run_id] for run_id in own["control"] if run_id in named} & known
        truth = by_name[group[0], group[1]]
        for control in sorted(trained):
            sides = (_side(key, truth, common) for key in (control, group))
            names = _names(control[0], control[2], group[2])
            rows.setdefault(control[0], []).append(names | _difference(*sides))
    return _stacked([_corrected(of_space) for of_space in rows.values()])


def compare_sides(space: str, sides: Sequence[Side], first: str) -> pd.DataFrame:
    """Rows as of `differences` for variants of one space, the best first. first: the name of the study's first."""
    rows = [
        _names(space, sides[a].name, sides[b].name) | _difference(sides[a], sides[b])
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


def _side(key: tuple[str, ...], truth: Table, common: Mapping[tuple[str, ...], pd.DataFrame]) -> Side:
    scores = common[key]
    return Side(key[2], truth, scores.set_axis([truth.texts[i] for i in scores.index], axis=0))


def _baselines(study: Study, space: Space, truth: Table, sample: np.ndarray) -> list[Side]:
    known = join(truth, truth)  # leaves out the rows without a finite truth
    costs = costs_of(known, study.truths[space.name].size)
    inside = sample[known.positions]
    return [
        Side(
            name,
            truth,
            pd.DataFrame({0: costs[name].to_numpy()}, index=known.frame["arch"].astype(str))[inside],
        )
        for name in BASELINES
    ]


def _difference(a: Side, b: Side) -> dict[str, Any]:
    texts = a.scores.index.intersection(b.scores.index)
    values = a.truth.numbers[[a.truth.row_of[text] for text in texts]]
    columns = [list(side.scores.to_numpy()[side.scores.index.get_indexer(texts)].T) for side in (a, b)]
    found = paired_difference(values, *columns)
    seeds = None if found.value is None else welch_p(*(taus(values, side) for side in columns))
    return {
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "n": found.n,
        "p_architectures": paired_p(found),
        "p_seeds": seeds,
    }


def _corrected(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """The rows of one family of comparisons, with p_holm."""
    adjusted = holm([together(row["p_architectures"], row["p_seeds"]) for row in rows])
    full = [row | {"p_holm": p} for row, p in zip(rows, adjusted, strict=True)]
    frame = pd.DataFrame(full, columns=COLUMNS)
    numbers = [name for name in COLUMNS[3:] if name != "n"]
    return frame.astype(dict.fromkeys(numbers, float))


def _stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)


def verdict(row: Mapping[Any, Any] | pd.Series) -> str:
    """'better', 'worse', 'not told apart', 'one seed' or 'not compared': what `leader` is, for a row of `differences`.

    'better' and 'worse' take p_holm below 5 %: over architectures and over seeds, after correction. A baseline has no
    seeds, so only architectures count; with one seed on a side nothing can be said about the training, however
    many architectures there are. Not compared: both have too few architectures, or one is constant.
    """
    if pd.isna(row["p_holm"]):
        return "not compared"
    if row["p_holm"] >= ALPHA:
        return "not told apart"
    if row["other"] not in BASELINES and pd.isna(row["p_seeds"]):
        return "one seed"
    return "better" if row["difference"] > 0 else "worse"
