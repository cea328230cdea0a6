"""A study's numbers as one table: a row for each variant, baseline and noise ceiling."""

from __future__ import annotations

import pandas as pd

from analysis.collect import Collected
from analysis.study import FULL
from analysis.text import CEILINGS, frame_text

SHORT = [
    "space", "mask", "name", "seeds", "n", "missing", "tau_b", "tau_b_std", "tau_b_low", "tau_b_high",
    "tau_b_loss", "spearman", "topn_mean_tau", "overlap_5", "mean_score", "updates",
]  # fmt: skip
COLUMNS = [
    "space", "mask", "name", "runs", "seeds", "n", "missing", "tau_b", "tau_b_low", "tau_b_high",
    "tau_b_std", "tau_b_loss", "tau_b_loss_std", "tau_kendall_a", "spearman", "pearson", "weighted_tau",
    "topn_mean_tau", "topn_p", "overlap_5", "regret_10", "mean_score", "updates", "train_seconds", "score_seconds",
]  # fmt: skip


def table_frame(found: Collected) -> pd.DataFrame:
    """The study's numbers, one row for each variant (its own BatchNorm mode), baseline and noise ceiling.

    Means over the finished seeds; *_std over seeds (empty for one); tau_b_low and tau_b_high: 95 % over
    architectures; tau_b_loss: the loss as the score, the lowest best; topn_p: of the mean score over seeds. mean_score
    in percent, regret_10 in percentage points, seconds a run.
    """
    rows = found.primary.rename(columns={"variant": "name", "finished": "seeds", "seedmean_topn_p": "topn_p"})
    references = found.references.rename(columns={"reference": "name"})
    frame = pd.DataFrame(
        [
            {name: row.get(name) for name in COLUMNS}
            for part in (rows, references)
            for row in part.to_dict("records")
        ],
        columns=COLUMNS,
    )
    for name in ("runs", "seeds", "n", "missing"):
        frame[name] = frame[name].astype("Int64")
    order = {name: i for i, name in enumerate(dict.fromkeys(frame["space"]))}
    return frame.sort_values("space", key=lambda names: names.map(order), kind="stable").reset_index(
        drop=True
    )


def print_table(found: Collected, form: str = "text") -> None:
    """Print the study's table: in full as 'csv', the main columns as 'text' or 'markdown'."""
    frame = table_frame(found)
    if form != "csv":
        # Ceilings that exist for Pearson only would be empty rows.
        frame = frame[frame["tau_b"].notna() | ~frame["name"].isin(CEILINGS)]
        unmasked = (frame["mask"] == FULL).all()
        frame = frame[[name for name in SHORT if not (unmasked and name == "mask")]]
    print(frame_text(frame, form))
