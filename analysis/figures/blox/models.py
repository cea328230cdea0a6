"""The best and the worst models, drawn. Source: the Blox paper, Figures 16 and 17."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.architecture import MODEL_X, MODEL_Y, draw_model
from analysis.measures.ground_truth import occurrences
from analysis.statistics.topn import by_truth
from analysis.user_tables.truth_file import TruthFile

SHOWN = 5
WIDTH = 15.5  # inches: as wide as the drawing of one model, whose texts it fits


def draw_models(truth: TruthFile, worst: bool = False) -> tuple[Figure, pd.DataFrame]:
    """The SHOWN models of the highest truth, or of the lowest, the last of the ranking first; rows: place (1 is the
    best), arch, accuracy (percent), params, macs, formula. Ties by the table's order."""
    order = by_truth(truth.numbers)
    places = np.arange(len(order), 0, -1)[:SHOWN] if worst else np.arange(1, len(order) + 1)[:SHOWN]
    rows = order[places - 1]
    chosen = [truth.architectures[row] for row in rows]
    frame = pd.DataFrame({"place": places, "arch": truth.frame["arch"].iloc[rows].to_list()})
    frame["accuracy"] = truth.numbers[rows]
    frame = frame.assign(**truth.costs.iloc[rows].reset_index(drop=True))
    frame["formula"] = [truth.space.formula(one) for one in chosen]
    with style.look():
        aspect = (MODEL_Y[1] - MODEL_Y[0]) / (MODEL_X[1] - MODEL_X[0])
        figure = style.new_figure(height=len(rows) * WIDTH * aspect + 1.2, width=WIDTH)
        panels = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
        for axes, row, architecture in zip(panels, frame.to_dict("records"), chosen, strict=True):
            above = f"{row['place']:,} of {len(order):,}: {row['accuracy']:.2f} %"
            cost = f"{row['params'] / 1e6:.3f} M parameters   ·   {row['macs'] / 1e6:.2f} M MACs"
            draw_model(axes, truth.space, architecture, above, cost, size=truth.size)
        note = f"Operations of these {len(rows)}: {_shares(truth, rows)}; of all: {_shares(truth, order)}."
        note += f"\nTies by the table's order. Truth: {truth.source}."
        # Larger than other figures' notes: this one is twice as wide, and shrunk for print.
        figure.supxlabel(note, x=0.01, ha="left", fontsize=11, color=style.GREY)
    return figure, frame


draw_worst_models = partial(draw_models, worst=True)


def _shares(truth: TruthFile, rows: np.ndarray) -> str:
    counts = occurrences(truth.space, [truth.architectures[row] for row in rows])["operation"].sum()
    shares = counts.reindex(truth.space.operations, fill_value=0) / counts.sum()
    return ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
