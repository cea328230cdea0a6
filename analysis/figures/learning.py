"""How a ranking comes about: tau-b against the updates of the training (analysis/measures/learning.py)."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
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
        figure = style.new_figure(height=2.9 * max(1, len(spaces)) + 0.9, ax=ax)
        panels = figure.subplots(max(1, len(spaces)), 2, squeeze=False, sharey="row")
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
            panels[row, 0].legend(loc="best")
        counts = sorted({int(n) for n in frame["n"]})
        numbers = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else str(*counts)
        style.add_note(
            figure, f"n = {numbers} sampled architectures, the same at every point of a line.", note
        )
    return figure


def _draw(axes: Axes, here: pd.DataFrame, name: str, look: dict[str, tuple[str, str]]) -> None:
    for variant, group in here.groupby("variant", sort=False):
        colour, marker = look[str(variant)]
        seeds = group["seed"].nunique()
        means = group.groupby("updates")[name].agg(["mean", "std", "count"])
        means = means[means["count"] == seeds]
        axes.plot(means.index, means["mean"], color=colour, marker=marker, label=f"{variant} ({seeds})")
        if seeds > 1:
            style.band(axes, means.index, means["mean"], means["std"], colour)
            for _, own in group.groupby("seed"):
                axes.plot(own["updates"], own[name], color=colour, linewidth=0.6, alpha=0.6)
