"""Quality beside cost, a point a ranking: in cumulative bins of the truth, and against the total cost.

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), figures 5 to 7: of CIFAR-10,
CIFAR-100 and ImageNet16-120. A study has one data set a space: the figures say where the paper's is another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from analysis.figures import style
from analysis.figures.estimators.rankings import CIFAR10, CIFAR100, IMAGENET, NAMES, Rankings, handles, marks
from analysis.figures.registry import Drawn, Source, figure
from analysis.figures.style import Canvas
from analysis.measures.amortised import amortised
from analysis.measures.front import DEFAULT, METRICS
from analysis.statistics.bins import REPORTED
from analysis.statistics.pareto import pareto_front
from analysis.store.study import GROUP

SHOWN = ("fear", "short-training", "zero-cost")  # kinds that the paper's grids show


def quality_by_bin(rankings: Rankings, ax: Canvas | None = None, *, data: str) -> Iterator[Drawn]:
    """`grid` of the rankings. data: the paper's data set."""
    rows, compared = rankings.rows(rankings.yardstick.bins), rankings.rows(rankings.yardstick.rankings)
    absent = [NAMES[kind] for kind in SHOWN if kind not in set(rows["kind"])]
    left_out = [
        f"{row['variant']} ({row['note']})" for row in compared[compared["compared"] == 0].to_dict("records")
    ]
    if len(rows):
        yield Drawn(grid(rows, note=rankings.note(data, absent), ax=ax), rows, missing=(*absent, *left_out))


for _name, _data in (("fear-5", CIFAR10), ("fear-6", CIFAR100), ("fear-7", IMAGENET)):
    figure(
        _name,
        source=Source.RANKINGS,
        title="Duration and quality by bin",
        needs="rankings that are compared: `analysis yardstick` says why each is left out",
    )(partial(quality_by_bin, data=_data))


@figure(
    "amortised",
    source=Source.RANKINGS,
    title="Quality and total cost, preparation included",
    needs="rankings whose cost is known",
)
def total_cost(rankings: Rankings, ax: Canvas | None = None) -> Iterator[Drawn]:
    """`amortised_figure` of the rankings."""
    rows = rankings.rows(amortised(rankings.yardstick))
    if rows["seconds"].notna().any():
        yield Drawn(amortised_figure(rows, rankings.note(), ax), rows)


# Duration and quality in cumulative bins

GRID_TEXT = (
    "Seconds an architecture: mean over the bin's, bars: its standard error; without what was spent before any score,"
    " such as a supernet's training. Grey dashes: what range restriction leaves of the ranking's Spearman over all."
    " Line: the Pareto front of short training. Dotted: the common ratio by chance."
)


def grid(
    bins: pd.DataFrame, percents: Sequence[int] = REPORTED, note: str = "", ax: Canvas | None = None
) -> Canvas:
    """A row of panels a bin: Spearman left, common ratio right. bins: of a Yardstick, of one space and mask; rankings
    whose seconds are not known are not drawn."""
    percents = [percent for percent in percents if percent in set(bins["percent"])]
    known = bins[bins["seconds"].notna()]
    with style.look():
        figure = style.new_figure(height=1.75 * len(percents) + 1.3, ax=ax)
        panels = figure.subplots(len(percents), 2, squeeze=False, sharex="row")
        for percent, row in zip(percents, panels, strict=True):
            rows = known[known["percent"] == percent]
            for metric, axes in zip(METRICS, row, strict=True):
                _bin(axes, rows, metric)
                title = METRICS[metric][:1].upper() + METRICS[metric][1:]
                axes.set_title(
                    style.fit(f"{title}, top {percent} %" if percent < 100 else f"{title}, all", 14)
                )
        for axes in panels[-1]:
            axes.set_xlabel(style.fit("seconds an architecture", 14))
        legend = handles(known.drop_duplicates(GROUP)["kind"])
        legend.append(
            Line2D([], [], linestyle="", marker="_", color=style.GREY, label="range restriction alone")
        )
        figure.legend(handles=legend, loc="outside upper left", ncols=style.legend_columns(3))
        style.add_note(figure, GRID_TEXT, note)
    return figure


def _bin(axes: Axes, rows: pd.DataFrame, metric: str) -> None:
    rows = rows[rows[metric].notna()]
    mark_of = marks(rows["kind"])
    for kind, group in rows.groupby("kind", sort=False):
        colour, marker = mark_of[str(kind)]
        x, y, error = (group[name].astype(float) for name in ("seconds", metric, "seconds_se"))
        axes.scatter(
            x, group[f"{metric}_reference"].astype(float), c=style.GREY, marker="_", s=26, linewidths=0.9, alpha=0.7,
            zorder=2,
        )  # fmt: skip
        axes.errorbar(
            x, y, xerr=error.fillna(0), color=colour, marker=marker, markersize=4.2, linestyle="", elinewidth=0.8,
            alpha=0.85, zorder=3,
        )  # fmt: skip
    front = rows[rows["kind"] == DEFAULT]
    if len(front):
        inside = pareto_front(front["seconds"], front[metric])
        line = front[inside].drop_duplicates("seconds").sort_values("seconds")
        axes.plot(
            line["seconds"], line[metric], color=mark_of[DEFAULT][0], linewidth=1, alpha=0.7, zorder=1.5
        )
    if metric == "common" and len(rows):
        axes.axhline(float(rows["chance"].iloc[0]), color=style.GREY, linestyle=":", linewidth=1)
        axes.set_ylim(-0.04, 1.04)
    elif len(rows):
        style.zero_line(axes)
    if not len(rows):
        style.empty(axes, "no ranking has a value")
    elif np.ptp(rows["seconds"].astype(float)) > 0:
        axes.set_xlim(left=-0.03 * float(rows["seconds"].max()))


# Total cost

QUALITIES = {"spearman": "Spearman", "tau_b": "tau-b"}


def amortised_figure(rows: pd.DataFrame, note: str = "", ax: Canvas | None = None) -> Canvas:
    """rows: of analysis/measures/amortised.py, of one space and mask. A column of panels for each number of
    architectures."""
    known = rows[rows["seconds"].notna()]
    counts = sorted(set(rows["architectures"]))
    with style.look():
        figure = style.new_figure(height=4.8, ax=ax)
        panels = figure.subplots(2, max(1, len(counts)), squeeze=False, sharex=True, sharey="row")
        positive = known.loc[known["seconds"] > 0, "seconds"].astype(float)
        free = float(positive.min()) / 10 if len(positive) else 1.0  # where what costs nothing is put
        for row, quality in zip(panels, QUALITIES, strict=True):
            for axes, count in zip(row, counts, strict=False):
                _total(axes, known[known["architectures"] == count], quality, free)
            row[0].set_ylabel(QUALITIES[quality])
        for axes, count in zip(panels[0], counts, strict=False):
            axes.set_title(style.fit(f"{count:,} architectures", 8))
        for axes in panels[-1]:
            axes.set_xlabel(style.fit("seconds in total", 8))
            if not len(positive):  # a place for what is free, but no scale
                axes.set_xticks([])
                axes.set_xticks([], minor=True)
        figure.legend(
            handles=handles(known.drop_duplicates(GROUP)["kind"]),
            loc="outside upper left",
            ncols=style.legend_columns(3),
        )
        nothing = "Left of the dotted line: costs nothing." if (known["seconds"] == 0).any() else ""
        text = (
            "Preparation, and the number times the mean cost of an architecture, those without a score included."
            " Bars: 95 % over architectures."
        )
        style.add_note(figure, f"{text} {nothing}", note)
    return figure


def _total(axes: Axes, rows: pd.DataFrame, quality: str, free: float) -> None:
    mark_of = marks(rows["kind"])
    for kind, group in rows.groupby("kind", sort=False):
        colour, marker = mark_of[str(kind)]
        x = group["seconds"].astype(float).where(group["seconds"] > 0, free)
        if quality == "spearman":
            low, high = (group[f"spearman_{end}"].astype(float) for end in ("low", "high"))
            axes.vlines(x, low, high, color=colour, linewidth=0.7, alpha=0.4)
        axes.scatter(
            x, group[quality].astype(float), c=colour, marker=marker, s=18, alpha=0.9, linewidths=0, zorder=3
        )
    axes.set_xscale("log")
    style.zero_line(axes)
    if (rows["seconds"] == 0).any():
        axes.axvline(free * 3, color=style.GREY, linestyle=":", linewidth=0.9)
