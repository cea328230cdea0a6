"""The section on all architectures of a space: how well each variant ranks them."""

from __future__ import annotations

from typing import Any

from analysis.collect import Collected
from analysis.page import Html, element, interval, number, with_std
from analysis.sections.rankings import LABELS, ranking_tables


def whole_section(found: Collected, figure: Html) -> list[Html]:
    """Heading, a table for each space, what the columns are, and the figure of the variants."""
    return [
        element("h2", "All architectures"),
        _table(found),
        element("p", TEXT, class_="small"),
        figure,
    ]


def _table(found: Collected) -> Html:
    head = [
        "tau-b", "95 %", "tau-b of the mean score", "tau-b by loss", "Spearman", "Pearson", "weighted tau",
        "seeds", "n", "missing",
    ]  # fmt: skip

    def cells(row: dict[Any, Any]) -> list[object]:
        return [
            with_std(row, "tau_b"),
            interval(row.get("tau_b_low"), row.get("tau_b_high")),
            number(row.get("seedmean_tau_b")),
            with_std(row, "tau_b_loss"),
            with_std(row, "spearman"),
            with_std(row, "pearson"),
            with_std(row, "weighted_tau"),
            number(row.get("finished"), 0),
            number(row.get("n"), 0),
            number(row.get("missing"), 0),
        ]

    return ranking_tables(found, list(LABELS), head, cells)


TEXT = (
    "Mean ± standard deviation over seeds. 95 %: interval of the mean over architectures; it does not cover"
    " other seeds. By loss: the same scoring's loss as the score, the lowest best. n: architectures scored by"
    " every finished seed. missing: architectures with truth and no score (the most of any seed), left out. The"
    " noise-free ceiling is an estimate (Spearman-Brown), for Pearson only."
)
