"""The section on why the ranking of one pair of columns is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.figures import diagnostics, style
from analysis.measures.baselines import COSTS, costs_of
from analysis.measures.diagnostics import confusion, features, rank_residuals, residuals_by
from analysis.report.page import Cell, Head, Html, element, interval, number, picture, table
from analysis.statistics.correlation import undefined
from analysis.statistics.partial import partial_spearman
from analysis.statistics.uncertainty import SMALLEST
from analysis.store.study import FULL
from analysis.store.tables import Joined

WHOLE_ONLY = ("operation", "connectivity", "convolutions")  # groups of the table; places are in the figure


def pair_diagnostics_section(joined: Joined, name: str, folder: Path, seed: int, note: str) -> list[Html]:
    """Heading, tables, figures saved to `folder`; nothing for too few architectures or a constant column.

    What architectures are made of is told where a known space reads them. name: of the scores. seed: of ties and of
    intervals. note: on the truth and ties, for captions."""
    truth, score = joined.truth, joined.score
    if len(truth) < SMALLEST or undefined(truth, score):
        return []
    space = "unknown space" if joined.space is None else joined.space.name
    group = {"space": space, "mask": FULL, "variant": name}
    variants = pd.DataFrame([{**group, "n": len(truth)}])
    pieces = [element("h2", "Where the ranking goes wrong")]
    drawn = {}
    if joined.space is not None:
        made_of = features(joined.space, joined.architectures)
        residuals = residuals_by(made_of, rank_residuals(truth, score), seed).assign(**group)
        pieces += [_partial(joined), _table(residuals), element("p", TEXT, class_="small")]
        rows = residuals[[*group, *(column for column in residuals if column not in group)]]
        drawn["residuals"] = (diagnostics.residuals(rows, variants), rows, RESIDUALS)
    rows = confusion(truth, score, seed=seed).assign(**group)
    rows = rows[[*group, *(column for column in rows if column not in group)]]
    drawn["confusion"] = (diagnostics.confusion(rows, variants), rows, CONFUSION)
    for stem, (figure, data, text) in drawn.items():
        paths = style.save(figure, data, folder, stem)
        pieces.append(picture(paths[0], f"{text} n = {len(truth):,}. {note}", f"Figure: {text}"))
    return pieces


TEXT = (
    "Partial rho: Spearman's correlation of truth and score given the stand-alone network's parameters or MACs; a score"
    " that is the cost plus noise has about 0. Residual: place in the ranking by score less place by truth, in percent"
    " of the ranking, mean over all uses; above 0 the architectures that use it are overrated. At equal truth: what is"
    " left of it after a regression on the place by truth in each tenth of the true ranking, so that mere noise is not"
    " taken for a preference; 95 % over architectures, not corrected for the number of rows."
)
RESIDUALS = "Residuals at equal truth by operation and place, in percent of the ranking."
CONFUSION = "Where the architectures of each part of the true ranking are in the predicted one."


def _partial(joined: Joined) -> Html:
    assert joined.space is not None
    costs, rows = costs_of(joined.space, joined.architectures), []
    for name in COSTS:
        partial = partial_spearman(joined.truth, joined.score, costs[name].to_numpy(dtype=float))
        rows.append([name, number(partial.value), interval(partial.low, partial.high)])
    return table(["Given", "partial rho", "95 %"], rows)


def _table(residuals: pd.DataFrame) -> Html:
    rows = []
    for row in residuals[residuals["group"].isin(WHOLE_ONLY)].to_dict("records"):
        name = f"{row['name']} convolutions" if row["group"] == "convolutions" else row["name"]
        percent = {key: 100 * row[key] for key in ("residual", "at_equal_truth", "low", "high")}
        rated = (
            ""
            if np.isnan(row["low"]) or row["low"] <= 0 <= row["high"]
            else "over"
            if row["low"] > 0
            else "under"
        )
        rows.append(
            [
                name,
                rated,
                number(percent["at_equal_truth"], 1, "+"),
                interval(percent["low"], percent["high"], 1),
                number(percent["residual"], 1, "+"),
                Cell(f"{row['n']:,}", int(row["n"])),
            ]
        )
    head = ["Use of", "rated", Head("at equal truth (%)"), "95 %", "residual (%)", "architectures"]
    return table(head, rows, words=2)
