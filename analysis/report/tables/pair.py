"""Results as text for a terminal: the comparison of two columns, and frames."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.measures.baselines import WORDS
from analysis.report.tables.safe_text import csv_text, markdown_table

BASELINE_TEXT = (
    "params and MACs of the stand-alone networks at the benchmark's published size; layers that the output depends on;"
    " log-rank sum: of params and layers, over all architectures of the truth"
)
LABELS = {
    "tau_b": "Kendall tau-b",
    "tau_kendall_a": "Kendall tau-a",
    "spearman": "Spearman rho",
    "pearson": "Pearson r",
}
CEILINGS = {
    "seed_to_seed": "seed against seed",
    "seed_to_mean": "seed against mean of the others",
    "true_to_mean": "noise-free against mean (estimate)",
    "valid_to_test": "validation against test",
}


def number(value: float | None, digits: int = 3) -> str:
    """A number with a fixed number of digits; '-' for None."""
    return "-" if value is None else f"{value:.{digits}f}"


def aligned(rows: Sequence[Sequence[str]], words: Sequence[int] = (0,)) -> str:
    """Rows of equal length as columns, the first row being the head; `words` are set to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i in words else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def as_json(result: dict[str, Any]) -> str:
    """JSON without NaN: allow_nan makes a slip an error."""
    return json.dumps(result, indent=2, allow_nan=False, ensure_ascii=False)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as plain dictionaries, None for what is missing; numbers with every digit."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [
        {str(key): value.item() if hasattr(value, "item") else value for key, value in row.items()}
        for row in rows
    ]


def _estimate(entry: dict[str, Any]) -> list[str]:
    interval = "" if entry["low"] is None else f"[{number(entry['low'])}, {number(entry['high'])}]"
    return [number(entry["value"]), interval]


def as_text(result: dict[str, Any]) -> str:
    """The dictionary of correlate() for a reader."""
    space = result["space"] or "not recognised (architectures joined by exact text)"
    lines = [
        f"truth   {result['truth']}",
        f"scores  {result['scores']}",
        f"space   {space}",
        f"n       {result['n']} architectures; {result['missing']} without a score"
        f" ({'left out' if result['missing_handling'] == 'drop' else 'ranked worst'}); {result['unknown']}"
        f" scored but not in the truth; {result['truth_missing']} without a finite truth (left out)",
        *([f"parts   {result['parts']['note']}"] if result["parts"] else []),
        "",
    ]
    named = {"scores": result} | {WORDS[name]: one for name, one in (result["baselines"] or {}).items()}
    rows = [["ranking", *(cell for label in LABELS.values() for cell in (label, "95 %"))]]
    rows += [[name, *(cell for key in LABELS for cell in _estimate(one[key]))] for name, one in named.items()]
    lines += [aligned(rows), ""]
    head = ["ranking", "weighted tau"]
    head += [f"top {percent} % (chance {one['chance']:.3f})" for percent, one in result["overlap"].items()]
    rows = [[*head, "topn_mean_tau (-1 is best)", "p"]]
    for name, one in named.items():
        series = one["topn_mean_tau"]
        shares = [" ".join(_estimate(entry)).strip() for entry in one["overlap"].values()]
        rows.append(
            [
                name,
                " ".join(_estimate(_weighted(one))).strip(),
                *shares,
                number(series["value"]),
                _p(series["p_value"]),
            ]
        )
    sparse = result["sparse_tau"]
    lines += [
        aligned(rows),
        "top x %: share of the true top x % that is in the predicted one. Sparse tau-b of the scores (delta"
        f" {sparse['delta']:g}): {number(sparse['value'])}.",
        "",
    ]

    rows = [["top", "true top-N: tau_b", "mean score", "missing", "predicted top-K: tau_b"]]
    for k in result["at_k"]:
        true, predicted = result["top"].get(k), result["predicted_top"].get(k)
        if true and predicted:
            shown = [number(true["tau_b"]), number(true["mean_score"], 2), str(true["missing"])]
            rows.append([k, *shown, number(predicted["tau_b"])])
    if len(rows) > 1:
        lines += [aligned(rows), ""]
    lines += [aligned(_at_k(result)), ""]

    if result["ceiling"]:
        rows = [["noise ceiling", "tau_b", "rho", "r", "n", "compared"]]
        for key, entry in result["ceiling"].items():
            values = [number(entry.get(name)) for name in ("tau_b", "spearman", "pearson")]
            rows.append([CEILINGS[key], *values, str(entry["n"]), entry["compared"]])
        lines += [aligned(rows, words=(0, 5)), ""]
    else:
        lines += [
            f"noise ceiling: not known (the truth has no columns {result['truth'].rpartition(':')[2]}_seed0,"
            " ...)",
            "",
        ]
    if result["baselines"]:
        lines.append(f"baselines: more is better; {BASELINE_TEXT}.")
    lines.append(
        "at K: in brackets the level by chance, that of scores that know nothing; of tau-b and the sparse tau it is 0."
        " Ranks: 1 is best. Regret in the units of the truth."
    )
    lines.append(f"intervals: {result['interval']}.")
    lines.append(f"ties: {result['ties']}. seed {result['seed']}.")
    if result["top_left_out"]:
        lines.append(f"left out, larger than n: top {', '.join(map(str, result['top_left_out']))}.")
    for note in [*result["notes"], *notes(result)]:
        lines.append(f"note: {note}.")
    return "\n".join(lines)


def _at_k(result: dict[str, Any]) -> list[list[str]]:
    """The measures at each K, each with what chance gives in brackets."""
    rows = [["K", "P@K", "P@bottom-K", "BR@K", "BR@K / n", "WR@K", "WR@K / n", "nDCG@K", "regret@K"]]
    for k, entry in result["at_k"].items():
        cells = [_beside_chance(entry[name]) for name in ("precision", "precision_bottom")]
        for name in ("best_rank", "worst_rank"):
            one = entry[name]
            cells.append(f"{one['value']} ({one['chance']:.1f})")
            cells.append(f"{number(one['normalised'], 4)} ({number(one['chance_normalised'], 4)})")
        cells.append(_beside_chance(entry["ndcg"]))
        cells.append(_beside_chance(entry["regret"], 2))
        rows.append([k, *cells])
    return rows


def _beside_chance(entry: dict[str, Any], digits: int = 3) -> str:
    return f"{number(entry['value'], digits)} ({number(entry['chance'], digits)})"


def _weighted(one: dict[str, Any]) -> dict[str, Any]:
    return {"value": one["weighted_tau"]} | dict(
        zip(("low", "high"), one["weighted_tau_interval"], strict=True)
    )


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def notes(result: dict[str, Any]) -> list[str]:
    """What could not be computed and why, each reason once."""
    found: dict[str, list[str]] = {}
    for key in (*LABELS, "topn_mean_tau"):
        if note := result[key].get("note"):
            found.setdefault(note, []).append(key)
    for kind in ("top", "predicted_top"):
        for size, entry in result[kind].items():
            if note := entry.get("note"):
                found.setdefault(note, []).append(f"{kind} {size}")
    return [f"{', '.join(keys)}: {note}" for note, keys in found.items()]


def frame_text(frame: pd.DataFrame, form: str) -> str:
    """A frame as 'text' (aligned), 'markdown' or 'csv' (full precision)."""
    if form == "csv":
        return csv_text(frame).rstrip("\n")
    cells = [[str(name) for name in frame.columns]]
    for row in frame.itertuples(index=False):
        cells.append([_cell(value) for value in row])
    if form == "text":
        words = [i for i, name in enumerate(frame.columns) if not pd.api.types.is_numeric_dtype(frame[name])]
        return aligned(cells, words)
    return markdown_table(cells)


def _cell(value: Any) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return "-"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) >= 10 else number(value)
    return str(value)
