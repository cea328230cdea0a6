"""The answer to a study's question, in two sentences a space: only what the corrected comparisons support."""

from __future__ import annotations

import pandas as pd

from analysis.figures.style import TITLES
from analysis.measures.baselines import BASELINES, WORDS
from analysis.measures.collect import Collected
from analysis.measures.differences import verdict
from analysis.tables import number

IN_WORDS = WORDS | {"params": "the number of parameters"}
NAMED = 2  # variants that a sentence names at the most; of more it says how many
OPENINGS = {
    "better": "better than",
    "worse": "worse, on the architectures in common, than",
    "not significant": "not significantly different from",
    "one seed": "not testable, as a side has one seed, against",
    "not compared": "not compared, as too few architectures are in common, with",
}


def answer(collected: Collected) -> list[str]:
    """One paragraph for each space; one that says so if nothing has finished."""
    primary = collected.primary[collected.primary["trained_as"].isna()]
    paragraphs = [
        _of_space(collected, str(space), group) for space, group in primary.groupby("space", sort=False)
    ]
    unfinished = int((primary["runs"] - primary["finished"]).sum())
    if unfinished:
        paragraphs.append(
            f"{unfinished} of {int(primary['runs'].sum())} runs have no scores yet or failed; see the runs"
            " below."
        )
    return paragraphs


def _of_space(collected: Collected, space: str, group: pd.DataFrame) -> str:
    title = TITLES.get(space, space)
    usable = group[group["tau_b"].notna()].sort_values("tau_b", ascending=False, kind="stable")
    if not len(usable):
        return f"{title}: no variant has a value yet."
    best = usable.iloc[0]
    seeds = int(best["finished"])
    level = f"tau-b {number(best['tau_b']).content}{_interval(best['tau_b_low'], best['tau_b_high'])}"
    over = "one seed: the interval is over architectures alone and lacks the variance of the training"
    if seeds > 1:
        over = f"mean of {seeds} seeds, std {best['tau_b_std']:.3f}"
    ceiling = _reference(collected, best, "seed_to_seed")
    if ceiling is not None:
        over += f"; noise ceiling {ceiling:.3f}"
    where = f"{level} over {int(best['n'])} architectures, {best['set']} ({over})"
    if len(usable) == 1:
        first = f"{title}: “{best['variant']}” ranks with {where}."
    else:
        first = f"{title}: of {len(usable)} variants, “{best['variant']}” has the highest mean, {where}."
        if usable.groupby("mask")["set"].nunique().max() > 1:
            sets = ", ".join(f"{name} ({len(rows)})" for name, rows in usable.groupby("set", sort=False))
            first = (
                f"{title}: the {len(usable)} variants are evaluated on different sets, {sets}, so that their means"
                f" are not comparable; differences are computed on the architectures in common. “{best['variant']}” has"
                f" {where}."
            )
    rows = collected.differences[collected.differences["space"] == space]
    pairs = rows[rows["leader"] == best["variant"]]
    parts = [*_against_variants(pairs, rows), *_against_baselines(pairs)]
    return f"{first} It is {'; '.join(parts)}." if parts else first


def _against_variants(pairs: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """What the leader is beside the other variants, by verdict."""
    others = pairs[~pairs["other"].isin(BASELINES)]
    if not len(others):
        return []
    verdicts = [verdict(row) for _, row in others.iterrows()]
    parts = []
    for kind, opening in OPENINGS.items():
        chosen = [
            row
            for (_, row), its_verdict in zip(others.iterrows(), verdicts, strict=True)
            if its_verdict == kind
        ]
        if len(chosen) > NAMED:
            every = len(chosen) == len(others)
            parts.append(f"{opening} {'each' if every else len(chosen)} of the {len(others)} others")
        elif chosen:
            parts.append(f"{opening} {' and '.join(_named(row) for row in chosen)}")
    comparisons = int((rows["p_holm"].notna() & ~rows["other"].isin(BASELINES)).sum())
    if comparisons > 1:
        parts[-1] += f" (95 %, corrected for {comparisons} comparisons)"
    return parts


def _against_baselines(pairs: pd.DataFrame) -> list[str]:
    """What the leader is beside params, and beside the baseline that is the hardest to beat, where that is another."""
    rows = pairs[pairs["other"].isin(BASELINES) & pairs["difference"].notna()]
    if not len(rows):
        return []
    hardest = rows.sort_values("difference", kind="stable").iloc[0]
    shown = [
        row
        for _, row in rows[rows["other"] == "params"].iterrows()
        if hardest["difference"] < row["difference"]
    ]
    return [
        f"{OPENINGS[verdict(row)]} ranking by {IN_WORDS[row['other']]}{_change(row)}"
        for row in [*shown, hardest]
    ]


def _named(row: pd.Series) -> str:
    return f"“{row['other']}”{_change(row)}"


def _change(row: pd.Series) -> str:
    if pd.isna(row["difference"]):
        return " (too few architectures in common)"
    difference = number(row["difference"], sign="+").content
    return f" ({difference}{_interval(row['low'], row['high'], '+')}, n = {int(row['n'])})"


def _interval(low: float | None, high: float | None, sign: str = "") -> str:
    if low is None or high is None or pd.isna(low):
        return ""
    return f" [{number(low, sign=sign).content}, {number(high, sign=sign).content}]"


def _reference(collected: Collected, row: pd.Series, name: str) -> float | None:
    """tau-b of a reference on the set that the row is evaluated on."""
    rows = collected.references
    chosen = (rows[["space", "mask", "set"]] == row[["space", "mask", "set"]]).all(axis=1)
    chosen &= rows["reference"] == name
    values = rows[chosen]["tau_b"].dropna().to_numpy(dtype=float)
    return float(values[0]) if len(values) else None
