"""The section on runs: what they cost, which of them finished and why the others did not."""

from __future__ import annotations

import pandas as pd

from analysis.measures.collect import Collected
from analysis.report.page import Html, element, number, table, with_std
from analysis.report.sections.rankings import space_title
from analysis.store.run import NOT_RUN


def runs_section(found: Collected) -> list[Html]:
    """Heading, costs and states by variant, and every run."""
    return [element("h2", "Runs"), _costs(found), _runs(found)]


def _costs(found: Collected) -> Html:
    kinds = found.primary
    rows = []
    for row in kinds[kinds["trained_as"].isna()].to_dict("records"):
        states = [number(row[name], 0) for name in ("finished", "diverged", "failed", "runs_missing")]
        seconds = [number(row["train_seconds"], 1), number(row["score_seconds"], 1)]
        numbers = [
            with_std(row, "mean_score", 2),
            number(row["epochs"], 0),
            number(row["updates"], 0),
            *seconds,
        ]
        rows.append([space_title(row), row["variant"], row["mask"], *states, *numbers])
    head = ["Space", "Variant", "Mask", "finished", "diverged", "failed", "not run yet"]
    return table([*head, "mean score", "epochs", "updates", "training (s)", "scoring (s)"], rows, words=3)


def _runs(found: Collected) -> Html:
    rows = []
    once = found.runs["primary"].astype(bool) & found.runs["trained_as"].isna()
    for row in found.runs[once].to_dict("records"):
        state = row["state"].replace("missing", NOT_RUN)
        reason = "" if pd.isna(row["reason"]) or row["reason"] == NOT_RUN else row["reason"]
        words = [row["variant"], space_title(row), row["seed"], element("code", row["run_id"]), state, reason]
        rows.append([*words, number(row["tau_b"]), number(row["n"], 0), number(row["missing"], 0)])
    head = ["Variant", "Space", "Seed", "Run", "State", "Reason", "tau-b", "n", "missing"]
    return table(head, rows, words=6)
