"""What would settle what a study leaves open: which differences its seeds could show, and how many seeds would show
smaller ones (analysis/statistics/power.py)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.measures.baselines import BASELINES
from analysis.measures.collect import Collected
from analysis.measures.differences import verdict
from analysis.statistics.crossed import QUANTILE
from analysis.statistics.power import (
    Pooled,
    detectable,
    detectable_over_architectures,
    pooled_std,
    seeds_needed,
    std_interval,
)
from analysis.statistics.significance import ALPHA

# Of tau-b, what a study should be able to see: published sampling schemes differ by about as much.
RELEVANT = 0.03
OPEN = ("not significant", "one seed")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Of one open pair of a space, one that was compared and does not differ significantly; at the level of Holm's
    hardest step, ALPHA over the number of all comparisons of the space.

    Args:
        pair: the two variants.
        seeds: of these, the fewest and the most.
        pooled: standard deviation of tau-b over seeds, within the two; None where each has one seed.
        shown: the smallest difference that the fewest seeds, on these architectures, are likely to show; None likewise.
        floor: the smallest that these architectures are likely to show with any number of seeds.
        difference: what `needed` is for: RELEVANT, or where it is smaller than `floor` that, in steps of 0.01.
        needed: seeds of each variant that are likely to show it, and its range by the interval of the standard
            deviation; None for more than `power.MOST`.
    """

    pair: tuple[str, str]
    seeds: tuple[int, int]
    pooled: Pooled | None
    shown: float | None
    floor: float
    difference: float
    needed: int | None
    needed_range: tuple[int | None, int | None]


def plan(collected: Collected, space: str) -> Plan | None:
    """The plan of a space's first open pair, the best variant and the next best that it is not known to differ from;
    None where no pair is open."""
    compared = collected.differences[collected.differences["space"] == space]
    compared = compared[~compared["other"].isin(BASELINES)]
    compared = compared.assign(verdict=[verdict(row) for row in compared.to_dict("records")])
    compared = compared[compared["verdict"] != "not compared"]
    pairs = compared[compared["verdict"].isin(OPEN)]
    if not len(pairs):
        return None
    pair = pairs.iloc[0]
    names = str(pair["leader"]), str(pair["other"])
    variants, runs = (
        frame[(frame["space"] == space) & frame["trained_as"].isna() & frame["variant"].isin(names)]
        for frame in (collected.primary, collected.runs)
    )
    counts = [int(count) for count in variants["finished"] if count]
    runs = runs[runs["primary"].astype(bool) & runs["tau_b"].notna()]
    groups = [group["tau_b"].tolist() for _, group in runs.groupby(["mask", "variant"], sort=False)]
    pooled, alpha = pooled_std(groups), ALPHA / len(compared)
    error = float(pair["architectures_high"] - pair["architectures_low"]) / (2 * QUANTILE)
    floor = detectable_over_architectures(error, alpha)
    difference = RELEVANT if floor <= RELEVANT else float(np.ceil(100 * floor) / 100)
    shown = needed = None
    span: tuple[int | None, int | None] = (None, None)
    if pooled is not None:
        shown = max(floor, detectable(pooled.std, max(2, min(counts)), alpha))
        needed = seeds_needed(difference, pooled.std, alpha)
        low, high = (seeds_needed(difference, std, alpha) for std in std_interval(pooled))
        span = (low, high)
    return Plan(
        pair=names,
        seeds=(min(counts), max(counts)),
        pooled=pooled,
        shown=shown,
        floor=floor,
        difference=difference,
        needed=needed,
        needed_range=span,
    )
