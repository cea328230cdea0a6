"""Is the best variant better than the others? Paired differences of tau-b, and when they may be called one.

Variants are compared on the architectures that both sides scored. Under unlike masks that is the smaller
space, so that a difference is not one between evaluation sets: leaving out easy ones alone moves tau.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.correlate import BASELINES, costs_of
from analysis.study import GROUP, Study, mask_text
from analysis.tables import Table, join
from analysis.uncertainty import paired_difference, seeds_differ, taus
from supernet.spaces import Space

COLUMNS = ["space", "leader", "other", "difference", "low", "high", "n", "seeds_differ"]


def differences(
    study: Study,
    variants: pd.DataFrame,
    common: Mapping[tuple[str, ...], pd.DataFrame],
    truths: Mapping[Space, Table],
    samples: Mapping[Space, np.ndarray],
) -> pd.DataFrame:
    """For each space the variant of the highest mean tau-b against the others, and against params and macs.

    variants: as in Collected. common: for each GROUP the scores of the architectures that all its finished
    seeds scored, the truth's row number x seed. samples: (n,) the rows of each truth to compare.
    Supernets that are judged under a mask that they were not trained with are left to `controls`. A row: difference of
    mean tau-b with its interval over architectures, n, and seeds_differ (None with one seed on a side; a baseline has
    no seeds).
    """
    by_name = {(space.name, mask_text(space)): (space, table) for space, table in truths.items()}
    rows = []
    primary = _with_value(variants)
    primary = primary[primary["trained_as"].isna()]
    for _, group in primary.groupby("space", sort=False):
        ordered = group.sort_values("tau_b", ascending=False, kind="stable")
        leader, *others = [tuple(row) for row in ordered[GROUP].itertuples(index=False)]
        space, truth = by_name[leader[0], leader[1]]
        scores = _by_text(common[leader], truth)
        for other in others:
            against = _by_text(common[other], by_name[other[0], other[1]][1])
            rows.append(_names(leader, other[2]) | _difference(truth, scores, against))
        known = join(truth, truth)
        costs = costs_of(known, study.truths[space.name].size)
        for baseline in BASELINES:
            against = pd.DataFrame({0: costs[baseline].to_numpy()}, index=known.frame["arch"].astype(str))
            against = against[samples[space][known.positions]]
            rows.append(_names(leader, baseline) | _difference(truth, scores, against))
    return pd.DataFrame(rows, columns=COLUMNS)


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
    rows = []
    for _, view in primary[primary["trained_as"].notna()].iterrows():
        group = tuple(view[GROUP])
        own = runs[(runs[GROUP] == view[GROUP]).all(axis=1)]
        trained = {named[run_id] for run_id in own["control"] if run_id in named} & known
        truth = by_name[group[0], group[1]]
        for control in sorted(trained):
            sides = (_by_text(common[key], truth) for key in (control, group))
            rows.append(_names(control, group[2]) | _difference(truth, *sides))
    return pd.DataFrame(rows, columns=COLUMNS)


def _with_value(variants: pd.DataFrame) -> pd.DataFrame:
    return variants[variants["primary"].astype(bool) & variants["tau_b"].notna()]


def _names(leader: tuple[str, ...], other: str) -> dict[str, Any]:
    return {"space": leader[0], "leader": leader[2], "other": other}


def _by_text(scores: pd.DataFrame, truth: Table) -> pd.DataFrame:
    return scores.set_axis([truth.texts[i] for i in scores.index], axis=0)


def _difference(truth: Table, a: pd.DataFrame, b: pd.DataFrame) -> dict[str, Any]:
    texts = a.index.intersection(b.index)
    values = truth.numbers[[truth.row_of[text] for text in texts]]
    sides = [list(side.to_numpy()[side.index.get_indexer(texts)].T) for side in (a, b)]
    found = paired_difference(values, *sides)
    differ = None
    if found.value is not None:
        differ = seeds_differ(*(taus(values, side) for side in sides))
    return {
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "n": found.n,
        "seeds_differ": differ,
    }


def verdict(row: Mapping[str, Any] | pd.Series) -> str:
    """'better', 'not told apart' or 'one seed', for a row of `differences`.

    'better' takes both: the interval over architectures excludes zero, and so does Welch's test over seeds. A
    baseline has no seeds, so only the interval counts; with one seed on a side nothing can be said about the
    training, however many architectures there are.
    """
    if pd.isna(row["low"]):
        return "not told apart"
    apart = row["low"] > 0
    if row["other"] in BASELINES:
        if row["high"] < 0:
            return "worse"
        return "better" if apart else "not told apart"
    if not apart:
        return "not told apart"
    if row["seeds_differ"] is None or pd.isna(row["seeds_differ"]):
        return "one seed"
    return "better" if row["seeds_differ"] else "not told apart"


def verdict_both_ways(row: Mapping[Any, Any] | pd.Series) -> str:
    """The same for rows whose `leader` need not have the higher value: 'worse' as well."""
    if pd.isna(row["high"]) or row["high"] >= 0:
        return verdict(row)
    reversed_ = verdict({**row, "low": -row["high"], "high": -row["low"]})
    return "worse" if reversed_ == "better" else reversed_
