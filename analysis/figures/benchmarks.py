"""Figure 22 of the Blox paper: benchmarks beside each other, accuracy against cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from analysis.figures import style
from analysis.figures.registry import Drawn, Source, figure
from analysis.figures.style import Canvas
from analysis.user_tables.plain_table import PlainTable

COSTS = {"macs": ("MACs (millions)", 1e6), "params": ("parameters (millions)", 1e6)}


@figure(
    "blox-22",
    source=Source.TABLES,
    of="blox,nasbench201,nats-size",
    title="Blox, NAS-Bench-201 and the size space of NATS-Bench",
    needs="two tables with the same images",
)
def benchmarks(tables: Sequence[PlainTable], ax: Canvas | None = None) -> Iterator[Drawn]:
    """A panel a cost, a colour a table; rows: table, title, column, accuracy (percent), params, macs. Accuracies of
    unlike images are said to be so below."""
    if len(tables) < 2:
        return
    frame = pd.concat(
        [
            pd.DataFrame(
                {
                    "table": one.path.name,
                    "title": one.title,
                    "column": one.column,
                    "accuracy": one.accuracy,
                    **one.costs,
                }
            )
            for one in tables
        ],
        ignore_index=True,
    )
    data = list(dict.fromkeys(one.data for one in tables))
    look = style.colours([str(one.path) for one in tables])
    with style.look():
        drawn, panels = style.panel_grid(len(COSTS), 2, 3.4, 0.9, 8.4, ax)
        for axes, (cost, (label, unit)) in zip(panels.flat, COSTS.items(), strict=True):
            for one in sorted(tables, key=lambda table: -len(table.accuracy)):  # the few on top of the many
                n = len(one.accuracy)
                size, alpha = np.clip(6000 / n, 1.2, 12), np.clip(3000 / n, 0.06, 0.6)
                colour, marker = look[str(one.path)]
                style.points(
                    axes, one.costs[cost] / unit, one.accuracy, colour, float(size), float(alpha), marker
                )
            axes.set_xscale("log")
            axes.set_xlabel(label)
        for axes in panels[:, 0]:
            axes.set_ylabel("test accuracy (%)" if len(data) > 1 else f"{data[0]} test accuracy (%)")
        handles = [
            Line2D([], [], color=look[str(one.path)][0], marker=look[str(one.path)][1], markersize=4.5, linestyle="",
                   label=f"{one.title}: {len(one.accuracy):,}")
            for one in tables
        ]  # fmt: skip
        style.add_legend(drawn, handles, 3)
        unlike = f"The accuracies are of unlike images: {', '.join(data)}." if len(data) > 1 else ""
        truths = "; ".join(f"{one.column} of {one.path.name}" for one in tables)
        style.add_note(drawn, f"One point a network. {unlike}".strip(), f"Truth: {truths}.")
    yield Drawn(drawn, frame)
