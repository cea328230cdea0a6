"""Fit a ground truth by one value for each choice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata

from analysis.measures.blocks import blocks_of
from analysis.statistics.pairs import Floats
from analysis.store.result import Labels
from studies.estimators.compute.table_column import values_of
from studies.estimators.compute.task import Task
from studies.estimators.estimator import Record, Report
from studies.estimators.separable import Separable
from studies.truth.table import load, resolve
from supernet.spaces import Architecture, Space

Choice = tuple[str, str]  # place, name


def prepare(settings: Separable, task: Task, report: Report) -> dict[str, Any]:
    """All labels that it is fitted to count as its labels, of a cost that nobody knows. ValueError if the table is of
    another space or has no such column."""
    labels, truth = labelled(settings, task.space)
    told = Labels(functions=len(labels), epochs=None, updates=None, train_seconds=None, macs=None)
    return {"fitted": len(next(iter(fit(settings, task.space, labels, truth).values()))), "labels": told}


def score(
    settings: Separable, task: Task, architectures: Sequence[Architecture], report: Report
) -> Iterator[Record]:
    """Records of every measure."""
    fitted = fit(settings, task.space, *labelled(settings, task.space))
    for architecture in architectures:
        choices = choices_of(settings, task.space, architecture)
        for measure, values in fitted.items():
            total = math.fsum(values.get(choice, math.nan) for choice in choices)
            known = math.isfinite(total)
            yield Record(
                architecture=architecture,
                measure=measure,
                score=total if known else None,
                status="ok" if known else "unknown",
            )


def choices_of(settings: Separable, space: Space, architecture: Architecture) -> Sequence[Choice]:
    """What has a value each."""
    if settings.by == "choices":
        return space.choices_by_place(architecture)
    return [(f"stage {s}", text) for s, text in enumerate(blocks_of(space, architecture, space.published))]


def fit(
    settings: Separable, space: Space, labels: Sequence[Architecture], truth: Floats
) -> dict[str, dict[Choice, float]]:
    """By measure the value of each choice, fitted to the labelled architectures and their truth (n,); the least in norm
    of those that fit equally well."""
    chosen = [choices_of(settings, space, architecture) for architecture in labels]
    names = list(dict.fromkeys(choice for choices in chosen for choice in choices))
    column = {choice: number for number, choice in enumerate(names)}
    design = np.zeros((len(labels), len(names)))
    for row, choices in enumerate(chosen):
        design[row, [column[choice] for choice in choices]] = 1
    targets = {"values": truth, "ranks": rankdata(truth)}
    return {
        measure: dict(
            zip(
                names,
                np.linalg.lstsq(design, targets[measure] - targets[measure].mean())[0].tolist(),
                strict=True,
            )
        )
        for measure in settings.measures
    }


def labelled(settings: Separable, space: Space) -> tuple[list[Architecture], Floats]:
    """The architectures that have a label, and the labels (n,)."""
    table = load(resolve(settings.table.replace("{space}", space.name)))
    if table.space.name != space.name:
        raise ValueError(f"table: {table.path} is of {table.space.name}, not of {space.name}")
    truth = values_of(table, [settings.column])[settings.column]
    rows = [
        row for row, a in enumerate(table.architectures) if math.isfinite(truth[row]) and space.in_mask(a)
    ]
    if not rows:
        raise ValueError(f"column: {settings.column!r} of {table.path} has no value under the mask")
    return [table.architectures[row] for row in rows], truth[rows]
