"""Figures 11, 12 and 20 of the Blox paper, in kind: searches by short fine-tuning, whose best are trained fully."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from analysis.figures import style
from analysis.figures.registry import Drawn, Source, figure
from analysis.figures.style import Canvas
from analysis.measures.iterations import ITERATED
from analysis.measures.retraining import SEARCHED, TwoPhases
from analysis.measures.search import half_of_interval
from analysis.statistics.pairs import Floats

POINTS = 150
ITERATIVE = "the iterative teacher: a folder of `studies search TABLE --method iterative-teacher:worst` among the paths"
PHASE = 0.5  # of the cost of phase 1 is spent at the switch, unless another cost is given


def switch_of(two: TwoPhases, switch: float | None = None) -> tuple[float, list[float]]:
    """The cost at which phase 2 begins, and the costs to look at: up to the end of phase 1, and what the blocks of
    other teachers take."""
    first = two.short.distillation
    at = first + PHASE * (two.end - first) if switch is None else switch
    begins = [one.distillation for one in two.longer if one.teacher != two.short.teacher]
    end = two.end + max(begins, default=0.0)
    return at, [float(cost) for cost in np.linspace(first, end, POINTS)]


def curve_rows(curves: Mapping[tuple[str, str], Floats], costs: list[float]) -> pd.DataFrame:
    """A row a method, training and cost at which every run has an incumbent: mean, quartiles and 95 % interval of the
    mean over runs."""
    rows: list[dict[str, Any]] = []
    for (method, trained), values in curves.items():
        for place in np.flatnonzero(~np.isnan(values).any(0)):
            one = values[:, place]
            half = half_of_interval(one)
            q25, q75 = np.quantile(one, [0.25, 0.75])
            rows.append(
                {"method": method, "trained": trained, "cost": costs[int(place)], "mean": one.mean(), "q25": q25,
                 "q75": q75, "low": one.mean() - half, "high": one.mean() + half}
            )  # fmt: skip
    return pd.DataFrame(rows)


@figure(
    "blox-11",
    source=Source.TWO_PHASES,
    title="Short fine-tuning, then full, by one teacher",
    needs="a table fine-tuned longer by the teacher of the searched one",
)
def one_teacher(two: TwoPhases, ax: Canvas | None = None) -> Iterator[Drawn]:
    """Of the first method; a curve for each table of the same teacher."""
    yield from _of_first(two, ax, lambda one: one.teacher is not None and one.teacher == two.short.teacher)


@figure(
    "blox-12",
    source=Source.TWO_PHASES,
    title="Searched by one teacher, trained by several",
    needs="a table fine-tuned by another teacher",
)
def teachers(two: TwoPhases, ax: Canvas | None = None) -> Iterator[Drawn]:
    """Of the first method; a curve for each table, and for each iterative teacher."""
    if two.iterated or any(one.teacher not in (None, two.short.teacher) for one in two.longer):
        for drawn in _of_first(two, ax, lambda one: True, iterated=True):
            yield drawn if two.iterated else drawn._replace(missing=(ITERATIVE,))


@figure(
    "blox-20",
    source=Source.TWO_PHASES,
    title="Searches by fine-tuning, of all methods, then full",
    needs="searches by two methods on a fine-tuned table",
)
def all_methods(two: TwoPhases, ax: Canvas | None = None) -> Iterator[Drawn]:
    """A curve a method, trained by the first of the tables."""
    if len(two.results.methods) < 2 or two.short.teacher is None:
        return
    switch, costs = switch_of(two)
    chosen = two.longer[0].name
    curves = {key: one for key, one in two.curves(costs, switch).items() if key[1] == chosen}
    yield _draw(two, curves, costs, switch, "method", ax)


def _of_first(two: TwoPhases, ax: Canvas | None, shown: Any, *, iterated: bool = False) -> Iterator[Drawn]:
    names = {one.name for one in two.longer if shown(one)}
    if not names:
        return
    switch, costs = switch_of(two)
    method = two.results.methods[0]
    curves = {
        key: one
        for key, one in two.curves(costs, switch).items()
        if key[0] == method and key[1] in {SEARCHED, *names}
    }
    if iterated:
        curves |= {(name, name): one for (name, _), one in two.iterative_curves(costs).items()}
    yield _draw(two, curves, costs, switch, "trained", ax)


def _draw(
    two: TwoPhases,
    curves: Mapping[tuple[str, str], Floats],
    costs: list[float],
    switch: float,
    by: str,
    ax: Canvas | None,
) -> Drawn:
    frame = curve_rows(curves, costs)
    look = style.colours(frame[by])
    with style.look():
        drawn, panels = style.panel_grid(1, 1, 4.0, 0.9, ax=ax)
        axes = panels[0, 0]
        for name, own in frame.groupby(by, sort=False):
            colour, marker = look[str(name)]
            if by == "trained" and name != SEARCHED and not str(name).startswith(ITERATED):
                own = own[own["cost"] >= switch]
            axes.fill_between(own["cost"], own["q25"], own["q75"], color=colour, alpha=0.1, linewidth=0)
            every = max(1, len(own) // 8)
            axes.plot(own["cost"], own["mean"], color=colour, marker=marker, markevery=every, markersize=4)
        axes.axvline(switch, color=style.GREY, linewidth=0.9, linestyle="--")
        later = frame[frame["cost"] >= two.short.distillation + 0.05 * (switch - two.short.distillation)]
        low, high = float(later["q25"].min()), float(later[["q75", "mean"]].max().max())
        axes.set_ylim(low - 0.05 * (high - low) - 1e-9, high + 0.05 * (high - low) + 1e-9)
        axes.set_xlabel("cost, in trainings from scratch")
        axes.set_ylabel(f"{two.short.truth.column} of the incumbent (%)")
        handles = [
            Line2D([], [], color=colour, marker=marker, markersize=4, label=name)
            for name, (colour, marker) in look.items()
        ]
        style.add_legend(drawn, handles, 2)
        method = (
            f" by {two.results.methods[0]}" if by == "trained" else f", then trained {two.longer[0].name}"
        )
        style.add_note(
            drawn,
            f"Mean and quartiles of {two.results.content['runs']} searches{method}. Dashed: from here on the networks"
            " found are trained anew, the best first. Curves begin after the distillation of the blocks"
            f" ({two.short.distillation:.3g}). Teacher: {two.short.teacher or 'none'}."
            + (" An iterative teacher searches by itself, from no cost on." if two.iterated else ""),
            f"Searched: {two.short.truth.source}.",
        )
    return Drawn(drawn, frame)
