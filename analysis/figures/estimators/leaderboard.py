"""Quality against the total cost of ranking a whole space, one curve a label budget, the Pareto front drawn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, NullFormatter

from analysis.figures import style
from analysis.figures.estimators.rankings import Rankings, handles, marks, note_of_group, rows_of
from analysis.figures.registry import Drawn, Source, figure
from analysis.figures.style import Canvas
from analysis.measures.estimator_scores import SideBySide, side_by_side
from analysis.measures.leaderboard import SHARE, TOP, Leaderboard, leaderboard_of
from analysis.statistics.pareto import pareto_front

QUALITIES = {
    "tau_b": "tau-b, all",
    "tau_top": f"tau-b, true top {TOP}",
    "tau_share": f"tau-b, true top {SHARE} %",
    "found": f"share of the true top {SHARE} % found",
}
TEXT = (
    "Core-hours to rank every architecture that the mask allows, preparation and the labels' training included. Bars:"
    " 95 % over architectures and seeds. Curves: the Pareto front of the rankings with as many labels."
)


@figure(
    "leaderboard",
    source=Source.RANKINGS,
    title="Quality and total cost, one curve a label budget",
    needs="rankings whose cost is known",
)
def of_rankings(rankings: Rankings, ax: Canvas | None = None) -> Iterator[Drawn]:
    """`leaderboard_figure` of the rankings by the study's own truth."""
    study = rankings.yardstick.study
    (group,) = side_by_side(study, with_top=True, only=rankings.group.space)
    found = leaderboard_of(study, [group], [rankings.column])
    if (rows := _drawn_rows(found, group)) is not None:
        yield Drawn(_of_group(found, group, rows, ax), rows)


def figures_of(found: Leaderboard) -> Iterator[tuple[str, Canvas, pd.DataFrame]]:
    """Of each space and mask the figure's name, the figure and its data."""
    for group in found.side_by_side:
        if (rows := _drawn_rows(found, group)) is not None:
            parts = [group.space.name, *group.space.mask] if len(found.side_by_side) > 1 else []
            yield "-".join(["leaderboard", *parts]), _of_group(found, group, rows), rows


def _drawn_rows(found: Leaderboard, group: SideBySide) -> pd.DataFrame | None:
    """The rows of a space and mask by the study's own truth; None if no cost is known."""
    rows = rows_of(found.rankings[found.rankings["main"].astype(bool)], group)
    return rows if (rows["core_hours"].notna() & rows["tau_b"].notna()).any() else None


def _of_group(found: Leaderboard, group: SideBySide, rows: pd.DataFrame, ax: Canvas | None = None) -> Canvas:
    ceilings = rows_of(found.ceilings[found.ceilings["truth"] == group.known.column], group)
    return leaderboard_figure(rows, ceilings, note_of_group(found.study, group), ax)


def leaderboard_figure(
    rows: pd.DataFrame, ceilings: pd.DataFrame, note: str = "", ax: Canvas | None = None
) -> Canvas:
    """A panel each of QUALITIES that any ranking has, below each other, as costs span many powers of ten.

    rows: of Leaderboard.rankings, of one space, mask and truth; those without a cost are not drawn. ceilings: of
    Leaderboard.ceilings, of the same; lines."""
    known = rows[rows["core_hours"].notna() & rows["tau_b"].notna()].reset_index(drop=True)
    shown = [name for name in QUALITIES if known[name].notna().any()]
    if "tau_top" in shown and "tau_share" in shown:
        shown.remove("tau_share")
    hours = known["core_hours"].astype(float)
    positive = hours[hours > 0]
    lowest = 10 ** np.floor(np.log10(float(positive.min()))) if len(positive) else 1.0
    free = lowest / 3  # where what costs nothing is put
    at = hours.where(hours > 0, free)
    budgets = sorted({int(labels) for labels in known["labels"]})
    shades = sns.color_palette("flare", len(budgets)).as_hex()
    colour_of = {
        budget: shade if budget else style.PALETTE[0] for budget, shade in zip(budgets, shades, strict=True)
    }
    with style.look():
        figure, panels = style.panel_grid(len(shown), 1, 2.8, 1.4, ax=ax)
        known = known.assign(at=at)
        fronts = {name: _front(known, name) for name in shown}
        named = (
            pd.concat(fronts.values()).drop_duplicates("variant").sort_values("at", kind="stable")["variant"]
        )
        numbers = {str(name): number for number, name in enumerate(named, 1)}
        for axes, name in zip(panels.flat, shown, strict=False):
            _panel(axes, known, name, colour_of)
            _number(axes, fronts[name], name, numbers)
            for ceiling in ceilings.to_dict("records") if name in ceilings else ():
                if ceiling["ceiling"] in style.CEILINGS and ceiling[name] is not None:
                    dashes = "-" if ceiling["ceiling"] == "seed_to_seed" else (0, (1, 1.2))
                    axes.axhline(ceiling[name], color="#111111", linestyle=dashes, linewidth=1, zorder=0.8)
            if (hours == 0).any() and len(positive):
                axes.axvline(lowest, color=style.GREY, linestyle=":", linewidth=0.9)
        curves = [
            Line2D([], [], color=colour, linewidth=1.8, label=f"{budget:,} labels" if budget else "no labels")
            for budget, colour in colour_of.items()
        ]
        kinds = handles(known["kind"])
        for handle in kinds:
            handle.set_color(style.GREY)
        style.add_legend(figure, [*curves, *kinds], columns=3)
        nothing = "Left of the dotted line: costs nothing." if (hours == 0).any() else ""
        lines = (
            "Black lines: noise ceilings, seed against seed; dotted: validation against test."
            if len(ceilings)
            else ""
        )
        front = "; ".join(f"{number}: {name}" for name, number in numbers.items())
        style.add_note(
            figure,
            f"{TEXT} {nothing} {lines}",
            f"The front of all, of each number of labels its best: {front}.",
            note,
        )
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, name: str, colour_of: dict[int, str]) -> None:
    rows = rows[rows[name].notna()]
    mark_of = marks(rows["kind"])
    for _, group in rows.groupby(["labels", "kind"], sort=False):
        first = group.iloc[0]
        colour, marker = colour_of[int(first["labels"])], mark_of[str(first["kind"])][1]
        x, y, low, high = (group[key].astype(float) for key in ("at", name, f"{name}_low", f"{name}_high"))
        axes.vlines(x, low, high, color=colour, linewidth=0.8, alpha=0.45)
        axes.scatter(x, y, color=colour, marker=marker, s=22, alpha=0.9, linewidths=0, zorder=3)
    for budget, colour in colour_of.items():
        own = rows[rows["labels"] == budget]
        front = own[pareto_front(own["at"], own[name].astype(float))].sort_values("at") if len(own) else own
        axes.step(
            front["at"], front[name].astype(float), where="post", color=colour, linewidth=1.3, alpha=0.8
        )
    axes.set_xscale("log")
    axes.set_xlim(rows["at"].min() / 1.6, 10 ** np.ceil(np.log10(rows["at"].max() * 1.1)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda hours, _: f"{hours:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(y=0.12)
    style.zero_line(axes)
    axes.set_title(QUALITIES[name])
    axes.set_xlabel("core-hours in total")


def _front(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows that no other is as cheap as and as good, one for each cost, the cheapest first; of those with as many
    labels, whose costs hardly differ, the best."""
    known = rows[rows[name].notna()]
    best = known[pareto_front(known["at"], known[name].astype(float))]
    best = best.drop_duplicates("at").sort_values("at", kind="stable")
    return best[(best["labels"] == 0) | ~best.duplicated("labels", keep="last")]


def _number(axes: Axes, front: pd.DataFrame, name: str, numbers: dict[str, int]) -> None:
    for place, row in enumerate(front.to_dict("records")):
        above = 13 if row["labels"] and place % 2 else 4  # budgets lie close
        axes.annotate(
            str(numbers[row["variant"]]), (row["at"], row[name]), xytext=(-2, above), textcoords="offset points",
            ha="right", fontsize=7.5, zorder=4, path_effects=[withStroke(linewidth=2, foreground="white")],
        )  # fmt: skip
