"""Accuracy against MACs, parameters and validation accuracy, with their correlations.

Source: the Blox paper, Figure 15.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.blox.axes import COSTS, cloud
from analysis.statistics.correlation import Coefficient, kendall_tau, pearson, spearman
from analysis.user_tables.truth_file import TruthFile

MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"


def draw_relations(truth: TruthFile) -> tuple[Figure, pd.DataFrame]:
    """Three panels, the coefficients above each; rows: arch, the column, the validation accuracy if there is one,
    params, macs."""
    valid = [name for name in truth.with_other(part="valid") if name != truth.column]
    frame = pd.concat([truth.frame[["arch", truth.column, *valid]], truth.costs], axis=1)
    with style.look():
        figure = style.new_figure(height=3.6, width=9.6)
        panels = figure.subplots(1, 3)
        for axes, (cost, (label, unit)) in zip(panels, COSTS.items(), strict=False):
            _panel(axes, frame[cost].to_numpy(dtype=float) / unit, frame[truth.column].to_numpy(dtype=float))
            axes.set_xlabel(label)
        if valid:
            x, y = (frame[name].to_numpy(dtype=float) for name in (valid[0], truth.column))
            _panel(panels[2], x, y)
            panels[2].set_xlabel(f"{valid[0]} (%)")
        else:
            style.empty(panels[2], f"the table has no validation accuracy\nbeside {truth.column}")
        panels[0].set_ylabel(f"{truth.column} (%)")
        style.add_note(figure, f"One point a model. Truth: {truth.source}.")
    return figure, frame


def _panel(axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    cloud(axes, x, y, style.PALETTE[0])
    tau, rho, r = (_text(of(y, x)) for of in (kendall_tau, spearman, pearson))
    text = f"n = {len(x):,}, tau-b {tau}\nSpearman {rho}, Pearson {r}"
    axes.text(0, 1.02, text, transform=axes.transAxes, va="bottom", fontsize=8, linespacing=1.15)


def _text(coefficient: Coefficient) -> str:
    return DASH if coefficient.value is None else f"{coefficient.value:.3f}".replace("-", MINUS)
