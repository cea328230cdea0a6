"""How cost and accuracy are distributed over the models. Source: the Blox paper, Figure 14."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.blox.axes import COSTS
from analysis.statistics.pairs import Floats
from analysis.user_tables.truth_file import TruthFile

MOST = 60  # bins


def draw_distributions(truth: TruthFile) -> tuple[Figure, pd.DataFrame]:
    """A histogram of MACs, of parameters, of the validation accuracy (where the table has it) and of the column's own;
    rows: quantity, low, high (bounds of the bin, the upper one open but for the last), models."""
    quantities = {label: truth.costs[cost].to_numpy() / unit for cost, (label, unit) in COSTS.items()}
    for column in [*truth.with_other(part="valid"), truth.column]:
        quantities.setdefault(f"{column} (%)", truth.frame[column].dropna().to_numpy(dtype=float))
    bins = []
    with style.look():
        down = -(-len(quantities) // 2)
        figure = style.new_figure(height=2.3 * down + 0.8)
        panels = figure.subplots(down, 2, squeeze=False)
        for axes in panels.flat[len(quantities) :]:
            style.empty(axes, f"the table has no validation accuracy beside {truth.column}")
        for axes, (label, values) in zip(panels.flat, quantities.items(), strict=False):
            counts, edges = np.histogram(values, bins=_edges(values))
            axes.stairs(counts, edges, fill=True, color=style.PALETTE[0], alpha=0.85)
            median = float(np.median(values))
            axes.axvline(median, color=style.PALETTE[1], linewidth=1.4)
            text = f"median {median:.4g}, range {values.min():.4g} to {values.max():.4g}"
            axes.set_title(text, fontsize=8.5, fontweight="normal")
            axes.set_xlabel(label)
            bins += [
                {"quantity": label, "low": low, "high": high, "models": int(count)}
                for low, high, count in zip(edges, edges[1:], counts, strict=False)
            ]
        for axes in panels[:, 0]:
            axes.set_ylabel("models")
        text = f"{len(truth.frame):,} models. The line is the median."
        style.add_note(figure, text, f"Truth: {truth.source}.")
    return figure, pd.DataFrame(bins)


def _edges(values: Floats) -> Floats:
    """Equal bins as Freedman and Diaconis (1981) choose them, at most MOST."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.array([low - 0.5, high + 0.5])
    middle = float(np.subtract(*np.percentile(values, [75, 25])))
    count = (high - low) * len(values) ** (1 / 3) / (2 * middle) if middle > 0 else MOST
    return np.linspace(low, high, int(np.clip(np.ceil(count), 1, MOST)) + 1)
