"""The figures on other ways to rank, by name: drawn from any study that has such rankings.

The FEAR paper's 2 to 7; its 2 and 5 are of CIFAR-10, 6 of CIFAR-100, 7 of ImageNet16-120, 3 of CIFAR-10, 4 of all
three. A study has one data set a space: each figure names its own, and says where the paper's is another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.estimators.amortised import amortised_figure
from analysis.figures.estimators.grid import grid
from analysis.figures.estimators.look import NAMES
from analysis.figures.estimators.threshold import stage_one, threshold
from analysis.figures.estimators.while_training import after_epochs, while_training
from analysis.measures.amortised import amortised
from analysis.measures.estimator_scores import SideBySide, apart
from analysis.measures.yardstick import Yardstick, yardstick
from analysis.statistics.bins import REPORTED
from analysis.store.study import Study, mask_text

CIFAR10, CIFAR100, IMAGENET = "cifar10", "cifar100", "imagenet16"
DATA = {CIFAR10: "CIFAR-10", CIFAR100: "CIFAR-100", IMAGENET: "ImageNet16-120"}
SHOWN = ("fear", "short-training", "zero-cost")  # kinds that the paper's grids show
Drawn = tuple[
    Figure | None, pd.DataFrame, list[str]
]  # None if there is nothing to draw; its data; what is missing


@dataclass(frozen=True, kw_only=True)
class EstimatorFigure:
    """draw: of the rankings of one space and mask, with the text under it. data: the paper's data set, as a column of
    ground truth begins; empty if the paper's has several or the figure is no paper's."""

    name: str
    title: str
    draw: Callable[[Yardstick, SideBySide, str], Drawn]
    data: str = ""


def rows_of(frame: pd.DataFrame, group: SideBySide) -> pd.DataFrame:
    """The rows of one space and mask."""
    here = (frame["space"] == group.space.name) & (frame["mask"] == mask_text(group.space))
    return frame[here].reset_index(drop=True)


def _threshold(found: Yardstick, group: SideBySide, note: str) -> Drawn:
    rows = stage_one(group)
    if not len(rows):
        return None, rows, ["records of a first stage (FEAR)"]
    return threshold(rows, f"{found.study.truths[group.space.name].column} (%)", note), rows, []


def _while_training(found: Yardstick, group: SideBySide, note: str) -> Drawn:
    rows = after_epochs(group, apart(found.study, group.space))
    if not len(rows):
        return None, rows, ["zero-cost proxies"]
    untrained = [] if (rows["epoch"] > 0).any() else ["proxies after an epoch of training (MEASURE@EPOCH)"]
    return while_training(rows, " ".join([note, *map(_lacking, untrained)])), rows, untrained


def _grid(found: Yardstick, group: SideBySide, note: str) -> Drawn:
    rows = rows_of(found.bins, group)
    absent = [NAMES[kind] for kind in SHOWN if kind not in set(rows["kind"])]
    rankings = rows_of(found.rankings, group)
    left = [
        f"{row['variant']} ({row['note']})" for row in rankings[rankings["compared"] == 0].to_dict("records")
    ]
    if not len(rows):
        return None, rows, [*absent, *left]
    return grid(rows, note=" ".join([note, *map(_lacking, absent)])), rows, [*absent, *left]


def _amortised(found: Yardstick, group: SideBySide, note: str) -> Drawn:
    rows = rows_of(amortised(found), group)
    if not rows["seconds"].notna().any():
        return None, rows, ["rankings whose cost is known"]
    return amortised_figure(rows, note), rows, []


def _lacking(what: str) -> str:
    return f"Not in the study: {what}."


FIGURES = {
    figure.name: figure
    for figure in (
        EstimatorFigure(
            name="fear-2", title="Time to the threshold and accuracy", draw=_threshold, data=CIFAR10
        ),
        EstimatorFigure(
            name="fear-3", title="Zero-cost proxies while training", draw=_while_training, data=CIFAR10
        ),
        EstimatorFigure(
            name="fear-4", title="Time to the threshold and accuracy, each data set", draw=_threshold
        ),
        EstimatorFigure(name="fear-5", title="Duration and quality by bin", draw=_grid, data=CIFAR10),
        EstimatorFigure(name="fear-6", title="Duration and quality by bin", draw=_grid, data=CIFAR100),
        EstimatorFigure(name="fear-7", title="Duration and quality by bin", draw=_grid, data=IMAGENET),
        EstimatorFigure(
            name="amortised", title="Quality and total cost, preparation included", draw=_amortised
        ),
    )
}


def draw_estimator_figure(
    figure: EstimatorFigure, study: Study, folder: Path, formats: Sequence[str] = tuple(style.FORMATS)
) -> tuple[list[Path], list[str]]:
    """Write folder/<name>.<format> and .csv, with the space in the name where the study has several: their paths, and
    what the study lacks for it. Draws what there is; ValueError if that is nothing."""
    found = yardstick(study, percents=REPORTED)
    paths: list[Path] = []
    missing: list[str] = []
    for group in found.side_by_side:
        drawn, data, lacking = figure.draw(found, group, note_of(figure, study, group))
        missing += lacking
        if drawn is not None:
            several = len(found.side_by_side) > 1
            words = [figure.name, group.space.name, *group.space.mask] if several else [figure.name]
            paths += style.save(drawn, data, folder, "-".join(words), formats)
    if not paths:
        raise ValueError(
            f"study: {study.name} has nothing for {figure.name}; it lacks {'; '.join(dict.fromkeys(missing))}"
        )
    return paths, list(dict.fromkeys(missing))


def note_of(figure: EstimatorFigure, study: Study, group: SideBySide) -> str:
    """What the data are, and whether the paper's are others."""
    data = study.truths[group.space.name].column.partition("_")[0]
    other = "" if figure.data in ("", data) else f" The paper's figure is of {DATA[figure.data]}."
    return note_of_group(study, group) + other


def note_of_group(study: Study, group: SideBySide) -> str:
    """Space, mask, truth and data of a figure."""
    title = style.panel_title(group.space.name, mask_text(group.space))
    data = f" Data: {study.note}." if study.note else ""
    return f"{title}, truth: {study.truths[group.space.name].title}.{data}"
