"""What a table of ground truth says of its space: operations of the true top-N, and agreement of its data sets.

Figures 3 and 10 of the single-path ranking study, and figure 3 for Blox.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from analysis.figures import style
from analysis.figures.blox import BLOX
from analysis.figures.ranking_study.layouts import SPACE
from analysis.figures.registry import Drawn, Source, figure
from analysis.figures.style import Canvas
from analysis.measures.ground_truth import agreement, occurrences, use_by_mask
from analysis.store.study import FULL
from analysis.user_tables.truth_file import TruthFile

MASKS = 3  # masks beside each other
DATA_SETS = 2  # data sets beside each other


@figure("paper-3", source=Source.TABLE, of=SPACE, title="Operations of the true top-N")
@figure("blox-operations", source=Source.TABLE, of=BLOX, title="Operations of the true top-N")
def operations(truth: TruthFile, ax: Canvas | None = None) -> Iterator[Drawn]:
    """The operations that the true top-N use; rows: of `use_by_mask`."""
    yield _use(truth, "operation", ax)


@figure("blox-connectivity", source=Source.TABLE, of=BLOX, title="Connectivity types of the true top-N")
def connectivity(truth: TruthFile, ax: Canvas | None = None) -> Iterator[Drawn]:
    """The connectivity types that the true top-N use; rows: of `use_by_mask`."""
    yield _use(truth, "connectivity", ax)


def _use(truth: TruthFile, kind: str, ax: Canvas | None) -> Drawn:
    counts = occurrences(truth.space, truth.architectures)[kind]
    use = use_by_mask(counts, truth.numbers)
    return Drawn(operation_use(use, space=truth.space.name, note=f"Truth: {truth.source}.", ax=ax), use)


@figure("paper-10", source=Source.TABLE, of=SPACE, title="Agreement of the data sets")
def data_set_agreement(truth: TruthFile, ax: Canvas | None = None) -> Iterator[Drawn]:
    """Accuracies on the table's data sets against each other, and those accuracies.

    Raises:
        ValueError: the table has one data set.
    """
    columns = truth.with_other(data="*")
    if len(columns) < 2:
        raise ValueError(
            f"table: {truth.path} has {truth.column} of one data set alone; this figure compares several"
        )
    frame = truth.frame[["arch", *columns]]
    note = f"Truth: {', '.join(columns)} of {truth.path.name}."
    yield Drawn(data_sets(frame, agreement(frame, columns), columns, note=note, ax=ax), frame)


def operation_use(use: pd.DataFrame, *, space: str, note: str = "", ax: Canvas | None = None) -> Canvas:
    """A pair of panels a mask, the full space first: usage above, share below, against N (log scale).

    use: mask, name, top, usage, share: one row for each mask, name and N, as of `use_by_mask`. space: its name, for the
    titles. Source: the single-path ranking study, Figure 3."""
    masks = list(dict.fromkeys(use["mask"]))
    look = style.colours(use["name"])
    across = min(style.across(MASKS), len(masks))
    down = -(-len(masks) // across)
    share_top = min(1.0, 1.08 * float(use["share"].max()))
    with style.look():
        figure = style.new_figure(height=2.75 * down + 0.9, width=max(4.2, 2.4 * across), ax=ax)
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
                title = style.panel_title(space) if here[j] == FULL else f"without {here[j]}"
                above.set_title(style.fit(title, 12))
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
        figure.legend(
            handles=handles, loc="outside upper left", ncols=min(style.legend_columns(6), len(handles))
        )
        style.add_note(
            figure,
            "Usage: the share of the true top-N that use the operation at least once. Share: its part of all"
            " operations in the true top-N.",
            note,
        )
    return figure


def _lines(axes: Axes, group: pd.DataFrame, column: str, look: dict[str, tuple[str, str]]) -> None:
    for name, rows in group.groupby("name", sort=False):
        colour, marker = look[str(name)]
        axes.plot(rows["top"], rows[column], color=colour, marker=marker, markersize=3, label=name)
    low, high = int(group["top"].min()), int(group["top"].max())
    ticks = [10**p for p in range(1, 7) if low <= 10**p < high / 3]  # nearer ones would touch the last
    style.size_axis(axes, [*ticks, high], [*(f"{tick:,}" for tick in ticks), "all"])
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def data_sets(
    frame: pd.DataFrame,
    agreement: pd.DataFrame,
    columns: Sequence[str],
    *,
    note: str = "",
    ax: Canvas | None = None,
) -> Canvas:
    """One panel a data set: its accuracy to the right, that of the same architecture on the others upwards.

    frame: one row an architecture, `columns` in percent. agreement: x, y, tau_b of each pair of columns. Source: the
    single-path ranking study, Figure 10."""
    look = style.colours(columns)
    taus = agreement.set_index(["x", "y"])["tau_b"]
    n = len(frame)
    order = np.random.default_rng(0).permutation(n)  # no data set is drawn over all points of another
    with style.look():
        figure, panels = style.panel_grid(len(columns), DATA_SETS, 3.0, 0.8, ax=ax)
        for axes, x in zip(panels.flat, columns, strict=False):
            others = [y for y in columns if y != x]
            # All points in one cloud and in random order: else the last data set would hide the first.
            points = np.concatenate([frame[[x, y]].to_numpy(dtype=float) for y in others])
            colour = np.repeat([look[y][0] for y in others], n)
            mixed = np.concatenate([order + i * n for i in range(len(others))])
            mixed = mixed[np.argsort(np.tile(np.arange(n), len(others)), kind="stable")]
            size, alpha = np.clip(4000 / max(1, n), 1, 12), np.clip(3000 / max(1, n), 0.25, 0.7)
            style.points(axes, points[mixed, 0], points[mixed, 1], colour[mixed], float(size), float(alpha))
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
