"""tau-b during training, against the updates of the supernet (analysis/measures/learning.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from analysis.figures import style
from analysis.figures.registry import Drawn, Source, figure
from analysis.figures.style import Canvas
from analysis.measures.collect import Collected
from analysis.measures.learning import learning_frame


@figure(
    "learning",
    source=Source.REPORT,
    title="tau-b while supernets train, of runs with milestones of enough architectures",
    needs="a finished supernet whose milestones have enough scored architectures:"
    " `studies run STUDY --milestones 5,10 --milestone-share 1`",
)
def learning_of_study(collected: Collected, ax: Canvas | None = None) -> Iterator[Drawn]:
    """`learning` of a study; rows: of `learning_frame`."""
    frame = learning_frame(collected.study)
    if len(frame):
        yield Drawn(learning(frame, note=style.data_note(collected.study.note), ax=ax), frame)


def learning(frame: pd.DataFrame, *, note: str = "", ax: Canvas | None = None) -> Canvas:
    """Panels: rows spaces, left by accuracy, right by loss; a line a variant, mean over seeds with mean ± standard
    deviation where there are several; single seeds as thin lines."""
    spaces = list(dict.fromkeys(frame["space"]))
    with style.look():
        across, count = style.across(2), max(1, len(spaces))
        figure = style.new_figure(height=2.9 * count * 2 / across + 0.9, ax=ax)
        share: Any = "row" if across > 1 else False
        panels = figure.subplots(count * 2 // across, across, squeeze=False, sharey=share).reshape(count, 2)
        if not spaces:
            for axes in panels.flat:
                style.empty(axes, "no run has milestones of enough architectures")
        look = style.colours(frame["variant"])
        for row, space in enumerate(spaces):
            here = frame[frame["space"] == space]
            for axes, name, score in zip(
                panels[row], ("tau_b", "tau_b_loss"), ("accuracy", "loss"), strict=True
            ):
                _draw(axes, here, name, look)
                axes.set_title(f"{style.TITLES.get(str(space), space)}: by {score}")
                axes.set_xlabel("updates of the supernet")
            panels[row, 0].set_ylabel("tau-b")
            panels[row, 1].set_ylabel("" if across > 1 else "tau-b")
            panels[row, 0].legend(*panels[row, 0].get_legend_handles_labels(), loc="best")
        counts = sorted({int(n) for n in frame["n"]})
        numbers = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else str(*counts)
        style.add_note(
            figure, f"n = {numbers} sampled architectures, the same at every point of a line.", note
        )
    return figure


def _draw(axes: Axes, here: pd.DataFrame, name: str, look: dict[str, tuple[str, str]]) -> None:
    seeds = here.groupby("variant")["seed"].nunique()
    # A mean is only taken where every seed has a value.
    known = here.dropna(subset=[name])
    counts = known.groupby(["variant", "updates"])[name].transform("count")
    whole = known[counts == known["variant"].map(seeds)]
    whole = whole.assign(label=[f"{variant} ({seeds[variant]})" for variant in whole["variant"]])
    marks = {f"{variant} ({seeds[variant]})": look[str(variant)] for variant in here["variant"].unique()}
    colours, markers = ({label: mark[i] for label, mark in marks.items()} for i in (0, 1))
    sns.lineplot(
        data=whole, x="updates", y=name, hue="label", style="label", palette=colours, markers=markers, dashes=False,
        hue_order=list(marks), style_order=list(marks), errorbar="sd", err_kws={"alpha": 0.18, "linewidth": 0}, ax=axes,
    )  # fmt: skip
    if (legend := axes.get_legend()) is not None:  # the figure has one
        legend.remove()
    several = known[known["variant"].map(seeds) > 1]
    for (variant, _), own in several.groupby(["variant", "seed"], sort=False):
        axes.plot(own["updates"], own[name], color=look[str(variant)][0], linewidth=0.6, alpha=0.6)
