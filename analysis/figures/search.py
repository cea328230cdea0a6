"""What searches found, against what they spent: figure 5 of the Blox paper, for any table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from analysis.figures import style
from analysis.figures.registry import Drawn, Source, figure
from analysis.figures.style import Canvas
from analysis.measures.search import curves
from analysis.store.search import SearchResults

POINTS = 400  # of a curve, at most
WIDTH = 90  # of the legend, in characters
LETTERS = 40  # of its lines in a column
LINE = 0.19  # their height, in inches
EXACT = "random, in expectation"
UNITS = {"macs": "multiply-accumulates of trainings for each training image", "steps": "optimizer steps"}


@figure("search", source=Source.SEARCH, title="Found accuracy against cost", needs="a found architecture")
def found(results: SearchResults, ax: Canvas | None = None) -> Iterator[Drawn]:
    """A curve a method: the mean over runs, and the band of the quartiles; rows as of `curves`, and the exact random
    search where it is known."""
    unit, budget = results.content["unit"], results.content["budget"]
    costs = np.arange(1, int(budget) + 1) if unit == "trainings" else np.linspace(0, budget, POINTS + 1)[1:]
    if not len(costs):
        return
    costs = costs[np.unique(np.linspace(0, len(costs) - 1, POINTS).round().astype(int))]
    frame = curves(results, unit, [float(cost) for cost in costs])
    if frame.empty:
        return
    exact = results.content["exact"]
    if exact is not None and unit == "trainings":
        known = costs[costs <= len(exact["truth"])]
        mean = np.array(exact["truth"])[known - 1]
        rows = {
            "method": EXACT,
            unit: known.astype(float),
            "mean": mean,
            "regret": results.content["best"] - mean,
        }
        frame = pd.concat([frame, pd.DataFrame(rows)], ignore_index=True)
    look = style.colours(results.methods)
    labels = {name: style.fit(name, LETTERS) for name in frame["method"].unique()}
    columns = max(1, min(4, WIDTH // (max(map(len, labels)) + 5)))
    lines = sum(1 + label.count("\n") for label in labels.values()) / style.legend_columns(columns)
    with style.look():
        drawn, panels = style.panel_grid(1, 1, 4.2, 0.4 + LINE * lines, ax=ax)
        axes = panels[0, 0]
        handles = []
        for method, curve in frame.groupby("method", sort=False):
            if method == EXACT:
                axes.plot(curve[unit], curve["mean"], color="black", linestyle=":", linewidth=1.4, zorder=4)
                handles.append(Line2D([], [], color="black", linestyle=":", label=labels[EXACT]))
                continue
            colour, marker = look[str(method)]
            axes.fill_between(curve[unit], curve["q25"], curve["q75"], color=colour, alpha=0.08, linewidth=0)
            every = max(1, len(curve) // 8)
            style_of = "--" if ":" in str(method) else "-"
            line: dict[str, Any] = {"color": colour, "linestyle": style_of, "marker": marker, "markersize": 4}
            axes.plot(curve[unit], curve["mean"], markevery=every, **line)
            handles.append(Line2D([], [], label=labels[str(method)], **line))
        axes.axhline(results.content["best"], color=style.GREY, linewidth=0.8, linestyle="--")
        # The first few trainings find little; they would take most of the height.
        later = frame[frame[unit] >= budget / 20]
        low = float(later[["q25", "mean"]].min().min()) if len(later) else float(frame["mean"].min())
        best = results.content["best"]
        axes.set_ylim(low - 0.03 * (best - low), best + 0.03 * (best - low) + 1e-9)
        axes.set_xlim(0, budget)
        axes.set_xlabel(UNITS.get(unit, unit))
        axes.set_ylabel(f"{results.content['column']} of the incumbent (%)")
        style.add_legend(drawn, handles, columns)
        style.add_note(
            drawn,
            f"Mean and quartiles of {results.content['runs']} searches. The incumbent has the highest value so"
            f" far of what the search sees ({', '.join(results.content['objective'])}). Grey line: the best of"
            f" {results.content['architectures']:,} architectures."
            + (" Dashed curves: guided by scores." if any(":" in name for name in results.methods) else ""),
            f"Table: {results.content['table']}"
            + (f" ({results.content['title']})." if results.content["title"] else "."),
        )
    missing = [name for name in results.methods if name not in set(frame["method"])]
    yield Drawn(drawn, frame, missing=tuple(f"an incumbent of every search by {name}" for name in missing))


@figure(
    "blox-5",
    source=Source.SEARCH,
    of="blox",
    title="Conventional searches",
    needs="searches over a table of Blox",
)
def conventional(results: SearchResults, ax: Canvas | None = None) -> Iterator[Drawn]:
    """The same, of Blox alone."""
    if results.content["space"] == "blox":
        yield from found(results, ax)


@figure(
    "blox-21",
    source=Source.SEARCH,
    of="blox",
    title="Searches that signatures guide, trained from scratch",
    needs="searches over a table of Blox, one of them by a ranking",
)
def without_fine_tuning(results: SearchResults, ax: Canvas | None = None) -> Iterator[Drawn]:
    """The same, of Blox, where a ranking is among the methods, such as a study's signatures:
    `--method random,evolution,ranking:STUDY:VARIANT`."""
    if results.content["space"] == "blox" and any(":" in method for method in results.methods):
        yield from found(results, ax)
