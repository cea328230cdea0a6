"""Figures 4 and 14 to 17 of the Blox paper, from any table of Blox.

The numbers are those of the paper with its appendix; its separate supplement counts one further from 14 on.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from analysis.figures import style
from analysis.figures.architecture import MODEL_X, MODEL_Y, draw_model
from analysis.figures.registry import Drawn, Source, figure
from analysis.figures.style import Canvas
from analysis.measures.ground_truth import occurrences
from analysis.statistics.correlation import kendall_tau, pearson, spearman
from analysis.statistics.pairs import Floats
from analysis.statistics.pareto import pareto_front
from analysis.statistics.topn import by_truth
from analysis.user_tables.truth_file import TruthFile
from supernet.spaces import Architecture, Space

BLOX = "blox"
COSTS = {"macs": ("MACs (millions)", 1e6), "params": ("parameters (millions)", 1e6)}


def _cloud(
    axes: Axes, x: ArrayLike, y: ArrayLike, colour: str, marker: str = "o", *, few: bool = False
) -> None:
    """Points, the smaller and paler the more there are. few: to be seen one by one, whatever is behind them."""
    n = max(1, np.size(x))
    size, alpha = (12, 0.9) if few else (np.clip(6000 / n, 1.2, 12), np.clip(4000 / n, 0.08, 0.6))
    style.points(axes, x, y, colour, float(size), float(alpha), marker)


# Figure 4: uniform models, which repeat one block, and macro models, which do not

KINDS = {True: ("uniform", style.PALETTE[0], "s"), False: ("macro", style.PALETTE[1], "o")}


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


@figure("blox-4", source=Source.TABLE, of=BLOX, title="Uniform and macro models, Pareto fronts")
def uniform_and_macro(truth: TruthFile, ax: Canvas | None = None) -> Iterator[Drawn]:
    """A panel a cost, and the rows of `with_fronts`."""
    frame = with_fronts(truth)
    counts = frame["uniform"].value_counts()
    with style.look():
        drawn = style.new_figure(height=4.2, width=8.4, ax=ax)
        panels = drawn.subplots(1, len(COSTS), sharey=True)
        for axes, cost in zip(panels, COSTS, strict=True):
            _fronts(axes, frame, cost)
        panels[0].set_ylabel(f"{truth.column} (%)")
        handles = [
            Line2D(
                [], [], color=colour, marker=marker, markersize=4.5, label=f"{name}: {counts.get(kind, 0):,}"
            )
            for kind, (name, colour, marker) in KINDS.items()
            if counts.get(kind, 0)
        ]
        drawn.legend(handles=handles, loc="outside upper left", ncols=2)
        text = (
            "Uniform: the same block at all three stages; macro: all others. Lines: the Pareto front of each kind, the"
            " models (outlined) that no other of its kind beats in both accuracy and cost."
        )
        none = "" if counts.get(True, 0) else "The table has no uniform model."
        style.add_note(drawn, text, none, f"Truth: {truth.source}.")
    yield Drawn(drawn, frame)


def _fronts(axes: Axes, frame: pd.DataFrame, cost: str) -> None:
    label, unit = COSTS[cost]
    for kind in (False, True):  # the few on top of the many
        _, colour, marker = KINDS[kind]
        models = frame[frame["uniform"] == kind]
        _cloud(axes, models[cost] / unit, models["accuracy"], colour, marker, few=kind)
        front = models[models[f"pareto_{cost}"]].drop_duplicates(cost).sort_values(cost)
        axes.plot(
            front[cost] / unit, front["accuracy"], color=colour, marker=marker, markersize=4.5, linewidth=1.2,
            drawstyle="steps-post", markeredgecolor="white", markeredgewidth=0.6, zorder=3 + kind,
        )  # fmt: skip
    low, high = frame["accuracy"].min(), frame["accuracy"].max()
    margin = 0.03 * (high - low) if np.isfinite(high - low) and high > low else 1
    axes.set_ylim(low - margin, high + margin)
    axes.set_xlabel(label)


# Figure 14

MOST = 60  # bins


@figure("blox-14", source=Source.TABLE, of=BLOX, title="Distributions of cost and accuracy")
def distributions(truth: TruthFile, ax: Canvas | None = None) -> Iterator[Drawn]:
    """A histogram of MACs, of parameters, of the validation accuracy (where the table has it) and of the column's own;
    rows: quantity, low, high (bounds of the bin, the upper one open but for the last), models."""
    quantities = {label: truth.costs[cost].to_numpy() / unit for cost, (label, unit) in COSTS.items()}
    for column in [*truth.with_other(part="valid"), truth.column]:
        quantities.setdefault(f"{column} (%)", truth.frame[column].dropna().to_numpy(dtype=float))
    bins = []
    with style.look():
        down = -(-len(quantities) // 2)
        drawn = style.new_figure(height=(2.3 * down + 0.8) * 2 / style.across(2), ax=ax)
        panels = drawn.subplots(down * 2 // style.across(2), style.across(2), squeeze=False)
        for axes in panels.flat[len(quantities) :]:
            style.empty(axes, f"the table has no validation accuracy beside {truth.column}")
        for axes, (label, values) in zip(panels.flat, quantities.items(), strict=False):
            counts, edges = np.histogram(values, bins=_edges(values))
            sns.histplot(x=values, bins=edges, ax=axes, color=style.PALETTE[0], element="step", linewidth=0.6)
            median = float(np.median(values))
            axes.axvline(median, color=style.PALETTE[1], linewidth=1.4)
            text = f"median {median:.4g}, range {values.min():.4g} to {values.max():.4g}"
            axes.set_title(text, fontsize=style.pt(8.5), fontweight="normal")
            axes.set_xlabel(label)
            bins += [
                {"quantity": label, "low": low, "high": high, "models": int(count)}
                for low, high, count in zip(edges, edges[1:], counts, strict=False)
            ]
        for axes in panels.flat:
            axes.set_ylabel("")
        for axes in panels[:, 0]:
            axes.set_ylabel("models")
        text = f"{len(truth.frame):,} models. The line is the median."
        style.add_note(drawn, text, f"Truth: {truth.source}.")
    yield Drawn(drawn, pd.DataFrame(bins))


def _edges(values: Floats) -> Floats:
    """Equal bins as Freedman and Diaconis (1981) choose them, at most MOST."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.array([low - 0.5, high + 0.5])
    middle = float(np.subtract(*np.percentile(values, [75, 25])))
    count = (high - low) * len(values) ** (1 / 3) / (2 * middle) if middle > 0 else MOST
    return np.linspace(low, high, int(np.clip(np.ceil(count), 1, MOST)) + 1)


# Figure 15


@figure("blox-15", source=Source.TABLE, of=BLOX, title="Accuracy against cost and validation")
def relations(truth: TruthFile, ax: Canvas | None = None) -> Iterator[Drawn]:
    """Accuracy against MACs, parameters and validation accuracy, the coefficients above each panel; rows: arch, the
    column, the validation accuracy if there is one, params, macs."""
    valid = [name for name in truth.with_other(part="valid") if name != truth.column]
    frame = pd.concat([truth.frame[["arch", truth.column, *valid]], truth.costs], axis=1)
    accuracy = frame[truth.column].to_numpy(dtype=float)
    with style.look():
        across = style.across(3, 9.6)
        drawn = style.new_figure(height=3.6 * 3 / across, width=9.6, ax=ax)
        panels = drawn.subplots(3 // across, across)
        for axes, (cost, (label, unit)) in zip(panels, COSTS.items(), strict=False):
            _relation(axes, frame[cost].to_numpy(dtype=float) / unit, accuracy)
            axes.set_xlabel(label)
        if valid:
            _relation(panels[2], frame[valid[0]].to_numpy(dtype=float), accuracy)
            panels[2].set_xlabel(f"{valid[0]} (%)")
        else:
            style.empty(panels[2], f"the table has no validation accuracy\nbeside {truth.column}")
        panels[0].set_ylabel(f"{truth.column} (%)")
        style.add_note(drawn, f"One point a model; the linear trend. Truth: {truth.source}.")
    yield Drawn(drawn, frame)


def _relation(axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    _cloud(axes, x, y, style.PALETTE[0])
    if len(np.unique(x)) > 1:  # the linear trend, that Pearson's r is of
        line = {"linewidth": 1.2, "zorder": 3}
        sns.regplot(x=x, y=y, ax=axes, scatter=False, ci=None, color=style.PALETTE[1], line_kws=line)
    tau, rho, r = (style.coefficient(of(y, x).value, 3) for of in (kendall_tau, spearman, pearson))
    text = f"n = {len(x):,}, tau-b {tau}\nSpearman {rho}, Pearson {r}"
    axes.text(0, 1.02, text, transform=axes.transAxes, va="bottom", fontsize=style.pt(8), linespacing=1.15)


# Figures 16 and 17

SHOWN = 5  # models
WIDTH = 15.5  # inches: as wide as the drawing of one model, whose texts it fits


@figure("blox-16", source=Source.TABLE, of=BLOX, title="The best models", sizes=False)
def best_models(truth: TruthFile, ax: Canvas | None = None) -> Iterator[Drawn]:
    """The SHOWN models of the highest truth; rows: place (1 is the best), arch, accuracy (percent), params, macs,
    formula. Ties by the table's order."""
    yield _models(truth, np.arange(1, len(truth.numbers) + 1)[:SHOWN], ax)


@figure("blox-17", source=Source.TABLE, of=BLOX, title="The worst models", sizes=False)
def worst_models(truth: TruthFile, ax: Canvas | None = None) -> Iterator[Drawn]:
    """The SHOWN models of the lowest truth, the last of the ranking first; rows as of `best_models`."""
    yield _models(truth, np.arange(len(truth.numbers), 0, -1)[:SHOWN], ax)


def _models(truth: TruthFile, places: np.ndarray, ax: Canvas | None) -> Drawn:
    order = by_truth(truth.numbers)
    rows = order[places - 1]
    chosen = [truth.architectures[row] for row in rows]
    frame = pd.DataFrame({"place": places, "arch": truth.frame["arch"].iloc[rows].to_list()})
    frame["accuracy"] = truth.numbers[rows]
    frame = frame.assign(**truth.costs.iloc[rows].reset_index(drop=True))
    frame["formula"] = [truth.space.formula(one) for one in chosen]
    with style.look():
        aspect = (MODEL_Y[1] - MODEL_Y[0]) / (MODEL_X[1] - MODEL_X[0])
        drawn = style.new_figure(height=len(rows) * WIDTH * aspect + 1.2, width=WIDTH, ax=ax)
        panels = drawn.subplots(len(rows), 1, squeeze=False)[:, 0]
        for axes, row, architecture in zip(panels, frame.to_dict("records"), chosen, strict=True):
            above = f"{row['place']:,} of {len(order):,}: {row['accuracy']:.2f} %"
            cost = f"{row['params'] / 1e6:.3f} M parameters   ·   {row['macs'] / 1e6:.2f} M MACs"
            draw_model(axes, truth.space, architecture, above, cost, size=truth.size)
        note = f"Operations of these {len(rows)}: {_shares(truth, rows)}; of all: {_shares(truth, order)}."
        note += f"\nTies by the table's order. Truth: {truth.source}."
        # Larger than other figures' notes: this one is twice as wide, and shrunk for print.
        drawn.supxlabel(note, x=0.01, ha="left", fontsize=style.pt(11), color=style.GREY)
    return Drawn(drawn, frame)


def _shares(truth: TruthFile, rows: np.ndarray) -> str:
    counts = occurrences(truth.space, [truth.architectures[row] for row in rows])["operation"].sum()
    shares = counts.reindex(truth.space.operations, fill_value=0) / counts.sum()
    return ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
