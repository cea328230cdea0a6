"""A study's numbers as one table: a row for each variant, baseline and noise ceiling."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.figures.style import TITLES
from analysis.measures.baselines import BASELINES, WORDS
from analysis.measures.collect import Collected
from analysis.report.page import ONE_SEED
from analysis.report.tables import latex
from analysis.report.tables.pair import CEILINGS, as_json, frame_text, records
from analysis.statistics.crossed import interval_names
from analysis.store.study import FULL

SHORT = [
    "space", "mask", "name", "seeds", "n", "set", "missing", "tau_b", "tau_b_std", "tau_b_low", "tau_b_high",
    "covers", "tau_b_loss", "spearman", "topn_mean_tau", "overlap_5", "mean_score", "epochs", "updates",
    "train_seconds",
]  # fmt: skip
COLUMNS = [
    "space", "mask", "name", "runs", "seeds", "n", "set", "missing", "tau_b", *interval_names("tau_b_"), "covers",
    "tau_b_std", "tau_b_loss", "tau_b_loss_std", "seedmean_tau_b", "seedmean_tau_b_loss", "seedmean_tau_b_loss_low",
    "seedmean_tau_b_loss_high", "tau_kendall_a", "spearman", "spearman_std", "pearson", "pearson_std",
    "weighted_tau", "topn_mean_tau", "topn_mean_tau_std", "topn_p", "overlap_5", "overlap_5_std", "regret_10",
    "regret_10_std", "mean_score", "mean_score_std", "epochs", "updates", "train_seconds", "score_seconds",
]  # fmt: skip


def table_frame(found: Collected) -> pd.DataFrame:
    """The study's numbers, one row for each variant (its own BatchNorm mode), baseline and noise ceiling.

    Means over the finished seeds; *_std over seeds (empty for one). set: what the row is judged on. tau_b_low and
    tau_b_high: 95 % over what `covers` says, 'both' (architectures and trainings) or 'architectures' (one seed, or a
    baseline); tau_b_architectures_* and tau_b_trainings_*: the parts. tau_b_loss: the loss as the score,
    the lowest best; seedmean_*: of the mean score or loss over seeds, its *_low and *_high 95 %
    over architectures; topn_p: of the mean score too. mean_score in percent, regret_10 in percentage
    points, seconds a run.
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
    both = frame["tau_b_trainings_low"].notna()
    frame["covers"] = both.map({True: "both", False: "architectures"}).where(frame["tau_b_low"].notna(), None)
    for name in ("runs", "seeds", "n", "missing"):
        frame[name] = frame[name].astype("Int64")
    order = {name: i for i, name in enumerate(dict.fromkeys(frame["space"]))}
    return frame.sort_values("space", key=lambda names: names.map(order), kind="stable").reset_index(
        drop=True
    )


def print_table(found: Collected, form: str = "text") -> None:
    """Print the study's table: in full as 'csv' or 'json', the main columns as 'text', 'markdown' or 'latex'."""
    print(table_text(found, form))


def table_text(found: Collected, form: str) -> str:
    """The same as a string."""
    frame = table_frame(found)
    if form == "json":
        study = found.study
        facts = {"study": study.name, "title": study.title, "note": study.note}
        return as_json(facts | {"rows": records(frame)})
    if form == "csv":
        return frame_text(frame, form)
    # Ceilings that exist for Pearson only would be empty rows.
    frame = frame[frame["tau_b"].notna() | ~frame["name"].isin(CEILINGS)]
    unmasked = (frame["mask"] == FULL).all()
    if form == "latex":
        return _latex(found, frame, with_mask=not unmasked)
    return frame_text(frame[[name for name in SHORT if not (unmasked and name == "mask")]], form)


def _latex(found: Collected, frame: pd.DataFrame, with_mask: bool) -> str:
    head = ["Ranking", *(["Mask"] if with_mask else [])]
    head += [
        r"$\tau_b$", r"95\,\%", r"Spearman $\rho$", "Top-$N$ mean", r"Overlap top 5\,\%", "Regret@10",
        "Seeds", "$n$", "Updates",
    ]  # fmt: skip
    groups = []
    for space, rows in frame.groupby("space", sort=False):
        lines = []
        for row in records(rows):
            name = (CEILINGS | WORDS).get(row["name"], row["name"])
            words = [latex.escape(name), *([latex.escape(row["mask"])] if with_mask else [])]
            lines.append([*words, *_latex_cells(row)])
        groups.append((TITLES.get(str(space), str(space)), lines))
    title = found.study.title if found.study.title.endswith(("?", "!", ".")) else f"{found.study.title}."
    caption = (
        f"{title} Mean ± standard deviation over seeds; 95 %: over architectures and trainings, of baselines over"
        f" architectures; {ONE_SEED}: of one seed, over architectures alone. Top-N mean: Kendall's"
        f" tau between N and the mean score of the true top-N, -1 is best. {found.study.note}"
    )
    label = f"tab:{''.join(c if c.isalnum() else '-' for c in found.study.name)}"
    return latex.latex_table(head, groups, caption=caption.strip(), label=label, words=2 if with_mask else 1)


def _latex_cells(row: dict[str, Any]) -> list[str]:
    return [
        latex.with_std(row["tau_b"], row["tau_b_std"]),
        latex.interval_of(row, "tau_b", fixed=row["name"] in BASELINES),
        latex.with_std(row["spearman"], row["spearman_std"]),
        latex.with_std(row["topn_mean_tau"], row["topn_mean_tau_std"], 2),
        latex.with_std(row["overlap_5"], row["overlap_5_std"]),
        latex.with_std(row["regret_10"], row["regret_10_std"], 2),
        *(latex.number(row[name], 0) for name in ("seeds", "n", "updates")),
    ]
