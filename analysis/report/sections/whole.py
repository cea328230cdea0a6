"""The section on all architectures of a space: how well each variant ranks them."""

from __future__ import annotations

from typing import Any

from analysis.measures.collect import Collected
from analysis.report.page import (
    MINUS,
    ONE_SEED,
    Cell,
    Head,
    Html,
    element,
    interval,
    interval_of,
    number,
    with_std,
)
from analysis.report.sections.rankings import LABELS, judged_on, ranking_tables

PARTS = ("architectures", "trainings")


def whole_section(found: Collected, figure: Html) -> list[Html]:
    """Heading, the main table of each space, what the columns are, the rest of the measures, and the figure."""
    rest = element("details", element("summary", "More measures"), _rest(found))
    return [
        element("h2", "All architectures"),
        _main(found),
        element("p", TEXT, class_="small"),
        rest,
        figure,
    ]


def _main(found: Collected) -> Html:
    head = [
        Head("tau-b", "tau_b"), Head("95 %", "tau_b_low"), Head("judged on", "set"),
        Head("Spearman", "spearman"), Head("Pearson", "pearson"),
        Head(Html("topn_<wbr>mean_tau"), "topn_mean_tau"), Head("p", "topn_p"), Head("top 5 %", "overlap_5"),
        Head(Html("regret<wbr>@10"), "regret_10"), Head("mean score", "mean_score"), Head("seeds", "seeds"),
        Head("updates", "updates"), Head("train (s)", "train_seconds"),
    ]  # fmt: skip

    def cells(row: dict[Any, Any]) -> list[object]:
        return [
            with_std(row, "tau_b"),
            _interval(row),
            judged_on(row),
            number(row.get("spearman")),
            number(row.get("pearson")),
            number(row.get("topn_mean_tau"), 2),
            number(row.get("seedmean_topn_p" if "variant" in row else "topn_p")),
            number(row.get("overlap_5")),
            number(row.get("regret_10"), 2),
            number(row.get("mean_score"), 2),
            number(row.get("finished"), 0),
            number(row.get("updates"), 0),
            number(row.get("train_seconds"), 1),
        ]

    return ranking_tables(found, list(LABELS), head, cells, main=True)


def _interval(row: dict[Any, Any]) -> Cell:
    """A baseline has no trainings: its interval lacks nothing."""
    if "variant" in row:
        return interval_of(row, "tau_b")
    return interval(row.get("tau_b_low"), row.get("tau_b_high"))


def _rest(found: Collected) -> Html:
    head = [
        Head("95 %, architectures alone", "tau_b_architectures_low"),
        Head("95 %, trainings alone", "tau_b_trainings_low"), Head("tau-b of the mean score"),
        Head("tau-b by loss", "tau_b_loss"), Head("of the mean loss"),
        Head("weighted tau", "weighted_tau"), Head("Spearman", "spearman"), Head("Pearson", "pearson"),
        Head("mean score", "mean_score"), Head("top 5 %", "overlap_5"), Head("regret@10", "regret_10"), Head("n", "n"),
        Head("missing", "missing"),
    ]  # fmt: skip

    def cells(row: dict[Any, Any]) -> list[object]:
        return [
            *(interval(row.get(f"tau_b_{part}_low"), row.get(f"tau_b_{part}_high")) for part in PARTS),
            number(row.get("seedmean_tau_b")),
            with_std(row, "tau_b_loss"),
            number(row.get("seedmean_tau_b_loss")),
            with_std(row, "weighted_tau"),
            with_std(row, "spearman"),
            with_std(row, "pearson"),
            with_std(row, "mean_score", 2),
            with_std(row, "overlap_5"),
            with_std(row, "regret_10", 2),
            number(row.get("n"), 0),
            number(row.get("missing"), 0),
        ]

    return ranking_tables(found, list(LABELS), head, cells)


TEXT = (
    "Means over seeds, ± their standard deviation. 95 %: interval of the mean over architectures and trainings (of"
    f" baselines, which have no trainings, over architectures); {ONE_SEED}: of one seed, which lacks the share of the"
    " trainings. judged on: the architectures that all seeds of the ranking have scored; numbers of different sets are"
    " not compared, differences are of what both have. Under More measures the two parts of the interval."
    f" topn_mean_tau: Kendall's formula between N and the mean score of the true top-N, {MINUS}1 is"
    " best; p, of the mean score over seeds: share of shuffled scores that do at least as well. top 5 %: share of"
    " the true top 5 % that is in the predicted top 5 % (5 % by chance). regret@10: best truth less the best among"
    " the ten with the highest score, in percentage points. mean score in percent where it is an accuracy. train:"
    " seconds a run. By loss: the same scoring's loss as the score, the lowest best. n: architectures scored by every"
    " finished seed. missing: architectures with truth and no score (the most of any seed), left out. The noise-free"
    " ceiling is an estimate (Spearman-Brown), for Pearson only."
)
