"""The section on BatchNorm modes: one checkpoint, scored with several kinds of statistics, and with the average of its
weights where the training kept one."""

from __future__ import annotations

from analysis.measures.collect import Collected
from analysis.report.page import Html, element, interval_of, table, with_std
from analysis.report.sections.rankings import judged_on, space_title


def bn_modes_section(found: Collected) -> list[Html]:
    """A table of the BatchNorm modes of the variants that were scored in several."""
    trained = found.variants[found.variants["trained_as"].isna()]
    trained = trained[trained.groupby(["space", "mask", "variant"])["measure"].transform("nunique") > 1]
    if not len(trained):
        return []
    rows = []
    for row in trained.to_dict("records"):
        mode = row["measure"] + (" (used above)" if row["primary"] else "")
        taus = [
            with_std(row, "tau_b"),
            interval_of(row, "tau_b"),
            judged_on(row),
            with_std(row, "tau_b_loss"),
            with_std(row, "spearman"),
        ]
        rows.append([space_title(row), row["variant"], mode, *taus, with_std(row, "mean_score", 2)])
    head = [
        "Space",
        "Variant",
        "BatchNorm when scoring",
        "tau-b",
        "95 %",
        "judged on",
        "tau-b by loss",
        "Spearman",
        "mean score (%)",
    ]
    text = "The same checkpoints, scored with other BatchNorm statistics."
    if trained["measure"].str.startswith("ema-").any():
        text += " Measures named ema-: with the exponential moving average of the weights."
    return [element("h2", "BatchNorm modes"), element("p", text), table(head, rows, words=3)]
