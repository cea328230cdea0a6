"""The section on the top: how well each variant ranks inside the true top-N, and finds it."""

from __future__ import annotations

from typing import Any

from analysis.figures import topn
from analysis.measures.baselines import BASELINES
from analysis.measures.ceiling import INSIDE
from analysis.measures.collect import Collected
from analysis.report.page import DASH, MINUS, Cell, Html, element, number, with_std
from analysis.report.sections.rankings import ranking_tables


def top_section(found: Collected, figure: Html) -> list[Html]:
    """Heading, a table for each space, what the columns are, and the figure of the top sets."""
    return [
        element("h2", "The top"),
        _table(found),
        element("p", TEXT, *_left_out(found), class_="small"),
        figure,
    ]


def _table(found: Collected) -> Html:
    series = topn.series_of(found.top[found.top["primary"].astype(bool)])
    inside = {(r["space"], r["mask"], r["variant"], r["top"]): r for r in series.to_dict("records")}
    reference = {
        (r["space"], r["mask"], r["reference"], r["top"]): r["tau_b"]
        for r in found.top_references.to_dict("records")
    }
    sizes = [
        size for size in found.study.top if size in set(series["top"]) | set(found.top_references["top"])
    ]
    head = [*(f"top {n}" for n in sizes), "topn_mean_tau (p)"]

    def cells(row: dict[Any, Any]) -> list[object]:
        if "variant" in row:
            values = [inside.get((row["space"], row["mask"], row["variant"], n), {}) for n in sizes]
            taus = [with_std({"tau": v.get("mean"), "tau_std": v.get("std")}, "tau") for v in values]
            p = _with_p(row.get("seedmean_topn_mean_tau"), row.get("seedmean_topn_p"))
        else:
            taus = [number(reference.get((row["space"], row["mask"], row["reference"], n))) for n in sizes]
            p = _with_p(None, row.get("topn_p")) if row["reference"] in BASELINES else Cell(DASH)
        return [*taus, p]

    return ranking_tables(found, [*BASELINES, *INSIDE], head, cells)


TEXT = (
    "top N: tau-b inside the true top-N. topn_mean_tau, of the mean score over seeds: Kendall's formula between N and"
    f" the mean score of the true top-N; {MINUS}1 is best. This is the tau_a of the single-path ranking study, not the"
    " tau-a of statistics. p: share of shuffled scores that do at least as well; with six sets, unrelated scores reach"
    f" {MINUS}1 in about 3 % of cases. Ceilings inside the top: one side plays the truth and chooses the top, the other"
    " the score, so that nothing is gained or lost by the choice of the top; of the architectures that have every seed"
    " they need."
)


def _with_p(value: Any, p: Any) -> Cell:
    """'-0.87 (0.012)', or '(0.012)' where there is nothing to say of seeds."""
    shown = number(value, 2)
    return Cell(f"{'' if shown.value is None else shown.content} ({number(p).content})".strip(), shown.value)


def _left_out(found: Collected) -> list[str]:
    sizes = [size for size in found.study.top if size not in set(found.top_references["top"])]
    return [f" Left out, larger than the truth: top {', '.join(map(str, sizes))}."] if sizes else []
