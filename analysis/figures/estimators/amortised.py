"""Quality against the total cost of ranking 100, 1,000 and all architectures, preparation included."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.estimators.look import handles, looks
from analysis.store.study import GROUP

QUALITIES = {"spearman": "Spearman", "tau_b": "tau-b"}


def amortised_figure(rows: pd.DataFrame, note: str = "") -> Figure:
    """rows: of analysis/measures/amortised.py, of one space and mask. A column of panels for each number of
    architectures."""
    known = rows[rows["seconds"].notna()]
    counts = sorted(set(rows["architectures"]))
    with style.look():
        figure = style.new_figure(height=4.8)
        panels = figure.subplots(2, max(1, len(counts)), squeeze=False, sharex=True, sharey="row")
        positive = known.loc[known["seconds"] > 0, "seconds"].astype(float)
        free = float(positive.min()) / 10 if len(positive) else 1.0  # where what costs nothing is put
        for row, quality in zip(panels, QUALITIES, strict=True):
            for axes, count in zip(row, counts, strict=False):
                _panel(axes, known[known["architectures"] == count], quality, free)
            row[0].set_ylabel(QUALITIES[quality])
        for axes, count in zip(panels[0], counts, strict=False):
            axes.set_title(f"{count:,} architectures")
        for axes in panels[-1]:
            axes.set_xlabel("seconds in total")
            if not len(positive):  # a place for what is free, but no scale
                axes.set_xticks([])
                axes.set_xticks([], minor=True)
        figure.legend(
            handles=handles(known.drop_duplicates(GROUP)["kind"]), loc="outside upper left", ncols=3
        )
        nothing = "Left of the dotted line: costs nothing." if (known["seconds"] == 0).any() else ""
        text = (
            "Preparation, and the number times the mean cost of an architecture, those without a score included."
            " Bars: 95 % over architectures."
        )
        style.add_note(figure, f"{text} {nothing}", note)
    return figure


def _panel(axes: Axes, here: pd.DataFrame, quality: str, free: float) -> None:
    own = looks(here["kind"])
    for kind, group in here.groupby("kind", sort=False):
        colour, marker = own[str(kind)]
        x = group["seconds"].astype(float).where(group["seconds"] > 0, free)
        if quality == "spearman":
            low, high = (group[f"spearman_{end}"].astype(float) for end in ("low", "high"))
            axes.vlines(x, low, high, color=colour, linewidth=0.7, alpha=0.4)
        axes.scatter(
            x, group[quality].astype(float), c=colour, marker=marker, s=18, alpha=0.9, linewidths=0, zorder=3
        )
    axes.set_xscale("log")
    axes.axhline(0, color="#999999", linewidth=0.8, zorder=0.9)
    if (here["seconds"] == 0).any():
        axes.axvline(free * 3, color=style.GREY, linestyle=":", linewidth=0.9)
