"""Figures 3 and 10 of the single-path ranking study, from a table of ground truth."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.data_sets import data_sets
from analysis.figures.operation_use import operation_use
from analysis.measures.ground_truth import agreement, occurrences, use_by_mask
from analysis.user_tables.truth_file import TruthFile


def draw_use(truth: TruthFile, kind: str = "operation") -> tuple[Figure, pd.DataFrame]:
    """What the true top-N use, and the rows of `use_by_mask`. kind: 'operation', for Blox also 'connectivity'.

    Source: Figure 3."""
    counts = occurrences(truth.space, truth.architectures)[kind]
    use = use_by_mask(counts, truth.numbers)
    return operation_use(use, space=truth.space.name, note=f"Truth: {truth.source}."), use


def draw_data_sets(truth: TruthFile) -> tuple[Figure, pd.DataFrame]:
    """Accuracies on the table's data sets against each other, and those accuracies. Source: Figure 10.

    Raises ValueError for a table with one data set."""
    columns = truth.with_other(data="*")
    if len(columns) < 2:
        raise ValueError(
            f"table: {truth.path} has {truth.column} of one data set alone; this figure compares several"
        )
    frame = truth.frame[["arch", *columns]]
    note = f"Truth: {', '.join(columns)} of {truth.path.name}."
    return data_sets(frame, agreement(frame, columns), columns, note=note), frame
