"""Truth against score: one panel a variant of a study, or one pair of columns; the shape behind the number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import overload

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.registry import Drawn, Source, figure
from analysis.figures.style import Canvas
from analysis.measures.collect import Collected
from analysis.measures.score_sets import pair_points
from analysis.store.tables import join
from analysis.user_tables.pair import TablePair

PANELS = 12  # on a page
COLUMNS = 3
WRAP, NARROW = 27, 19  # letters in a line of a title, and in a paper's column
GROUP = ["space", "mask", "variant"]


@figure("scatter", source=Source.REPORT, title="Truth against score, some variants a page", points=True)
def scatter_pages(collected: Collected, ax: Canvas | None = None) -> Iterator[Drawn]:
    """`scatter` of a study, a page after another: many panels take up much memory. Rows: the points of the page."""
    usable = collected.primary[collected.primary["tau_b"].notna()]
    truth = ", ".join(dict.fromkeys(truth.title for truth in collected.study.truths.values()))
    parts = pages(collected.points)
    for number, points in enumerate(parts, 1):
        note = style.data_note(collected.study.note)
        drawn = scatter(points, usable, top=marked(collected), truth=truth, note=note, ax=ax)
        yield Drawn(drawn, points, page=str(number) if len(parts) > 1 else "")


def marked(collected: Collected) -> int:
    """How many of the best by truth a scatter marks."""
    top = collected.study.top
    return max(size for size in top if size <= max(50, top[0]))


def pages(points: pd.DataFrame) -> list[pd.DataFrame]:
    """The points of each page, at most PANELS variants, space by space; of no points one page that is empty."""
    groups = [group for _, group in _panels(points)]
    starts = range(0, len(groups), PANELS)
    return [pd.concat(groups[start : start + PANELS]) for start in starts] or [points]


def scatter(
    points: pd.DataFrame,
    taus: pd.DataFrame,
    *,
    top: int,
    truth: str,
    note: str = "",
    ax: Canvas | None = None,
) -> Canvas:
    """One panel for each space, mask and variant.

    points: space, mask, variant, truth, score (mean over seeds), seeds, place (1 is the best truth) and sampled
    (false: scored as one of the top only). taus: the same names and tau_b, the mean over seeds of each seed's, of the
    sampled points. top: this many of the best by truth are marked. truth: what the truth is, for the axis. Axes leave
    out the lowest 5 % where they would squeeze the rest; how many points that hides is written in the panel.
    """
    groups = _panels(points)
    with style.look():
        figure, panels = style.panel_grid(len(groups), COLUMNS, 2.5, 0.9, ax=ax)
        columns = panels.shape[1]
        wrap = WRAP if style.room(style.WIDTH) == style.WIDTH else NARROW
        if not groups:
            style.empty(panels[0, 0], "no finished run")
        known = {tuple(row[:3]): row[3] for row in taus[[*GROUP, "tau_b"]].itertuples(index=False)}
        for axes, ((space, mask, variant), group) in zip(panels.flat, groups, strict=False):
            best = group["place"] <= top
            rest = group[~best]
            alpha = float(np.clip(2000 / max(1, len(group)), 0.12, 0.45))
            size = float(np.clip(900 / max(1, len(group)), 2, 14))
            style.points(axes, rest["truth"], rest["score"], style.GREY, size, alpha)
            style.points(
                axes, group["truth"][best], group["score"][best], style.PALETTE[1], max(8.0, size), 0.9
            )
            hidden = _zoom(axes, group)
            axes.set_title(style.variant_title(space, mask, variant, wrap), fontsize=style.pt(8.5))
            tau = known.get((space, mask, variant))
            sampled = int(group["sampled"].sum())
            more = f" + {len(group) - sampled} of the top" if sampled < len(group) else ""
            lines = [
                f"tau-b {tau:.3f}" if tau is not None and np.isfinite(tau) else "tau-b undefined",
                style.fit(f"n = {sampled}{more}", 15),
            ]
            lines += [f"{hidden} lower off scale"] * bool(hidden)
            x, y, across, down = _emptier_corner(axes, group)
            axes.text(
                x, y, "\n".join(lines), transform=axes.transAxes, ha=across, va=down, fontsize=style.pt(8),
                bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1.5},
            )  # fmt: skip
        for axes in panels[:, 0]:
            axes.set_ylabel("score")
        for i in range(min(columns, len(groups))):
            last = (len(groups) - 1 - i) // columns
            panels[last, i].set_xlabel(truth if len(truth) < 30 else "truth (%)")
        marked = f"Orange: the {top} architectures with the highest truth (all, if there are fewer)."
        style.add_note(
            figure,
            f"x: {truth}. y: the mean score over seeds, of supernets the validation accuracy with inherited weights in"
            f" percent. {marked}",
            note,
        )
    return figure


def _panels(points: pd.DataFrame) -> list[tuple[tuple[str, str, str], pd.DataFrame]]:
    """(space, mask, variant) and their points, space by space."""
    order = list(dict.fromkeys(points["space"]))
    groups = [(tuple(map(str, key)), group) for key, group in points.groupby(GROUP, sort=False)]
    return sorted(groups, key=lambda group: order.index(group[0][0]))  # type: ignore[arg-type]


def _emptier_corner(axes: Axes, group: pd.DataFrame) -> tuple[float, float, str, str]:
    """Where the words hide fewer points, at the upper left or the lower right: their place and alignment."""
    x, y = axes.transLimits.transform(group[["truth", "score"]].to_numpy(dtype=float)).T
    seen = (x >= 0) & (y >= 0)
    upper, lower = (x < 0.65) & (y > 0.75), (x > 0.35) & (y < 0.25)
    if (seen & lower).sum() < (seen & upper).sum():
        return 0.97, 0.03, "right", "bottom"
    return 0.03, 0.97, "left", "top"


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


@overload
def draw_pair(pair_of_tables: TablePair, *, top: int = 10) -> Figure: ...
@overload
def draw_pair(pair_of_tables: TablePair, *, top: int = 10, ax: Canvas | None) -> Canvas: ...
def draw_pair(pair_of_tables: TablePair, *, top: int = 10, ax: Canvas | None = None) -> Canvas:
    """`pair` of what `pair_frames` joined: truth against score. top: this many of the highest truth are marked."""
    joined = join(pair_of_tables.truth, pair_of_tables.scores)
    truth, score = pair_of_tables.truth.column, pair_of_tables.scores.column
    return pair(pair_points(joined), top=top, truth=truth, score=score, ax=ax)


def pair(
    points: pd.DataFrame, *, top: int, truth: str, score: str, note: str = "", ax: Canvas | None = None
) -> Canvas:
    """Left truth and score, right their places, 1 the best; one point an architecture.

    points: truth, score, place (by truth, from 1), score_place. top: this many of the best by truth are marked. truth,
    score: what they are, for the axes."""
    best = (points["place"] <= top).to_numpy()
    n = max(1, len(points))
    with style.look():
        figure = style.new_figure(height=4.2, width=8.4, ax=ax)
        left, right = figure.subplots(1, 2)
        for axes, x, y in ((left, "truth", "score"), (right, "place", "score_place")):
            size, alpha = float(np.clip(2500 / n, 1.5, 14)), float(np.clip(2500 / n, 0.1, 0.5))
            style.points(axes, points[x][~best], points[y][~best], style.GREY, size, alpha)
            style.points(axes, points[x][best], points[y][best], style.PALETTE[1], max(8.0, size), 0.9)
        left.set(xlabel=truth, ylabel=score)
        left.set_title("values")
        right.set(xlabel="place by truth", ylabel="place by score")
        right.invert_xaxis()
        right.invert_yaxis()
        right.set_title("places (1: the best)")
        text = (
            f"One point an architecture, n = {len(points):,}. Orange: the {min(top, n)} of the highest truth."
        )
        style.add_note(figure, text, note)
    return figure
