"""Metrics against N, laid out as in the paper: rows sizes, columns masks, the mean score above and tau below."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures import style
from analysis.figures.paper.definitions import Cell, Line, PaperFigure
from analysis.figures.paper.gather import RANDOM, Gathered, by_variant
from analysis.store.study import FULL

CEILING = (
    " Dotted: the noise ceiling, one seed of the truth against another, in the space of a panel's first variant; it is"
    " low inside the top, which is chosen by the seeds' mean."
)
LABELS = {
    "mean_score": "mean score (%)",
    "tau_b": "tau-b",
    "spearman": "Spearman",
    "pearson": "Pearson",
}
MINUS = "\N{MINUS SIGN}"
WIDTHS = {1: 5.2, 2: 7.2, 3: 9.6}  # inches, by columns
LABEL = -0.62  # inches from a panel to its label, nearly: room for -0.25, and labels of a column in line
TEXT = (
    "x: the true top-N, then the random sample (everything, where a space has fewer). Lines: mean over seeds; bands: ±"
    " standard deviation, none for one seed; no mark where a coefficient is undefined. In brackets: topn_mean_tau of"
    " the mean score over seeds, which is the paper's tau_a; -1 is best. Panels of a row share their scales. {seeds}."
    "{ceiling}"
)


def lines(figure: PaperFigure, found: Gathered, sizes: tuple[int, ...], *, note: str = "") -> Figure:
    """A row of panels for each metric of each row of cells. sizes: the N of the study.

    A variant without numbers is crossed out in its legend: its absence is seen and no line is guessed."""
    columns = max(map(len, figure.rows))
    metrics = figure.metrics
    longest = max(len(cell.lines) for row in figure.rows for cell in row)
    legend = 0.17 * -(-longest // 2) + 0.35
    height = len(figure.rows) * (1.45 * len(metrics) + legend + 0.25) + 1.1
    by_key = by_variant(found.series)
    with style.look():
        drawn = style.new_figure(height=height, width=WIDTHS[columns])
        panels = drawn.subplots(len(figure.rows) * len(metrics), columns, squeeze=False)
        for i, row in enumerate(figure.rows):
            block = panels[i * len(metrics) : (i + 1) * len(metrics)]
            for j, cell in enumerate(row):
                _cell([axes[j] for axes in block], cell, metrics, by_key, sizes)
            for axes, metric in zip(block, metrics, strict=True):
                _share(list(axes))
                axes[0].set_ylabel(LABELS[metric])
                axes[0].yaxis.set_label_coords(LABEL * columns / WIDTHS[columns], 0.5)
                if metric != "mean_score":
                    for one in axes:
                        one.axhline(0, color="#999999", linewidth=0.8, zorder=0.9)
        counts = sorted(set(found.series["seeds"])) if len(found.series) else []
        seeds = "Seeds: " + (f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else str(counts[0]))
        drawn.suptitle(f"{figure.name}: {figure.title}", x=0.01, ha="left", fontsize=11, fontweight="bold")
        style.add_note(
            drawn, TEXT.format(seeds=seeds, ceiling=CEILING if _has_ceiling(found.series) else ""), note
        )
    return drawn


def _cell(
    panels: list[Axes],
    cell: Cell,
    metrics: tuple[str, ...],
    by_key: dict[tuple[str, str], pd.DataFrame],
    sizes: tuple[int, ...],
) -> None:
    places = {str(size): float(i) for i, size in enumerate(sizes)} | {RANDOM: len(sizes) + 0.2}
    handles = []
    for i, line in enumerate(cell.lines):
        marker = style.MARKERS[i % len(style.MARKERS)]
        here = by_key.get(_key(line))
        if here is None:
            handles.append(
                Line2D([], [], color="#bbbbbb", marker="x", linestyle="", label=f"{line.label}: missing")
            )
            continue
        top, rest = here[here["set"] != RANDOM], here[here["set"] == RANDOM]
        for axes, metric in zip(panels, metrics, strict=True):
            x = top["set"].map(places).to_numpy(dtype=float)
            mean, std = (top[name].to_numpy(dtype=float) for name in (metric, f"{metric}_std"))
            axes.plot(x, mean, color=line.colour, marker=marker, markersize=4)
            if np.isfinite(std).any():
                axes.fill_between(x, mean - std, mean + std, color=line.colour, alpha=0.15, linewidth=0)
            axes.errorbar(
                [places[RANDOM] + 0.06 * (i - (len(cell.lines) - 1) / 2)],
                rest[metric].to_numpy(dtype=float),
                yerr=rest[f"{metric}_std"].fillna(0).to_numpy(dtype=float),
                color=line.colour, marker=marker, markersize=4, linewidth=1, zorder=3,
            )  # fmt: skip
        trend = here["topn_mean_tau"].iloc[0]
        value = "" if pd.isna(trend) else f" ({trend:.2f})".replace("-", MINUS)
        handles.append(
            Line2D([], [], color=line.colour, marker=marker, markersize=4, label=f"{line.label}{value}")
        )
    _ceiling(panels, metrics, places, [by_key[key] for key in map(_key, cell.lines) if key in by_key][:1])
    panels[0].set_title(cell.title, fontsize=9)
    for axes in panels:
        axes.set_xticks(list(places.values()), list(places) if axes is panels[-1] else [""] * len(places))
        axes.set_xlim(-0.35, len(sizes) + 0.6)
        axes.axvline(len(sizes) - 0.4, color="#cccccc", linewidth=0.8)
    panels[-1].set_xlabel("N, size of the true top-N", labelpad=1)
    panels[-1].legend(
        handles=handles, loc="upper left", bbox_to_anchor=(-0.06, -0.32), ncols=2, fontsize=7, borderpad=0,
        handlelength=1.6, columnspacing=0.9, labelspacing=0.3,
    )  # fmt: skip


def _key(line: Line) -> tuple[str, str]:
    return line.trained, ", ".join(line.mask) or FULL


def _has_ceiling(series: pd.DataFrame) -> bool:
    return bool(series["ceiling_tau_b"].notna().any())


def _ceiling(
    panels: list[Axes], metrics: tuple[str, ...], places: dict[str, float], first: list[pd.DataFrame]
) -> None:
    """What the truth's own noise leaves to be reached, drawn for one variant: of each mask it would hide the lines."""
    for here in first:
        top, rest = here[here["set"] != RANDOM], here[here["set"] == RANDOM]
        for axes, metric in zip(panels, metrics, strict=True):
            if metric == "mean_score":
                continue
            dotted: dict[str, Any] = {
                "color": "#111111",
                "linestyle": (0, (1, 1.2)),
                "linewidth": 1.3,
                "zorder": 1.5,
            }
            column = f"ceiling_{metric}"
            axes.plot(top["set"].map(places), top[column].astype(float), **dotted)
            x = places[RANDOM]
            axes.plot([x - 0.3, x + 0.3], [float(rest[column].iloc[0])] * 2, **dotted)


def _share(row: list[Axes]) -> None:
    """One scale for a row of panels, with tick labels on its left."""
    limits = np.array([axes.get_ylim() for axes in row if axes.has_data()])
    for axes in row:
        if len(limits):
            low, high = limits[:, 0].min(), limits[:, 1].max()
            margin = 0.04 * (high - low)  # a marker at the edge stays whole
            axes.set_ylim(low - margin, high + margin)
    for axes in row[1:]:
        axes.tick_params(labelleft=False)
