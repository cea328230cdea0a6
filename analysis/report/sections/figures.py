"""The figures of a study's report that stand in several sections, saved, with their captions."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.figures import registry, scatter, style
from analysis.measures.collect import Collected
from analysis.measures.correlate import TIES
from analysis.report.page import picture, scatter_data
from analysis.tables.html import Html

STILL = f" In print, the first {scatter.PANELS} variants; `analysis figure scatter` draws the others too."


def draw_figures(found: Collected, folder: Path) -> dict[str, Html]:
    """Draw and save the figures; each as a piece of the page with its caption."""
    study = found.study
    kinds = found.primary
    columns = ", ".join(f"{truth.column} of {truth.path.name}" for truth in study.truths.values())
    seeds = _seeds(kinds)
    usable = kinds[kinds["tau_b"].notna()]
    middle = scatter.marked(found)
    captions = {
        "variants": f"tau-b of each variant over {_architectures(usable)}: mean over {seeds} (filled), single seeds"
        " (open), 95 % interval. Upright lines: rankings that need no network, and the truth's own noise.",
        "topn": "Left: tau-b within the true top-N. Right: its mean score, which should fall with N. Over"
        f" {seeds}; bands are mean ± standard deviation. Inside the top the differences are as small as the"
        " noise, so that the ceiling is low there too: one side of it plays the truth and chooses the top, the other"
        " plays the score. Grey band: what the narrow range of truths alone does to the best variant's tau-b, if its"
        " error is the same everywhere in percentage points (lower edge) or in normal scores of the places (upper"
        " edge).",
        "scatter": f"Truth against the mean score over {seeds}, one point an architecture"
        f" ({_architectures(usable)}). tau-b: mean over the seeds' own, as in the tables; the mean score that is drawn"
        f" has a higher one as a rule. Coloured: the true top {middle}.",
    }

    pieces = {}
    for kind in captions:
        drawn = next(registry.get(kind).draw(found))  # of a figure with several pages the first
        paths = style.save(drawn.figure, drawn.frame, folder, kind)
        full = f"{captions[kind]} Truth: {columns}. Ties: {TIES}. {study.note}"
        more = ""
        if kind == "scatter":
            axes = {space: truth.title for space, truth in study.truths.items()}
            more = scatter_data(found.points, usable, top=middle, truth=axes, titles=style.TITLES)
            full += STILL if drawn.page else ""
        pieces[kind] = picture(paths[0], full, f"Figure: {captions[kind]}", more=more)
    for path in folder.glob("scatter-*.*"):
        path.unlink()  # pages of earlier versions
    return pieces


def _seeds(kinds: pd.DataFrame) -> str:
    return _span({int(n) for n in kinds["finished"] if n}, "seed")


def _architectures(usable: pd.DataFrame) -> str:
    return _span({int(n) for n in usable["n"].dropna()}, "architecture")


def _span(counts: set[int], noun: str) -> str:
    """'3 seeds', '1 to 3 seeds' or 'no seeds'."""
    if not counts:
        return f"no {noun}s"
    low, high = min(counts), max(counts)
    return f"{low} to {high} {noun}s" if low < high else f"{low} {noun}{'s' * (low != 1)}"
