"""Truth against score, one panel a variant: the shape behind the number."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.store.study import FULL

PANELS = 12  # on a page
COLUMNS = 3
WRAP = 27  # letters in a line of a title
GROUP = ["space", "mask", "variant"]


def pages(points: pd.DataFrame) -> list[pd.DataFrame]:
    """The points of each page, at most PANELS variants, space by space; of no points one page that is empty."""
    groups = [group for _, group in _panels(points)]
    starts = range(0, len(groups), PANELS)
    return [pd.concat(groups[start : start + PANELS]) for start in starts] or [points]


def scatter(points: pd.DataFrame, taus: pd.DataFrame, *, top: int, truth: str, note: str = "") -> Figure:
    """One panel for each space, mask and variant.

    points: space, mask, variant, truth, score (mean over seeds), seeds, place (1 is the best truth) and sampled
    (false: scored as one of the top only). taus: the same names and tau_b, of the sampled points. top: this many of
    the best by truth are marked. truth: what the truth is, for the axis. Axes leave out the lowest 5 % where they
    would squeeze the rest; how many points that hides is written in the panel.
    """
    groups = _panels(points)
    columns = min(COLUMNS, max(1, len(groups)))
    rows = max(1, -(-len(groups) // columns))
    with style.look():
        figure = style.new_figure(height=2.5 * rows + 0.9)
        panels = figure.subplots(rows, columns, squeeze=False)
        for axes in panels.flat[len(groups) :]:
            axes.set_axis_off()
        if not groups:
            style.empty(panels[0, 0], "no finished run")
        known = {tuple(row[:3]): row[3] for row in taus[[*GROUP, "tau_b"]].itertuples(index=False)}
        for axes, ((space, mask, variant), group) in zip(panels.flat, groups, strict=False):
            best = group["place"] <= top
            rest = group[~best]
            alpha = float(np.clip(2000 / max(1, len(group)), 0.12, 0.45))
            size = float(np.clip(900 / max(1, len(group)), 2, 14))
            axes.scatter(
                rest["truth"],
                rest["score"],
                s=size,
                c=style.GREY,
                alpha=alpha,
                linewidths=0,
                rasterized=True,
            )
            axes.scatter(
                group["truth"][best],
                group["score"][best],
                s=max(8.0, size),
                c=style.PALETTE[1],
                alpha=0.9,
                linewidths=0,
                rasterized=True,
            )
            hidden = _zoom(axes, group)
            # The mask is in the title unless the variant's own name says it.
            named = style.panel_title(str(space), FULL if str(mask) in str(variant) else str(mask))
            title = f"{textwrap.fill(str(variant), WRAP)}\n{textwrap.fill(named, WRAP)}"
            axes.set_title(title, fontsize=8.5)
            tau = known.get((space, mask, variant))
            sampled = int(group["sampled"].sum())
            more = f" + {len(group) - sampled} of the top" if sampled < len(group) else ""
            lines = [
                f"tau-b {tau:.3f}" if tau is not None and np.isfinite(tau) else "tau-b undefined",
                f"n = {sampled}{more}",
            ]
            lines += [f"{hidden} lower off scale"] * bool(hidden)
            axes.text(
                0.03, 0.97, "\n".join(lines), transform=axes.transAxes, va="top", fontsize=8,
                bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1.5},
            )  # fmt: skip
        for axes in panels[:, 0]:
            axes.set_ylabel("score (%)")
        for i in range(min(columns, len(groups))):
            last = (len(groups) - 1 - i) // columns
            panels[last, i].set_xlabel(truth if len(truth) < 30 else "truth (%)")
        marked = f"Orange: the {top} architectures with the highest truth (all, if there are fewer)."
        style.add_note(
            figure,
            f"x: {truth}. y: validation accuracy with inherited weights, mean over seeds. {marked}",
            note,
        )
    return figure


def _panels(points: pd.DataFrame) -> list[tuple[tuple[str, str, str], pd.DataFrame]]:
    """(space, mask, variant) and their points, space by space."""
    order = list(dict.fromkeys(points["space"]))
    groups = [(tuple(map(str, key)), group) for key, group in points.groupby(GROUP, sort=False)]
    return sorted(groups, key=lambda group: order.index(group[0][0]))  # type: ignore[arg-type]


def _zoom(axes: Axes, group: pd.DataFrame) -> int:
    """Cut both axes if the lowest 5 % take more than half of either range; the number of points off scale."""
    limits, squeezed = [], False
    for name in ("truth", "score"):
        values = group[name].to_numpy()
        low, floor, high = values.min(), np.quantile(values, 0.05), values.max()
        squeezed |= bool(floor - low > (high - low) / 2)
        margin = 0.05 * (high - floor)
        limits.append((floor - margin, high + margin))
    if len(group) < 100 or not squeezed or any(low == high for low, high in limits):
        return 0
    axes.set(xlim=limits[0], ylim=limits[1])
    return int(((group["truth"] < limits[0][0]) | (group["score"] < limits[1][0])).sum())
