"""One column of scores against one of truth: the values, and the places that rank correlations see."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style


def pair(points: pd.DataFrame, *, top: int, truth: str, score: str, note: str = "") -> Figure:
    """Left truth and score, right their places, 1 the best; one point an architecture.

    points: truth, score, place (by truth, from 1), score_place. top: this many of the best by truth are marked. truth,
    score: what they are, for the axes."""
    best = (points["place"] <= top).to_numpy()
    n = max(1, len(points))
    with style.look():
        figure = style.new_figure(height=4.2, width=8.4)
        left, right = figure.subplots(1, 2)
        for axes, x, y in ((left, "truth", "score"), (right, "place", "score_place")):
            for chosen, colour, alpha in (
                (~best, style.GREY, float(np.clip(2500 / n, 0.1, 0.5))),
                (best, style.PALETTE[1], 0.9),
            ):
                axes.scatter(
                    points[x][chosen], points[y][chosen], c=colour, alpha=alpha, linewidths=0, rasterized=True,
                    s=max(8.0 * (colour != style.GREY), float(np.clip(2500 / n, 1.5, 14))),
                )  # fmt: skip
        left.set(xlabel=truth, ylabel=score)
        left.set_title("values")
        right.set(xlabel="place by truth", ylabel="place by score")
        right.invert_xaxis()
        right.invert_yaxis()
        right.set_title("places (1: the best)")
        text = (
            f"One point an architecture, n = {len(points):,}. Orange: the {min(top, n)} of the highest truth."
        )
        style.add_note(figure, text, note)
    return figure
