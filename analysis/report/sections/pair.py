"""The sections on the numbers of one pair of columns: what `correlate` found, on all architectures and in the top."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.measures.baselines import TITLES
from analysis.measures.ceiling import INSIDE
from analysis.report.page import DASH, MINUS, Cell, Html, element, interval, number, table
from analysis.report.tables.pair import CEILINGS, notes

COEFFICIENTS = {"tau_b": "tau-b", "spearman": "Spearman", "pearson": "Pearson"}


def answer_text(result: Mapping[str, Any]) -> list[str]:
    """What was found, in a sentence or three, with intervals."""
    tau = result["tau_b"]
    n = f"{result['n']:,} architecture{'s' * (result['n'] != 1)}"
    if tau["value"] is None:
        texts = [f"The scores rank nothing: {tau['note']}."]
    else:
        texts = [f"tau-b of scores and truth is {_with_interval(tau)} over {n}."]
    known = {name: entry["tau_b"] for name, entry in (result["baselines"] or {}).items()}
    if known:
        parts = [f"{TITLES[name]} {_with_interval(entry)}" for name, entry in known.items()]
        texts.append(f"Of the baselines, tau-b is: {', '.join(parts)}.")
    if result["parts"]:
        texts.append(f"Note: {result['parts']['note']}.")
    if result["missing"]:
        handled = "left out" if result["missing_handling"] == "drop" else "ranked below all others"
        texts.append(f"{result['missing']:,} architectures have a truth and no score; they are {handled}.")
    return texts


def _with_interval(entry: Mapping[str, Any]) -> str:
    around = interval(entry["low"], entry["high"])
    shown = str(number(entry["value"]).content)
    return shown if around.value is None else f"{shown} {around.content}"


def whole_section(result: Mapping[str, Any]) -> list[Html]:
    """Heading, a row for the scores and one for each reference, what the columns are."""
    head: list[object] = ["Ranking"]
    for label in COEFFICIENTS.values():
        head += [label, "95 %"]
    named = {"scores": result} | {TITLES[name]: one for name, one in (result["baselines"] or {}).items()}
    rows = [[name, *_coefficients(entry)] for name, entry in named.items()]
    for name, entry in (result["ceiling"] or {}).items():
        cells = [cell for key in COEFFICIENTS for cell in (number(entry.get(key)), Cell(DASH))]
        rows.append([f"ceiling: {CEILINGS[name]}", *cells])
    further = ["Ranking", "tau-a", "weighted tau", "topn_mean_tau", "p"]
    further += [f"overlap, top {percent} %" for percent in result["overlap"]]
    more = [f" {text}." for text in notes(dict(result))]
    sparse = result["sparse_tau"]
    more.insert(
        0,
        f" Sparse tau-b, of the truth rounded down to multiples of {sparse['delta']:g}:"
        f" {number(sparse['value']).content}.",
    )
    return [
        element("h2", "All architectures"),
        table(head, rows, weak=range(1, len(rows))),
        table(further, [[name, *_others(one)] for name, one in named.items()], weak=range(1, len(named))),
        element("p", f"95 %: {result['interval'].removeprefix('95 %, ')}. {WHOLE}", *more, class_="small"),
    ]


WHOLE = (
    "tau-a: that of statistics. weighted tau: pairs count the more the better they are. topn_mean_tau: Kendall's"
    f" formula between N and the mean score of the true top-N; {MINUS}1 is best; p: share of shuffled scores that do at"
    " least as well. overlap: share of the true top that is in the predicted one. Ceilings: how well one measurement of"
    " the truth ranks another; the noise-free one is an estimate (Spearman-Brown), for Pearson only."
)


def _coefficients(entry: Mapping[str, Any]) -> list[object]:
    cells: list[object] = []
    for key in COEFFICIENTS:
        cells += [number(entry[key]["value"]), interval(entry[key]["low"], entry[key]["high"])]
    return cells


def _others(entry: Mapping[str, Any]) -> list[object]:
    series = entry["topn_mean_tau"]
    cells: list[object] = [number(entry["tau_kendall_a"]["value"]), number(entry["weighted_tau"])]
    cells += [number(series["value"], 2), number(series["p_value"], 4)]
    return cells + [number(part["value"]) for part in entry["overlap"].values()]


def tops_section(result: Mapping[str, Any]) -> list[Html]:
    """Heading, a row for each size of the top, what the columns are."""
    names = list(dict.fromkeys(name for entry in result["top"].values() for name in entry["ceiling_tau_b"]))
    shown = [name for name in INSIDE if name in names]
    head = ["N", "tau-b in the true top", *(f"ceiling: {CEILINGS[name]}" for name in shown)]
    head += ["mean score", "missing", "tau-b in the predicted top", "best true place", "regret"]
    rows = []
    for size in result["regret"]:
        true, predicted = result["top"].get(size, {}), result["predicted_top"].get(size, {})
        ceilings = [number(true.get("ceiling_tau_b", {}).get(name)) for name in shown]
        rows.append(
            [
                Cell(size, int(size)),
                number(true.get("tau_b")),
                *ceilings,
                _digits(true.get("mean_score")),
                number(true.get("missing"), 0),
                number(predicted.get("tau_b")),
                number(result["best_rank"][size], 0),
                _digits(result["regret"][size]),
            ]
        )
    left_out = ", ".join(map(str, result["top_left_out"]))
    more = f" Left out, larger than the number of architectures: top {left_out}." if left_out else ""
    return [
        element("h2", "The top"),
        table(head, rows, words=0),
        element("p", TOP, more, class_="small"),
        _at_k(result),
        element("p", AT_K, class_="small"),
    ]


def _at_k(result: Mapping[str, Any]) -> Html:
    """A row for each K: every measure of analysis/statistics/topn.py beside its level by chance."""
    head: list[object] = ["K"]
    for label in ("P@K", "P@bottom-K", "BR@K", "BR@K / n", "WR@K", "WR@K / n", "nDCG@K", "regret@K"):
        head += [label, "chance"]
    rows = []
    for size, entry in result["at_k"].items():
        cells: list[object] = [Cell(size, int(size))]
        for name in ("precision", "precision_bottom"):
            cells += [number(entry[name]["value"]), number(entry[name]["chance"])]
        for name in ("best_rank", "worst_rank"):
            one = entry[name]
            cells += [number(one["value"], 0), number(one["chance"], 1)]
            cells += [number(one["normalised"], 4), number(one["chance_normalised"], 4)]
        cells += [number(entry["ndcg"]["value"]), number(entry["ndcg"]["chance"])]
        cells += [_digits(entry["regret"]["value"]), _digits(entry["regret"]["chance"])]
        rows.append(cells)
    return table(head, rows, words=0)


TOP = (
    "True top: the N architectures of the highest truth; missing: of the whole truth's own top N, those without a"
    " score. Predicted top: the N of the highest score; best true place and regret (best truth of all less the best"
    " truth there, in units of the truth) are of it. Ceiling inside the top: one side plays the truth and chooses the"
    " top, the other plays the score."
)

AT_K = (
    "Of the predicted top K. Chance: the mean over all orders of the architectures, the level of scores that know"
    " nothing (of tau-b it is 0). P: share of the true top (bottom) K. BR, WR: best and worst true rank, 1 is best."
    " nDCG: linear gains, the truth less its lowest value. Regret: in units of the truth."
)


def _digits(value: float | None) -> Cell:
    """With four significant digits: a score may be in any unit."""
    return Cell(DASH) if value is None else Cell(f"{value:.4g}".replace("-", MINUS), value)
