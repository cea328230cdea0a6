"""The figures of the single-path ranking study, registered and drawn, laid out as in the paper.

Metrics against N: rows sizes, columns masks, the mean score above and tau below. Scatters: rows variants, columns the
true top-50, the true top-250 and the random sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from analysis.figures import style
from analysis.figures.ranking_study.gather import RANDOM, Gathered, by_variant, gather
from analysis.figures.ranking_study.layouts import LAYOUTS, Cell, Layout, Line
from analysis.figures.registry import Drawn, Source, figure
from analysis.figures.style import Canvas
from analysis.statistics.correlation import kendall_tau, pearson, spearman
from analysis.store.study import FULL, Study

SMOKE = "SMOKE SIZE"  # how the note of a study begins whose runs show only that it works
NAMED = 4  # names of missing variants under a figure; the command prints all


def draw(layout: Layout, study: Study, ax: Canvas | None = None) -> Iterator[Drawn]:
    """The figure of what the study has of the layout's variants, and the numbers that it shows."""
    gathered = gather(study, layout.lines)
    if not len(gathered.series):
        return
    absent = {"not in the study": gathered.absent, "no finished run": gathered.unfinished}
    data = f"Data: {study.note}." if study.note else ""
    note = " ".join(part for part in (data, layout.choice, *_named(absent)) if part)
    if layout.metrics:
        drawn, frame = metric_panels(layout, gathered, study.top, note=note, ax=ax), gathered.series
    else:
        truth = ", ".join(truth.title for truth in study.truths.values())
        drawn, frame = scatters(layout, gathered, study.top, truth=truth, note=note, ax=ax), gathered.points
    if study.note.startswith(SMOKE):
        drawn.text(
            0.5, 0.55, SMOKE, ha="center", va="center", rotation=30, fontsize=44, fontweight="bold", color="#888888",
            alpha=0.22,
        )  # fmt: skip
    missing = tuple(f"{name} ({why})" for why, names in absent.items() for name in names)
    yield Drawn(drawn, frame, missing=missing)


for _layout in LAYOUTS.values():
    figure(
        _layout.name,
        source=Source.RUNS,
        of=_layout.study,
        title=_layout.title,
        needs=f"a finished run of the variants that study {_layout.study} trains",
        sizes=False,  # panels stand beside each other as in the paper
    )(partial(draw, _layout))


def _named(absent: dict[str, tuple[str, ...]]) -> list[str]:
    """What the figure lacks, in short."""
    texts = []
    for why, names in absent.items():
        if names:
            more = f"; and {len(names) - NAMED} more" if len(names) > NAMED else ""
            texts.append(f"{why.capitalize()}: {'; '.join(names[:NAMED])}{more}.")
    return texts


# Metrics against N

CEILING = (
    " Dotted: the noise ceiling, one seed of the truth against another, in the space of a panel's first variant; it is"
    " low inside the top, which is chosen by the seeds' mean."
)
LABELS = {"mean_score": "mean score (%)", "tau_b": "tau-b", "spearman": "Spearman", "pearson": "Pearson"}
DOTTED: dict[str, Any] = {"color": "#111111", "linestyle": (0, (1, 1.2)), "linewidth": 1.3, "zorder": 1.5}
WIDTHS = {1: 5.2, 2: 7.2, 3: 9.6}  # inches, by columns
LABEL = -0.62  # inches from a panel to its label, nearly: room for -0.25, and labels of a column in line
TEXT = (
    "x: the true top-N, then the random sample (everything, where a space has fewer). Lines: mean over seeds; bands: ±"
    " standard deviation, none for one seed; no mark where a coefficient is undefined. In brackets: topn_mean_tau of"
    " the mean score over seeds, which is the paper's tau_a; -1 is best. Panels of a row share their scales. {seeds}."
    "{ceiling}"
)


def metric_panels(
    layout: Layout, gathered: Gathered, sizes: tuple[int, ...], *, note: str = "", ax: Canvas | None = None
) -> Figure | SubFigure:
    """A row of panels for each metric of each row of cells. sizes: the N of the study.

    A variant without numbers is crossed out in its legend: its absence is seen and no line is guessed."""
    columns = max(map(len, layout.rows))
    metrics = layout.metrics
    longest = max(len(cell.lines) for row in layout.rows for cell in row)
    legend = 0.17 * -(-longest // 2) + 0.35
    height = len(layout.rows) * (1.45 * len(metrics) + legend + 0.25) + 1.1
    by_key = by_variant(gathered.series)
    with style.look():
        drawn = style.new_figure(height=height, width=WIDTHS[columns], ax=ax)
        panels = drawn.subplots(len(layout.rows) * len(metrics), columns, squeeze=False)
        for i, row in enumerate(layout.rows):
            block = panels[i * len(metrics) : (i + 1) * len(metrics)]
            for j, cell in enumerate(row):
                _cell([axes[j] for axes in block], cell, metrics, by_key, sizes)
            for axes, metric in zip(block, metrics, strict=True):
                _share(list(axes))
                axes[0].set_ylabel(LABELS[metric])
                axes[0].yaxis.set_label_coords(LABEL * columns / WIDTHS[columns], 0.5)
                if metric != "mean_score":
                    for one in axes:
                        style.zero_line(one)
        counts = sorted(set(gathered.series["seeds"]))
        seeds = "Seeds: " + (f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else str(counts[0]))
        drawn.suptitle(f"{layout.name}: {layout.title}", x=0.01, ha="left", fontsize=11, fontweight="bold")
        ceiling = CEILING if gathered.series["ceiling_tau_b"].notna().any() else ""
        style.add_note(drawn, TEXT.format(seeds=seeds, ceiling=ceiling), note)
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
        rows = by_key.get(_key(line))
        if rows is None:
            handles.append(
                Line2D([], [], color="#bbbbbb", marker="x", linestyle="", label=f"{line.label}: missing")
            )
            continue
        top, rest = rows[rows["set"] != RANDOM], rows[rows["set"] == RANDOM]
        for axes, metric in zip(panels, metrics, strict=True):
            x = top["set"].map(places).to_numpy(dtype=float)
            mean, std = (top[name].to_numpy(dtype=float) for name in (metric, f"{metric}_std"))
            axes.plot(x, mean, color=line.colour, marker=marker, markersize=4)
            if np.isfinite(std).any():
                style.band(axes, x, mean, std, line.colour, 0.15)
            axes.errorbar(
                [places[RANDOM] + 0.06 * (i - (len(cell.lines) - 1) / 2)],
                rest[metric].to_numpy(dtype=float),
                yerr=rest[f"{metric}_std"].fillna(0).to_numpy(dtype=float),
                color=line.colour, marker=marker, markersize=4, linewidth=1, zorder=3,
            )  # fmt: skip
        trend = rows["topn_mean_tau"].iloc[0]
        value = "" if pd.isna(trend) else f" ({style.coefficient(trend)})"
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


def _ceiling(
    panels: list[Axes], metrics: tuple[str, ...], places: dict[str, float], first: list[pd.DataFrame]
) -> None:
    """What the truth's own noise leaves to be reached, drawn for one variant: of each mask it would hide the lines."""
    for rows in first:
        top, rest = rows[rows["set"] != RANDOM], rows[rows["set"] == RANDOM]
        for axes, metric in zip(panels, metrics, strict=True):
            if metric == "mean_score":
                continue
            column = f"ceiling_{metric}"
            axes.plot(top["set"].map(places), top[column].astype(float), **DOTTED)
            x = places[RANDOM]
            axes.plot([x - 0.3, x + 0.3], [float(rest[column].iloc[0])] * 2, **DOTTED)


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


# Scatters

TOPS = (50, 250)  # the paper's, where the study scores as many
POINTS_TEXT = (
    "One point an architecture. x: its score, the validation accuracy with inherited weights, mean over seeds. y: its"
    " truth. The coefficients are those of the points in the panel: of the mean score, as a rule higher than the mean"
    " over seeds."
)


def scatters(
    layout: Layout,
    gathered: Gathered,
    sizes: tuple[int, ...],
    *,
    truth: str,
    note: str = "",
    ax: Canvas | None = None,
) -> Figure | SubFigure:
    """A row of panels for each variant. sizes: the N of the study. truth: what the truth is, for the axis."""
    tops = [size for size in TOPS if size in sizes] or list(sizes[-2:])
    rows = [cell for row in layout.rows for cell in row]
    by_key = by_variant(gathered.points)
    with style.look():
        drawn = style.new_figure(height=2.6 * len(rows) + 1.3, width=8.4, ax=ax)
        panels = drawn.subplots(len(rows), len(tops) + 1, squeeze=False)
        for axes, cell in zip(panels, rows, strict=True):
            (line,) = cell.lines
            shown = by_key.get(_key(line))
            for i, size in enumerate([*tops, None]):
                if shown is None:
                    style.empty(axes[i], f"{line.name}:\nno finished run" if i == 1 else "")
                    continue
                _points(
                    axes[i], shown[shown["sampled"] if size is None else shown["place"] <= size], line.colour
                )
                what = f"top-{size}" if size else RANDOM
                axes[i].set_title(f"{cell.title}\n{what}" if i == 0 else f"\n{what}", pad=28)
            axes[0].set_ylabel(truth if len(truth) < 34 else "truth (%)")
        for one in panels[-1]:
            one.set_xlabel("score (%)")
        drawn.suptitle(f"{layout.name}: {layout.title}", x=0.01, ha="left", fontsize=11, fontweight="bold")
        seeds = sorted(set(gathered.points["seeds"])) if len(gathered.points) else [0]
        style.add_note(drawn, f"{POINTS_TEXT} Truth: {truth}. Seeds: {', '.join(map(str, seeds))}.", note)
    return drawn


def _points(axes: Axes, points: pd.DataFrame, colour: str) -> None:
    size = float(np.clip(900 / max(1, len(points)), 3, 14))
    style.points(axes, points["score"], points["truth"], colour, size, 0.5)
    truth, score = points["truth"].to_numpy(dtype=float), points["score"].to_numpy(dtype=float)
    tau, rho, r = (style.coefficient(of(truth, score).value) for of in (kendall_tau, spearman, pearson))
    text = f"tau-b {tau}, n = {len(points)}\nSpearman {rho}, Pearson {r}"
    # Above the panel, where it covers no point.
    axes.text(0, 1.02, text, transform=axes.transAxes, va="bottom", fontsize=7.5, linespacing=1.1)
