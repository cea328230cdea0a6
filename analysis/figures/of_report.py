"""The figures of a study's report, each by its name: what it is drawn from, and its data."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import diagnostics, scatter, topn, variants
from analysis.figures.learning import learning
from analysis.measures.collect import Collected
from analysis.measures.diagnostics import diagnose
from analysis.measures.learning import learning_frame

Drawn = tuple[str, Figure, pd.DataFrame]  # the name of its files, the figure, its data

TITLES = {
    "variants": "tau-b of every variant",
    "topn": "The true top-N, set by set",
    "scatter": "Truth against score, some variants a page",
    "residuals": "Over- and underrated operations",
    "confusion": "Parts of the true ranking in the predicted one",
    "learning": "tau-b while supernets train, of runs with milestones of enough architectures",
}

NEEDED = {  # by each figure that needs more than some scored architectures
    "learning": "no finished supernet whose milestones have enough scored architectures:"
    " `studies run STUDY --milestones 5,10 --milestone-share 1`",
}


def report_figure(name: str, found: Collected) -> Iterator[Drawn]:
    """The figure `name` of TITLES; the scatter of many variants is several. One after another: many panels take up
    much memory. Nothing where the study has too few architectures for it."""
    note = f"Data: {found.study.note}" if found.study.note else ""
    if name in ("residuals", "confusion"):
        result = diagnose(found)
        if not len(result.variants):
            return
        yield name, *diagnostics.heatmaps(name, result, note=note)
        return
    if name == "learning":
        frame = learning_frame(found.study)
        if len(frame):
            yield name, learning(frame, note=note), frame
        return
    usable = found.primary[found.primary["tau_b"].notna()]
    if name == "variants":
        runs = found.runs[found.runs["primary"].astype(bool)]
        yield name, variants.variants(usable, runs, found.references, note=note), usable
    elif name == "topn":
        series = topn.series_of(found.top[found.top["primary"].astype(bool)])
        yield name, topn.topn(series, found.top_references, percent=found.study.in_percent, note=note), series
    else:
        yield from _scatters(found, usable, note)


def _scatters(found: Collected, usable: pd.DataFrame, note: str) -> Iterator[Drawn]:
    taus = usable.rename(columns={"tau_b": "over_seeds", "seedmean_tau_b": "tau_b"})
    truth = ", ".join(dict.fromkeys(truth.title for truth in found.study.truths.values()))
    pages = scatter.pages(found.points)
    for number, points in enumerate(pages, 1):
        name = f"scatter-{number}" if len(pages) > 1 else "scatter"
        yield name, scatter.scatter(points, taus, top=marked(found), truth=truth, note=note), points


def marked(found: Collected) -> int:
    """How many of the best by truth a scatter marks."""
    top = found.study.top
    return max(size for size in top if size <= max(50, top[0]))
