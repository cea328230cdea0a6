"""Operations in the true top-N: how many architectures use each, and its share of all choices."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter, NullLocator, PercentFormatter

from analysis.figures import style
from analysis.store.study import FULL

COLUMNS = 3  # masks beside each other


def operation_use(use: pd.DataFrame, *, space: str, note: str = "") -> Figure:
    """A pair of panels a mask, the full space first: usage above, share below, against N (log scale).

    use: mask, name, top, usage, share: one row for each mask, name and N, as of `use_by_mask`. space: its name, for the
    titles. Source: the single-path ranking study, Figure 3."""
    masks = list(dict.fromkeys(use["mask"]))
    look = style.colours(use["name"])
    across = min(COLUMNS, len(masks))
    down = -(-len(masks) // across)
    share_top = min(1.0, 1.08 * float(use["share"].max()))
    with style.look():
        figure = style.new_figure(height=2.75 * down + 0.9, width=max(4.2, 2.4 * across))
        # A band of its own for each row of masks: the pairs keep together.
        bands = figure.subfigures(down, 1, squeeze=False)[:, 0]
        for i, band in enumerate(bands):
            here = masks[i * across : (i + 1) * across]
            panels = band.subplots(2, across, squeeze=False, height_ratios=(1, 1))
            for j, (above, below) in enumerate(panels.T):
                if j >= len(here):
                    above.set_axis_off()
                    below.set_axis_off()
                    continue
                group = use[use["mask"] == here[j]]
                _lines(above, group, "usage", look)
                _lines(below, group, "share", look)
                above.set_title(style.panel_title(space) if here[j] == FULL else f"without {here[j]}")
                above.set_ylim(-0.03, 1.03)
                below.set_ylim(0, share_top)
                above.tick_params(labelbottom=False)
                below.set_xlabel(f"true top-N of {group['top'].max():,}")
                if j == 0:
                    above.set_ylabel("usage")
                    below.set_ylabel("share")
                else:
                    above.tick_params(labelleft=False)
                    below.tick_params(labelleft=False)
        handles = [
            Line2D([], [], color=colour, marker=marker, markersize=3, label=name)
            for name, (colour, marker) in look.items()
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=min(6, len(handles)))
        style.add_note(
            figure,
            "Usage: how many of the true top-N use it at least once. Share: of all choices in the true top-N, how many"
            " are it.",
            note,
        )
    return figure


def _lines(axes: Axes, group: pd.DataFrame, column: str, look: dict[str, tuple[str, str]]) -> None:
    for name, rows in group.groupby("name", sort=False):
        colour, marker = look[str(name)]
        axes.plot(rows["top"], rows[column], color=colour, marker=marker, markersize=3, label=name)
    axes.set_xscale("log")
    low, high = int(group["top"].min()), int(group["top"].max())
    ticks = [10**p for p in range(1, 7) if low <= 10**p < high / 3]  # nearer ones would touch the last
    axes.set_xticks([*ticks, high], [*(f"{tick:,}" for tick in ticks), "all"])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
