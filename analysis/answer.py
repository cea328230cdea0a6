"""The answer to a study's question, in sentences: only what the intervals support."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.collect import Collected
from analysis.correlate import BASELINES
from analysis.differences import verdict
from analysis.figures.style import TITLES


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
    level = f"tau-b {best['tau_b']:.3f}{_interval(best['tau_b_low'], best['tau_b_high'])}"
    over = f"mean of {seeds} seeds, std {best['tau_b_std']:.3f}" if seeds > 1 else "one seed"
    where = f"{level} over {int(best['n'])} architectures ({over})"
    if len(usable) == 1:
        sentences = [f"{title}: “{best['variant']}” ranks with {where}."]
    else:
        sentences = [
            f"{title}: of {len(usable)} variants, “{best['variant']}” has the highest mean, {where}."
        ]
    rows = found.differences[found.differences["space"] == space]
    others = rows[~rows["other"].isin(BASELINES)]
    verdicts = [verdict(row) for _, row in others.iterrows()]
    for kind, opening, reason in (
        (
            "better",
            "It ranks better than",
            "the 95 % interval over architectures and Welch's test over seeds agree",
        ),
        (
            "not told apart",
            "It is not told apart from",
            "the interval over architectures or the test over seeds allows for no difference",
        ),
        (
            "one seed",
            "Nothing can be said against",
            "the interval over architectures excludes zero, but one seed has no spread",
        ),
    ):
        chosen = [
            row
            for (_, row), found_kind in zip(others.iterrows(), verdicts, strict=True)
            if found_kind == kind
        ]
        if chosen:
            sentences.append(f"{opening} {_listed([_against(row) for row in chosen])}: {reason}.")
    params = rows[rows["other"] == "params"]
    if len(params):
        row = params.iloc[0]
        opening = {
            "better": "It ranks better than the number of parameters does",
            "worse": "It ranks worse than the number of parameters does",
        }.get(verdict(row), "It is not told apart from ranking by the number of parameters")
        sentences.append(f"{opening}{_change(row)}.")
    ceiling = _reference(found, space, str(best["mask"]), "seed_to_seed")
    if ceiling is not None:
        sentences.append(f"Noise ceiling, one seed of the truth against another: tau-b {ceiling:.3f}.")
    return " ".join(sentences)


def _against(row: pd.Series) -> str:
    return f"“{row['other']}”{_change(row)}"


def _change(row: pd.Series) -> str:
    if pd.isna(row["difference"]):
        return " (too few architectures in common)"
    return f" ({row['difference']:+.3f}{_interval(row['low'], row['high'], '+')}, n = {int(row['n'])})"


def _interval(low: float | None, high: float | None, sign: str = "") -> str:
    if low is None or high is None or pd.isna(low):
        return ""
    return f" [{low:{sign}.3f}, {high:{sign}.3f}]"


def _reference(found: Collected, space: str, mask: str, name: str) -> float | None:
    rows = found.references
    chosen = (rows["space"] == space) & (rows["mask"] == mask) & (rows["reference"] == name)
    values = rows[chosen]["tau_b"].dropna().to_numpy(dtype=float)
    return float(values[0]) if len(values) else None


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
