"""The figures that are drawn from a table of ground truth, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.blox.cost import draw_cost
from analysis.figures.blox.distributions import draw_distributions
from analysis.figures.blox.models import draw_models, draw_worst_models
from analysis.figures.blox.relations import draw_relations
from analysis.figures.truth.ranking_study import draw_data_sets, draw_use
from analysis.user_tables.truth_file import TruthFile

NB201, BLOX = "nasbench201", "blox"


@dataclass(frozen=True, kw_only=True)
class TableFigure:
    """space: of its tables. draw: the figure of a table, and its data."""

    name: str
    title: str
    space: str
    draw: Callable[[TruthFile], tuple[Figure, pd.DataFrame]]


FIGURES = {
    figure.name: figure
    for figure in (
        TableFigure(name="paper-3", title="Operations of the true top-N", space=NB201, draw=draw_use),
        TableFigure(name="paper-10", title="Agreement of the data sets", space=NB201, draw=draw_data_sets),
        TableFigure(name="blox-4", title="Uniform and macro models, Pareto fronts", space=BLOX, draw=draw_cost),
        TableFigure(
            name="blox-14", title="Distributions of cost and accuracy", space=BLOX, draw=draw_distributions
        ),
        TableFigure(
            name="blox-15", title="Accuracy against cost and validation", space=BLOX, draw=draw_relations
        ),
        TableFigure(name="blox-16", title="The best models", space=BLOX, draw=draw_models),
        TableFigure(name="blox-17", title="The worst models", space=BLOX, draw=draw_worst_models),
        TableFigure(
            name="blox-operations", title="Operations of the true top-N", space=BLOX, draw=draw_use
        ),
        TableFigure(
            name="blox-connectivity", title="Connectivity types of the true top-N", space=BLOX,
            draw=partial(draw_use, kind="connectivity"),
        ),
    )
}  # fmt: skip


def draw_table_figure(
    figure: TableFigure, truth: TruthFile, folder: Path, formats: Sequence[str] = tuple(style.FORMATS)
) -> list[Path]:
    """Write folder/<name>.<format> and .csv; their paths. Raises ValueError for a table of another space."""
    if truth.space.name != figure.space:
        raise ValueError(
            f"table: {truth.path} is of {style.TITLES[truth.space.name]}, and {figure.name} is drawn from a table of"
            f" {style.TITLES[figure.space]}"
        )
    drawn, data = figure.draw(truth)
    return style.save(drawn, data, folder, figure.name, formats)
