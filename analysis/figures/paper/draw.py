"""A figure of the paper by name: read its runs, draw it, save it and its data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from analysis.figures import style
from analysis.figures.paper.definitions import PaperFigure
from analysis.figures.paper.gather import Gathered, gather
from analysis.figures.paper.lines import lines
from analysis.figures.paper.points import scatters
from analysis.store.study import Study

SMOKE = "SMOKE SIZE"  # how the note of a study begins whose runs show only that it works
SHOWN = 4  # names of missing variants under a figure; the command prints all


def draw_paper_figure(
    figure: PaperFigure, study: Study, folder: Path, formats: Sequence[str] = tuple(style.FORMATS)
) -> tuple[list[Path], Gathered]:
    """Write folder/<name>.<format> and .csv: their paths, and what was read, with the names of what is missing.

    Draws what there is. Raises ValueError if that is nothing."""
    found = gather(study, figure.lines)
    if not len(found.series):
        what = "has a finished run" if found.unfinished else f"is in {study.name}"
        raise ValueError(f"study: no variant of {figure.name} {what}; it is drawn from {figure.study}")
    data = f"Data: {study.note}." if study.note else ""
    note = " ".join(part for part in (data, figure.choice, *_missing(found)) if part)
    if figure.metrics:
        drawn = lines(figure, found, study.top, note=note)
    else:
        truth = ", ".join(truth.title for truth in study.truths.values())
        drawn = scatters(figure, found, study.top, truth=truth, note=note)
    if study.note.startswith(SMOKE):
        drawn.text(
            0.5, 0.55, SMOKE, ha="center", va="center", rotation=30, fontsize=44, fontweight="bold", color="#888888",
            alpha=0.22,
        )  # fmt: skip
    data_frame = found.series if figure.metrics else found.points
    return style.save(drawn, data_frame, folder, figure.name, formats), found


def _missing(found: Gathered) -> list[str]:
    """What the figure lacks, in short."""
    texts = []
    for what, names in (("Not in the study", found.absent), ("No finished run", found.unfinished)):
        if names:
            more = f"; and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            texts.append(f"{what}: {'; '.join(names[:SHOWN])}{more}.")
    return texts
