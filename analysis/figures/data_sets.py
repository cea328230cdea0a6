"""Accuracies on the data sets of one benchmark against each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures import style

COLUMNS = 2


def data_sets(
    frame: pd.DataFrame, agreement: pd.DataFrame, columns: Sequence[str], *, note: str = ""
) -> Figure:
    """One panel a data set: its accuracy to the right, that of the same architecture on the others upwards.

    frame: one row an architecture, `columns` in percent. agreement: x, y, tau_b of each pair of columns. Source: the
    single-path ranking study, Figure 10."""
    look = style.colours(columns)
    across = min(COLUMNS, len(columns))
    down = -(-len(columns) // across)
    taus = agreement.set_index(["x", "y"])["tau_b"]
    n = len(frame)
    order = np.random.default_rng(0).permutation(n)  # no data set is drawn over all points of another
    with style.look():
        figure = style.new_figure(height=3.0 * down + 0.8)
        panels = figure.subplots(down, across, squeeze=False)
        for axes in panels.flat[len(columns) :]:
            axes.set_axis_off()
        for axes, x in zip(panels.flat, columns, strict=False):
            others = [y for y in columns if y != x]
            # All points in one cloud and in random order: else the last data set would hide the first.
            points = np.concatenate([frame[[x, y]].to_numpy(dtype=float) for y in others])
            colour = np.repeat([look[y][0] for y in others], n)
            mixed = np.concatenate([order + i * n for i in range(len(others))])
            mixed = mixed[np.argsort(np.tile(np.arange(n), len(others)), kind="stable")]
            axes.scatter(
                *points[mixed].T,
                c=colour[mixed],
                s=float(np.clip(4000 / max(1, n), 1, 12)),
                alpha=float(np.clip(3000 / max(1, n), 0.25, 0.7)),
                linewidths=0,
                rasterized=True,
            )
            handles = [
                Line2D([], [], linestyle="", marker="o", color=look[y][0], label=f"{y}: {taus[x, y]:.3f}")
                for y in others
            ]
            axes.legend(
                handles=handles, title="tau-b with", alignment="left", loc="upper left",
                handletextpad=0.1, borderaxespad=0.1,
            )  # fmt: skip
            # Room for the legend, but no accuracies above 100 %.
            low, high = float(np.nanmin(points[:, 1])), float(np.nanmax(points[:, 1]))
            ticks = axes.yaxis.get_major_locator().tick_values(low, high)
            axes.set_yticks([tick for tick in ticks if 0 <= tick <= 100])
            margin = 0.04 * (high - low)
            axes.set_ylim(low - margin, high + (high - low) * (0.12 + 0.09 * len(others)))
            axes.set_title(x)
            axes.set_xlabel(f"{x} (%)")
        for axes in panels[:, 0]:
            axes.set_ylabel("accuracy on the others (%)")
        style.add_note(figure, f"Each of {n:,} architectures once for each other data set.", note)
    return figure
