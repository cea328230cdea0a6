"""What `correlate` says of one pair of columns, in every format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from analysis.measures.baselines import WORDS
from analysis.measures.ceiling import CEILINGS
from analysis.tables.cells import Cell, Row, fixed, interval, number
from analysis.tables.table import Column, Table
from analysis.tables.writers import as_json, write

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
AT_K = ("P@K", "P@bottom-K", "BR@K", "BR@K / n", "WR@K", "WR@K / n", "nDCG@K", "regret@K")

Result = Mapping[str, Any]  # of analysis.measures.correlate


def correlation_text(result: Result, form: str) -> str:
    """The result in one of analysis.tables.FORMATS; json: the whole of it; csv: a row for the scores and one for each
    baseline, with every measure over all architectures."""
    if form == "json":
        return as_json(result)
    coefficients, others = ranking_tables(result, WORDS)
    if form == "csv":
        return write(Table([Column(key) for key in coefficients.rows[0]], coefficients.rows), form)
    sparse = result["sparse_tau"]
    note = (
        "top x %: share of the true top x % that is in the predicted one. Sparse tau-b of the scores (delta"
        f" {sparse['delta']:g}): {_plain(sparse['value'])}."
    )
    tables = [
        coefficients,
        replace(others, notes=[note]),
        _tops(result),
        at_k_table(result, lambda value: number(value, 2)),
        _ceilings(result),
    ]
    return write(
        [table for table in tables if table.rows],
        form,
        before="\n".join(_facts(result)),
        after="\n".join(_explanations(result)),
    )


def ranking_tables(result: Result, baselines: Mapping[str, str]) -> tuple[Table, Table]:
    """A row for the scores and one for each baseline, whose titles are `baselines`: the coefficients, and the other
    measures over all architectures. Each row has all of them."""
    name = Column("ranking", words=True)
    rows = [_ranking("scores", result)]
    rows += [_ranking(baselines[key], one) for key, one in (result["baselines"] or {}).items()]
    coefficients = [name]
    for key, label in LABELS.items():
        coefficients += [Column(key, label, format=fixed()), Column(f"{key}_low", "95 %", format=_interval)]
    others = [name, Column("weighted_tau", "weighted tau", format=_with_interval)]
    for percent, one in result["overlap"].items():
        title = f"top {percent} % (chance {one['chance']:.3f})"
        others.append(Column(f"overlap_{percent}", title, format=_with_interval))
    others.append(Column("topn_mean_tau", "topn_mean_tau (-1 is best)", format=fixed()))
    others.append(Column("topn_p", "p", format=_p))
    captions = "Correlation with the truth, over all architectures.", "Other measures over all architectures."
    return (
        Table(coefficients, rows, "coefficients", caption=captions[0]),
        Table(others, rows, "others", caption=captions[1]),
    )


def _facts(result: Result) -> list[str]:
    return [
        f"truth   {result['truth']}",
        f"scores  {result['scores']}",
        f"space   {result['space'] or 'not recognised (architectures joined by exact text)'}",
        f"n       {result['n']} architectures; {result['missing']} without a score"
        f" ({'left out' if result['missing_handling'] == 'drop' else 'ranked worst'}); {result['unknown']}"
        f" scored but not in the truth; {result['truth_missing']} without a finite truth (left out)",
        *([f"parts   {result['parts']['note']}"] if result["parts"] else []),
    ]


def _explanations(result: Result) -> list[str]:
    lines = []
    if not result["ceiling"]:
        column = result["truth"].rpartition(":")[2]
        lines += [f"noise ceiling: not known (the truth has no columns {column}_seed0, ...)", ""]
    if result["baselines"]:
        lines.append(f"baselines: more is better; {BASELINE_TEXT}.")
    lines += [
        "at K: in brackets the expected value of random scores; for tau-b and the sparse tau it is 0."
        " Ranks: 1 is best. Regret in the units of the truth.",
        f"intervals: {result['interval']}.",
        f"ties: {result['ties']}. seed {result['seed']}.",
    ]
    if result["top_left_out"]:
        lines.append(f"left out, larger than n: top {', '.join(map(str, result['top_left_out']))}.")
    return lines + [f"note: {note}." for note in [*result["notes"], *notes(result)]]


def _ranking(name: str, one: Mapping[str, Any]) -> dict[str, Any]:
    """A row of every measure over all architectures."""
    row: dict[str, Any] = {"ranking": name}
    weighted = dict(zip(("low", "high"), one["weighted_tau_interval"], strict=True))
    entries = {key: one[key] for key in LABELS}
    entries["weighted_tau"] = {"value": one["weighted_tau"], **weighted}
    entries |= {f"overlap_{percent}": entry for percent, entry in one["overlap"].items()}
    for key, entry in entries.items():
        row |= {key: entry["value"], f"{key}_low": entry["low"], f"{key}_high": entry["high"]}
    series = one["topn_mean_tau"]
    return row | {"topn_mean_tau": series["value"], "topn_p": series["p_value"]}


def _tops(result: Result) -> Table:
    head = ["top", "true top-N: tau_b", "mean score", "missing", "predicted top-K: tau_b"]
    rows = []
    for k in result["at_k"]:
        true, predicted = result["top"].get(k), result["predicted_top"].get(k)
        if true and predicted:
            shown = [number(true["tau_b"]), number(true["mean_score"], 2), number(true["missing"], 0)]
            rows.append([k, *shown, number(predicted["tau_b"])])
    return Table.of_cells(head, rows, name="tops", caption="Within the true and the predicted top.")


def at_k_table(result: Result, regret: Callable[[Any], Cell]) -> Table:
    """Every measure of analysis/statistics/topn.py at each K, with its level by chance in brackets. regret: what is
    shown of one, in units of the truth."""
    rows = []
    for k, entry in result["at_k"].items():
        cells = [_beside_chance(entry[name]) for name in ("precision", "precision_bottom")]
        for name in ("best_rank", "worst_rank"):
            rank = entry[name]
            cells.append(Cell(f"{rank['value']} ({number(rank['chance'], 1).content})", rank["value"]))
            normalised = {"value": rank["normalised"], "chance": rank["chance_normalised"]}
            cells.append(_beside_chance(normalised, lambda value: number(value, 4)))
        cells += [_beside_chance(entry["ndcg"]), _beside_chance(entry["regret"], regret)]
        rows.append([Cell(k, int(k)), *cells])
    return Table.of_cells(
        ["K", *AT_K], rows, name="at-k", caption="Of the predicted top K, in brackets the level by chance."
    )


def _ceilings(result: Result) -> Table:
    rows = []
    for key, entry in (result["ceiling"] or {}).items():
        values = [number(entry.get(name)) for name in ("tau_b", "spearman", "pearson")]
        rows.append([CEILINGS[key], *values, number(entry["n"], 0), entry["compared"]])
    head = ["noise ceiling", "tau_b", "rho", "r", "n", Column("compared", words=True)]
    return Table.of_cells(
        head, rows, name="ceilings", caption="How well one measurement of the truth ranks another."
    )


def _beside_chance(entry: Mapping[str, Any], shown: Callable[[Any], Cell] = number) -> Cell:
    value = shown(entry["value"])
    return Cell(f"{value.content} ({shown(entry['chance']).content})", value.value)


def _interval(row: Row, key: str) -> Cell:
    """The interval; nothing for none."""
    cell = interval(row.get(key), row.get(f"{key.removesuffix('_low')}_high"))
    return Cell("") if cell.value is None else cell


def _with_interval(row: Row, key: str) -> Cell:
    value = number(row[key])
    return Cell(f"{value.content} {_interval(row, f'{key}_low').content}".strip(), value.value)


def _p(row: Row, key: str) -> Cell:
    return Cell("") if row[key] is None else number(row[key], 4)


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def notes(result: Result) -> list[str]:
    """What could not be computed and why, each reason once."""
    reasons: dict[str, list[str]] = {}
    for key in (*LABELS, "topn_mean_tau"):
        if note := result[key].get("note"):
            reasons.setdefault(note, []).append(key)
    for kind in ("top", "predicted_top"):
        for size, entry in result[kind].items():
            if note := entry.get("note"):
                reasons.setdefault(note, []).append(f"{kind} {size}")
    return [f"{', '.join(keys)}: {note}" for note, keys in reasons.items()]
