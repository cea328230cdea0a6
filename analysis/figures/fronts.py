"""Accuracy against cost with Pareto fronts: the true one, and what the fronts of rankings are worth."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from analysis.figures import style
from analysis.figures.registry import Drawn, Source, figure
from analysis.figures.style import Canvas
from analysis.measures.fronts import TRUE, Fronts, fronts
from analysis.statistics.pairs import Floats
from analysis.statistics.pareto import pareto_front
from analysis.store.column_names import is_latency
from analysis.user_tables.truth_file import COSTS, TruthFile

COUNTED = {"params": "parameters", "macs": "MACs"}
UNITS = ("s", "ms", "us")  # of latencies, at the end of a column's name
LETTERS = 34  # of a name in the legend


@figure(
    "fronts", source=Source.TABLE, title="Pareto fronts of accuracy and each cost", needs="two architectures"
)
def of_table(truth: TruthFile, ax: Canvas | None = None) -> Iterator[Drawn]:
    """Of params, MACs and the table's latencies; beside the true front that of the validation accuracy, if there is
    one. Rows as of `Fronts.points`. Other rankings: `analysis front`."""
    if len(truth.frame) < 2:
        return
    costs = {name: truth.costs[name].to_numpy() for name in COSTS}
    for name in map(str, truth.frame.select_dtypes("number")):
        values = truth.frame[name].to_numpy(dtype=float)
        if is_latency(name) and np.isfinite(values).all():
            costs[name] = values
    valid = [name for name in truth.with_other(part="valid") if name != truth.column][:1]
    scores = {name: truth.frame[name].to_numpy(dtype=float)[None] for name in valid}
    yield draw_fronts(fronts(truth, costs, scores, draws=200), ax)


def draw_fronts(found: Fronts, ax: Canvas | None = None) -> Drawn:
    """A panel a cost: all architectures, the true front, and of each ranking the best of what its front trains."""
    truth, names = found.truth, list(dict.fromkeys(found.points["ranking"]))
    look = style.colours([name for name in names if name != TRUE])
    with style.look():
        drawn, panels = style.panel_grid(
            len(found.costs), 3, 3.2, 0.9, 8.4 if len(found.costs) > 1 else 4.2, ax
        )
        for axes, (cost, at) in zip(panels.flat, found.costs.items(), strict=False):
            label, unit = _axis(cost, at)
            n = len(at)
            size, alpha = np.clip(6000 / n, 1.2, 10), np.clip(4000 / n, 0.1, 0.6)
            style.points(axes, at / unit, truth.numbers, "#b8b8b8", float(size), float(alpha))
            points = found.points[found.points["cost"] == cost]
            for name, group in points.groupby("ranking", sort=False):
                colour, marker = ("black", "o") if name == TRUE else look[str(name)]
                for _, one in group.groupby("number"):
                    _steps(axes, one["at"].to_numpy() / unit, one["truth"].to_numpy(), colour, marker)
            high = float(truth.numbers.max())
            true = points[points["ranking"] == TRUE]["truth"]
            low = max(float(true.min()), float(np.quantile(truth.numbers, 0.1)))
            axes.set_ylim(low - 0.05 * (high - low) - 1e-9, high + 0.05 * (high - low) + 1e-9)
            axes.xaxis.set_major_locator(MaxNLocator(5))
            axes.set_xlabel(label)
        for axes in panels[:, 0]:
            axes.set_ylabel(f"{truth.column} (%)")
        handles = [
            Line2D([], [], color="black" if name == TRUE else look[name][0],
                   marker="o" if name == TRUE else look[name][1], markersize=4, label=_legend(found, name))
            for name in names
        ]  # fmt: skip
        style.add_legend(drawn, handles, 2)
        style.add_note(
            drawn,
            "Marks: architectures on the front of a ranking's scores and the cost, by their truth; line: the best."
            " Legend: hypervolume in percent of the true front's, by cost. The lowest accuracies are cut off.",
            f"Truth: {truth.source}.",
        )
    return Drawn(drawn, found.points)


def _axis(cost: str, at: Floats) -> tuple[str, float]:
    """The label of a cost, and what of it is one on the axis."""
    if cost not in COUNTED:
        words = [word for word in cost.removeprefix("latency").split("_") if word]
        last = [words.pop()] if words[-1:] == ["predicted"] else []
        of = f" ({words.pop()})" if words and words[-1] in UNITS else ""
        return ", ".join(["latency", *[" ".join(words)] * bool(words), *last]) + of, 1.0
    name, unit = ("millions", 1e6) if at.max() >= 5e5 else ("thousands", 1e3)
    return f"{COUNTED[cost]} ({name})", unit


def _legend(found: Fronts, name: str) -> str:
    if name == TRUE:
        return "the true front"
    short = name.rpartition("/")[2]
    short = short if len(short) <= LETTERS else f"...{short[-LETTERS:]}"
    rows = found.rows[found.rows["ranking"] == name]
    shares = ("-" if np.isnan(share) else f"{share:.0f} %" for share in rows["share"])
    return f"{short}: {', '.join(shares)}"


def _steps(axes: Axes, at: np.ndarray, values: np.ndarray, colour: str, marker: str) -> None:
    axes.plot(at, values, marker, color=colour, markersize=3, alpha=0.7, markeredgewidth=0, zorder=3)
    best = np.flatnonzero(pareto_front(at, values))
    best = best[np.argsort(at[best])]
    axes.plot(at[best], values[best], color=colour, linewidth=1.3, drawstyle="steps-post", zorder=3)
