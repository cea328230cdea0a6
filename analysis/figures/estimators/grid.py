"""Duration against quality in cumulative bins of the truth, a point a ranking.

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), figures 5 to 7.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures import style
from analysis.figures.estimators.look import handles, looks
from analysis.measures.front import DEFAULT, METRICS
from analysis.statistics.bins import REPORTED
from analysis.statistics.pareto import pareto_front
from analysis.store.study import GROUP

TEXT = (
    "Seconds an architecture: mean over the bin's, bars: its standard error; without what was spent before any score,"
    " such as a supernet's training. Grey dashes: what range restriction leaves of the ranking's Spearman over all."
    " Line: the Pareto front of short training. Dotted: the common ratio by chance."
)


def grid(bins: pd.DataFrame, percents: Sequence[int] = REPORTED, note: str = "") -> Figure:
    """A row of panels a bin: Spearman left, common ratio right. bins: of a Yardstick, of one space and mask; rankings
    whose seconds are not known are not drawn."""
    percents = [percent for percent in percents if percent in set(bins["percent"])]
    known = bins[bins["seconds"].notna()]
    with style.look():
        figure = style.new_figure(height=1.75 * len(percents) + 1.3)
        panels = figure.subplots(len(percents), 2, squeeze=False, sharex="row")
        for percent, row in zip(percents, panels, strict=True):
            here = known[known["percent"] == percent]
            for metric, axes in zip(METRICS, row, strict=True):
                _panel(axes, here, metric)
                title = METRICS[metric][:1].upper() + METRICS[metric][1:]
                axes.set_title(f"{title}, top {percent} %" if percent < 100 else f"{title}, all")
        for axes in panels[-1]:
            axes.set_xlabel("seconds an architecture")
        marks = handles(known.drop_duplicates(GROUP)["kind"])
        marks.append(
            Line2D([], [], linestyle="", marker="_", color=style.GREY, label="range restriction alone")
        )
        figure.legend(handles=marks, loc="outside upper left", ncols=3)
        style.add_note(figure, TEXT, note)
    return figure


def _panel(axes: Axes, here: pd.DataFrame, metric: str) -> None:
    here = here[here[metric].notna()]
    own = looks(here["kind"])
    for kind, group in here.groupby("kind", sort=False):
        colour, marker = own[str(kind)]
        x, y, error = (group[name].astype(float) for name in ("seconds", metric, "seconds_se"))
        axes.scatter(
            x,
            group[f"{metric}_reference"].astype(float),
            c=style.GREY,
            marker="_",
            s=26,
            linewidths=0.9,
            alpha=0.7,
            zorder=2,
        )
        axes.errorbar(
            x,
            y,
            xerr=error.fillna(0),
            color=colour,
            marker=marker,
            markersize=4.2,
            linestyle="",
            elinewidth=0.8,
            alpha=0.85,
            zorder=3,
        )
    front = here[here["kind"] == DEFAULT]
    if len(front):
        inside = pareto_front(front["seconds"], front[metric])
        line = front[inside].drop_duplicates("seconds").sort_values("seconds")
        axes.plot(line["seconds"], line[metric], color=own[DEFAULT][0], linewidth=1, alpha=0.7, zorder=1.5)
    if metric == "common" and len(here):
        axes.axhline(float(here["chance"].iloc[0]), color=style.GREY, linestyle=":", linewidth=1)
        axes.set_ylim(-0.04, 1.04)
    elif len(here):
        axes.axhline(0, color="#999999", linewidth=0.8, zorder=0.9)
    if not len(here):
        style.empty(axes, "no ranking has a value")
    elif np.ptp(here["seconds"].astype(float)) > 0:
        axes.set_xlim(left=-0.03 * float(here["seconds"].max()))
