"""The section on all architectures of a space: how well each variant ranks them; and the tables that sections share, a
table for each space of its variants and of what they are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from analysis.figures.style import TITLES
from analysis.measures.baselines import TITLES as BASELINE_TITLES
from analysis.measures.ceiling import CEILINGS
from analysis.measures.collect import Collected
from analysis.report.tables.study import RENAMED, ranking_interval
from analysis.store.study import FULL
from analysis.tables.cells import DASH, MINUS, ONE_SEED, Cell, Row, fixed, interval, with_std
from analysis.tables.html import Html, element, html_table
from analysis.tables.table import Column, Table

LABELS = BASELINE_TITLES | {name: f"ceiling: {label}" for name, label in CEILINGS.items()}


def whole_section(collected: Collected) -> list[Html]:
    """Heading, the main table of each space, what the columns are, and the rest of the measures."""
    rest = ranking_tables(collected, list(LABELS), REST, named=True)
    return [
        element("h2", "All architectures"),
        ranking_tables(collected, list(LABELS), MAIN, main=True, named=True),
        element("p", TEXT, class_="small"),
        element("details", element("summary", "More measures"), rest),
    ]


def ranking_tables(
    collected: Collected, references: Sequence[str], columns: Sequence[Column], **more: bool
) -> Html:
    """A table for each space: its variants, then in grey the `references`. Rows are those of Collected.primary and
    Collected.references. more: of html_table."""
    variants = collected.primary.rename(columns=RENAMED)
    pieces: list[Html] = []
    for space, group in variants.groupby("space", sort=False) if len(variants) else ():
        compared = collected.references[collected.references["space"] == space]
        compared = compared[compared["reference"].isin(references)]
        masks, sets = len(set(compared["mask"])) > 1, len(set(group["set"].dropna())) > 1
        rows: list[Row] = [{"ranking": row["variant"], **row} for row in group.to_dict("records")]
        for row in compared.to_dict("records"):
            mask = row["mask"] if row["mask"] == FULL else f"without {row['mask']}"
            of = ", ".join([*([mask] if masks else []), *([row["set"]] if sets else [])])
            rows.append({"ranking": LABELS[row["reference"]] + (f" ({of})" if of else ""), **row})
        table = Table([Column("ranking", "Ranking", words=True), *columns], rows)
        weak = range(len(group), len(rows))
        pieces += [element("h3", TITLES.get(str(space), space)), html_table(table, weak=weak, **more)]
    return Html("".join(pieces))


def evaluated_on(row: Row, key: str = "set") -> str:
    """A format: the set that the row is evaluated on; a dash for a ranking without a value."""
    return row[key] if isinstance(row.get(key), str) else DASH


def _part(row: Row, key: str) -> Cell:
    return interval(row.get(key), row.get(f"{key.removesuffix('_low')}_high"))


MAIN = [
    Column("tau_b", "tau-b", format=with_std),
    Column("tau_b_low", "95 %", format=ranking_interval),
    Column("set", "evaluated on", words=True, format=evaluated_on),
    Column("spearman", "Spearman", format=fixed()),
    Column("pearson", "Pearson", format=fixed()),
    Column("topn_mean_tau", Html("topn_<wbr>mean_tau"), format=fixed(2)),
    Column("topn_p", "p", format=fixed()),
    Column("overlap_5", "top 5 %", format=fixed()),
    Column("regret_10", Html("regret<wbr>@10"), format=fixed(2)),
    Column("mean_score", "mean score", format=fixed(2)),
    Column("seeds", format=fixed(0)),
    Column("updates", format=fixed(0)),
    Column("train_seconds", "train", unit="s", format=fixed(1)),
]
REST = [
    Column("tau_b_architectures_low", "95 %, architectures alone", format=_part),
    Column("tau_b_trainings_low", "95 %, trainings alone", format=_part),
    Column("seedmean_tau_b", "tau-b of the mean score", format=fixed()),
    Column("tau_b_loss", "tau-b by loss", format=with_std),
    Column("seedmean_tau_b_loss", "of the mean loss", format=fixed()),
    Column("weighted_tau", "weighted tau", format=with_std),
    Column("spearman", "Spearman", format=with_std),
    Column("pearson", "Pearson", format=with_std),
    Column("mean_score", "mean score", format=partial(with_std, digits=2)),
    Column("overlap_5", "top 5 %", format=with_std),
    Column("regret_10", "regret@10", format=partial(with_std, digits=2)),
    Column("n", format=fixed(0)),
    Column("missing", format=fixed(0)),
]
TEXT = (
    "Means over seeds, ± their standard deviation. 95 %: confidence interval of the mean over architectures and"
    f" trainings (of baselines, which have no trainings, over architectures); {ONE_SEED}: one seed, so that the"
    " interval lacks the variance of the training. evaluated on: the architectures that all seeds of the ranking have"
    " scored. Values on different sets are not comparable; differences are computed on the architectures in common."
    " More measures has the two parts of the interval."
    f" topn_mean_tau: Kendall's formula applied to N and the mean score of the true top-N; {MINUS}1 is"
    " best. p, of the mean score over seeds: share of permuted scores that do at least as well. top 5 %: share of"
    " the true top 5 % that is in the predicted top 5 % (5 % by chance). regret@10: best truth minus the best truth"
    " among the ten highest scores, in percentage points. mean score: in percent where it is an accuracy. train:"
    " seconds per run. By loss: the loss of the same evaluation is the score, the lowest best. n: architectures scored"
    " by every finished seed. missing: architectures with truth but no score (the most of any seed), left out. The"
    " noise-free ceiling is an estimate (Spearman-Brown), for Pearson only."
)
