"""A study's numbers as one table: a row for each variant, baseline and noise ceiling."""

from __future__ import annotations

from functools import partial

import pandas as pd

from analysis.figures.style import TITLES
from analysis.measures.baselines import BASELINES, WORDS
from analysis.measures.ceiling import CEILINGS
from analysis.measures.collect import Collected
from analysis.measures.estimator_scores import COST
from analysis.measures.remarks import remarks
from analysis.statistics.crossed import interval_names
from analysis.store.study import FULL, Study
from analysis.tables.cells import ONE_SEED, Cell, Row, fixed, interval, interval_of, with_std
from analysis.tables.table import Column, Table, records
from analysis.tables.writers import write

SHORT = [
    "space", "mask", "name", "seeds", "n", "set", "missing", "tau_b", "tau_b_std", "tau_b_low", "tau_b_high",
    "covers", "tau_b_loss", "spearman", "topn_mean_tau", "overlap_5", "mean_score", "epochs", "updates",
    "train_seconds",
]  # fmt: skip
RANKS = {
    "name": 9, "mask": 8, "tau_b": 8, "tau_b_low": 7, "tau_b_high": 7, "seeds": 6, "overlap_5": 4, "train_seconds": 3,
    "tau_b_std": 2, "spearman": 1,
}  # fmt: skip
COLUMNS = [
    "space", "mask", "name", "runs", "seeds", "n", "set", "missing", "tau_b", *interval_names("tau_b_"), "covers",
    "tau_b_std", "tau_b_loss", "tau_b_loss_std", "seedmean_tau_b", "seedmean_tau_b_loss", "seedmean_tau_b_loss_low",
    "seedmean_tau_b_loss_high", "tau_kendall_a", "spearman", "spearman_std", "pearson", "pearson_std",
    "weighted_tau", "topn_mean_tau", "topn_mean_tau_std", "topn_p", "overlap_5", "overlap_5_std", "regret_10",
    "regret_10_std", "mean_score", "mean_score_std", "epochs", "updates", "train_seconds", "score_seconds",
]  # fmt: skip

RENAMED = {
    "finished": "seeds",
    "seedmean_topn_p": "topn_p",
}  # columns of Collected.primary, as tables have them


def table_frame(collected: Collected) -> pd.DataFrame:
    """The study's numbers, one row for each variant (its own BatchNorm mode), baseline and noise ceiling.

    Means over the finished seeds; *_std over seeds (empty for one). set: what the row is evaluated on. tau_b_low and
    tau_b_high: 95 % over what `covers` says, 'both' (architectures and trainings) or 'architectures' (one seed, or a
    baseline); tau_b_architectures_* and tau_b_trainings_*: the parts. tau_b_loss: the loss as the score,
    the lowest best; seedmean_*: of the mean score or loss over seeds, its *_low and *_high 95 %
    over architectures; topn_p: of the mean score too. mean_score in percent, regret_10 in percentage
    points, seconds a run.
    """
    rows = collected.primary.rename(columns=RENAMED | {"variant": "name"})
    references = collected.references.rename(columns={"reference": "name"})
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


def print_table(collected: Collected, form: str = "text") -> None:
    """Print the study's table: in full as 'csv' or 'json', the main columns in the other formats, as 'text' those of
    them that fit."""
    print(table_text(collected, form))


def table_text(collected: Collected, form: str) -> str:
    """The same as a string."""
    frame, study = table_frame(collected), collected.study
    if form in ("csv", "json"):
        return write(Table.of_frame(frame), form, facts=facts_of(study))
    # Ceilings that exist for Pearson only would be empty rows.
    frame = frame[frame["tau_b"].notna() | ~frame["name"].isin(CEILINGS)]
    absent = ["mask"] if (frame["mask"] == FULL).all() else []
    if form != "latex":
        table = Table.of_frame(frame, notes=remarks(collected))
        table = table.select(key for key in SHORT if key not in absent)
        return write(table.ranked(RANKS), form)
    title = study.title if study.title.endswith(("?", "!", ".")) else f"{study.title}."
    caption = (
        f"{title} Mean ± standard deviation over seeds; 95 %: over architectures and trainings, of baselines over"
        f" architectures; {ONE_SEED}: of one seed, over architectures alone. Top-N mean: Kendall's"
        f" tau between N and the mean score of the true top-N, -1 is best. {study.note}"
    )
    columns = [column for column in LATEX if column.key not in absent]
    return write(Table(columns, records(frame), study.name, caption=caption.strip(), group=space_title), form)


def facts_of(study: Study) -> dict[str, str]:
    """What JSON says of a study beside its numbers."""
    return {"study": study.name, "title": study.title, "note": study.note}


def space_title(row: Row) -> str:
    """The title of the space that the row is of."""
    return TITLES.get(row["space"], str(row["space"]))


def ranking_interval(row: Row, key: str, digits: int = 3) -> Cell:
    """A format: the interval of a ranking's mean over seeds, marked where it lacks the share of the trainings; a
    baseline has no trainings, so that its interval lacks nothing."""
    if row.get("kind") == COST or row.get("reference", row.get("name")) in BASELINES:
        return interval(row.get(key), row.get(f"{key.removesuffix('_low')}_high"), digits)
    return interval_of(row, key, digits)


LATEX = [
    Column("name", "Ranking", words=True, format=lambda row, key: (CEILINGS | WORDS).get(row[key], row[key])),
    Column("mask", "Mask", words=True),
    Column("tau_b", latex=r"$\tau_b$", format=with_std),
    Column("tau_b_low", latex=r"95\,\%", format=ranking_interval),
    Column("spearman", latex=r"Spearman $\rho$", format=with_std),
    Column("topn_mean_tau", latex="Top-$N$ mean", format=partial(with_std, digits=2)),
    Column("overlap_5", latex=r"Overlap top 5\,\%", format=with_std),
    Column("regret_10", "Regret@10", format=partial(with_std, digits=2)),
    Column("seeds", "Seeds", format=fixed(0)),
    Column("n", latex="$n$", format=fixed(0)),
    Column("updates", "Updates", format=fixed(0)),
]
