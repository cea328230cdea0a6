"""Predicted against true accuracy, laid out as in the paper: rows variants, columns the true top-50, the true top-250
and the random sample."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.paper.definitions import PaperFigure
from analysis.figures.paper.gather import RANDOM, Gathered, by_variant
from analysis.statistics.correlation import kendall_tau, pearson, spearman
from analysis.store.study import FULL

MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
COLUMNS = (50, 250)  # the paper's, where the study scores as many
TEXT = (
    "One point an architecture. x: its score, the validation accuracy with inherited weights, mean over seeds. y: its"
    " truth. The coefficients are those of the points in the panel: of the mean score, as a rule higher than the mean"
    " over seeds."
)


def scatters(
    figure: PaperFigure, found: Gathered, sizes: tuple[int, ...], *, truth: str, note: str = ""
) -> Figure:
    """A row of panels for each variant. sizes: the N of the study. truth: what the truth is, for the axis."""
    tops = [size for size in COLUMNS if size in sizes] or list(sizes[-2:])
    rows = [cell for row in figure.rows for cell in row]
    by_key = by_variant(found.points)
    with style.look():
        drawn = style.new_figure(height=2.6 * len(rows) + 1.3, width=8.4)
        panels = drawn.subplots(len(rows), len(tops) + 1, squeeze=False)
        for axes, cell in zip(panels, rows, strict=True):
            (line,) = cell.lines
            here = by_key.get((line.trained, ", ".join(line.mask) or FULL))
            for i, size in enumerate([*tops, None]):
                if here is None:
                    style.empty(axes[i], f"{line.name}:\nno finished run" if i == 1 else "")
                    continue
                _panel(axes[i], here[here["sampled"] if size is None else here["place"] <= size], line.colour)
                what = f"top-{size}" if size else RANDOM
                axes[i].set_title(f"{cell.title}\n{what}" if i == 0 else f"\n{what}", pad=28)
            axes[0].set_ylabel(truth if len(truth) < 34 else "truth (%)")
        for one in panels[-1]:
            one.set_xlabel("score (%)")
        drawn.suptitle(f"{figure.name}: {figure.title}", x=0.01, ha="left", fontsize=11, fontweight="bold")
        seeds = sorted(set(found.points["seeds"])) if len(found.points) else [0]
        style.add_note(drawn, f"{TEXT} Truth: {truth}. Seeds: {', '.join(map(str, seeds))}.", note)
    return drawn


def _panel(axes: Axes, points: pd.DataFrame, colour: str) -> None:
    size = float(np.clip(900 / max(1, len(points)), 3, 14))
    axes.scatter(points["score"], points["truth"], s=size, c=colour, alpha=0.5, linewidths=0, rasterized=True)
    truth, score = points["truth"].to_numpy(dtype=float), points["score"].to_numpy(dtype=float)
    tau, rho, r = (_text(of(truth, score).value) for of in (kendall_tau, spearman, pearson))
    text = f"tau-b {tau}, n = {len(points)}\nSpearman {rho}, Pearson {r}"
    # Above the panel, where it covers no point.
    axes.text(0, 1.02, text, transform=axes.transAxes, va="bottom", fontsize=7.5, linespacing=1.1)


def _text(value: float | None) -> str:
    return DASH if value is None else f"{value:.2f}".replace("-", MINUS)
