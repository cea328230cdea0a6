"""Accuracy against cost: uniform models, which repeat one block, and macro models, which do not, with Pareto fronts.

Source: the Blox paper, Figure 4.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures import style
from analysis.figures.blox.axes import COSTS, cloud
from analysis.statistics.pareto import pareto_front
from analysis.user_tables.truth_file import TruthFile
from supernet.spaces import Architecture, Space

LOOK = {True: ("uniform", style.PALETTE[0], "s"), False: ("macro", style.PALETTE[1], "o")}


def is_uniform(space: Space, architecture: Architecture) -> bool:
    """Whether its blocks are the same at every stage, however they are encoded."""
    return len(set(space.cells_of(space.canonical(architecture)))) == 1


def with_fronts(truth: TruthFile) -> pd.DataFrame:
    """A row a model: arch, accuracy (percent), params, macs, uniform, and of each cost 'pareto_<cost>': whether it is
    on the Pareto front of its own kind."""
    frame = pd.DataFrame({"arch": truth.frame["arch"], "accuracy": truth.numbers, **truth.costs})
    frame["uniform"] = [is_uniform(truth.space, architecture) for architecture in truth.architectures]
    for cost in COSTS:
        frame[f"pareto_{cost}"] = False
        for rows in frame.groupby("uniform").groups.values():
            front = pareto_front(frame.loc[rows, cost], frame.loc[rows, "accuracy"])
            frame.loc[rows, f"pareto_{cost}"] = front
    return frame


def draw_cost(truth: TruthFile) -> tuple[Figure, pd.DataFrame]:
    """A panel a cost, and the rows of `with_fronts`."""
    frame = with_fronts(truth)
    counts = frame["uniform"].value_counts()
    with style.look():
        figure = style.new_figure(height=4.2, width=8.4)
        panels = figure.subplots(1, len(COSTS), sharey=True)
        for axes, cost in zip(panels, COSTS, strict=True):
            _panel(axes, frame, cost)
        panels[0].set_ylabel(f"{truth.column} (%)")
        handles = [
            Line2D(
                [], [], color=colour, marker=marker, markersize=4.5, label=f"{name}: {counts.get(kind, 0):,}"
            )
            for kind, (name, colour, marker) in LOOK.items()
            if counts.get(kind, 0)
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=2)
        text = (
            "Uniform: the same block at all three stages; macro: all others. Lines: the Pareto front of each kind, the"
            " models (outlined) that no other of its kind beats in both accuracy and cost."
        )
        none = "" if counts.get(True, 0) else "The table has no uniform model."
        style.add_note(figure, text, none, f"Truth: {truth.source}.")
    return figure, frame


def _panel(axes: Axes, frame: pd.DataFrame, cost: str) -> None:
    label, unit = COSTS[cost]
    for kind in (False, True):  # the few on top of the many
        _, colour, marker = LOOK[kind]
        here = frame[frame["uniform"] == kind]
        cloud(axes, here[cost] / unit, here["accuracy"], colour, marker, few=kind)
        front = here[here[f"pareto_{cost}"]].drop_duplicates(cost).sort_values(cost)
        axes.plot(
            front[cost] / unit, front["accuracy"], color=colour, marker=marker, markersize=4.5, linewidth=1.2,
            drawstyle="steps-post", markeredgecolor="white", markeredgewidth=0.6, zorder=3 + kind,
        )  # fmt: skip
    low, high = frame["accuracy"].min(), frame["accuracy"].max()
    margin = 0.03 * (high - low) if np.isfinite(high - low) and high > low else 1
    axes.set_ylim(low - margin, high + margin)
    axes.set_xlabel(label)
