"""The answer to a study's question, in two sentences a space: only what the corrected comparisons support."""

from __future__ import annotations

import pandas as pd

from analysis.collect import Collected
from analysis.correlate import BASELINES
from analysis.differences import verdict
from analysis.figures.style import TITLES
from analysis.page import number

NAMED = 2  # variants that a sentence names at the most; of more it says how many
OPENINGS = {
    "better": "better than",
    "worse": "worse, on the architectures that both have, than",
    "not told apart": "not told apart from",
    "one seed": "not to be judged, for want of seeds, against",
    "not compared": "not compared, for want of architectures in common, with",
}


def answer(found: Collected) -> list[str]:
    """One paragraph for each space; one that says so if nothing has finished."""
    primary = found.primary[found.primary["trained_as"].isna()]
    paragraphs = [
        _of_space(found, str(space), group) for space, group in primary.groupby("space", sort=False)
    ]
    unfinished = int((primary["runs"] - primary["finished"]).sum())
    if unfinished:
        paragraphs.append(
            f"{unfinished} of {int(primary['runs'].sum())} runs have no scores yet or failed; see the runs"
            " below."
        )
    return paragraphs


def _of_space(found: Collected, space: str, group: pd.DataFrame) -> str:
    title = TITLES.get(space, space)
    usable = group[group["tau_b"].notna()].sort_values("tau_b", ascending=False, kind="stable")
    if not len(usable):
        return f"{title}: no variant has a value yet."
    best = usable.iloc[0]
    seeds = int(best["finished"])
    level = f"tau-b {number(best['tau_b']).content}{_interval(best['tau_b_low'], best['tau_b_high'])}"
    over = f"mean of {seeds} seeds, std {best['tau_b_std']:.3f}" if seeds > 1 else "one seed"
    ceiling = _reference(found, space, str(best["mask"]), "seed_to_seed")
    if ceiling is not None:
        over += f"; noise ceiling {ceiling:.3f}"
    where = f"{level} over {int(best['n'])} architectures ({over})"
    if len(usable) == 1:
        first = f"{title}: “{best['variant']}” ranks with {where}."
    else:
        first = f"{title}: of {len(usable)} variants, “{best['variant']}” has the highest mean, {where}."
    rows = found.differences[found.differences["space"] == space]
    own = rows[rows["leader"] == best["variant"]]
    parts = [*_against_variants(own, rows), *_against_params(own)]
    return f"{first} It is {'; '.join(parts)}." if parts else first


def _against_variants(own: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """What the leader is beside the other variants: better than, not told apart from, of one seed."""
    others = own[~own["other"].isin(BASELINES)]
    if not len(others):
        return []
    verdicts = [verdict(row) for _, row in others.iterrows()]
    parts = []
    for kind, opening in OPENINGS.items():
        chosen = [
            row for (_, row), own_kind in zip(others.iterrows(), verdicts, strict=True) if own_kind == kind
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


def _against_params(own: pd.DataFrame) -> list[str]:
    params = own[(own["other"] == "params") & own["p_holm"].notna()]
    if not len(params):
        return []
    row = params.iloc[0]
    words = {
        "better": "better than ranking by the number of parameters",
        "worse": "worse than ranking by the number of parameters",
    }.get(verdict(row), "not told apart from ranking by the number of parameters")
    return [f"{words}{_change(row)}"]


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


def _reference(found: Collected, space: str, mask: str, name: str) -> float | None:
    rows = found.references
    chosen = (rows["space"] == space) & (rows["mask"] == mask) & (rows["reference"] == name)
    values = rows[chosen]["tau_b"].dropna().to_numpy(dtype=float)
    return float(values[0]) if len(values) else None
