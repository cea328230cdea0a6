"""FEAR's first stage: how long each network takes to reach the threshold, against its final accuracy.

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), figures 2 and 4.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.estimators.look import KINDS
from analysis.measures.estimator_scores import Scored, SideBySide
from analysis.statistics.correlation import spearman

COLUMNS = ["arch", "variant", "stage1_seconds", "stage1_epochs", "truth", "status"]


def stage_one(group: SideBySide) -> pd.DataFrame:
    """COLUMNS of every ranking whose records tell of a first stage; measures of one computation once. Means over the
    seeds that tell; status: of the first of them."""
    frames: list[pd.DataFrame] = []
    for ranking in group.rankings:
        frame = _of(ranking, group)
        same = any(frame.drop(columns="variant").equals(other.drop(columns="variant")) for other in frames)
        if len(frame) and not same:
            frames.append(frame)
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=COLUMNS)


def _of(ranking: Scored, group: SideBySide) -> pd.DataFrame:
    rows = []
    for place, (arch, truth) in enumerate(zip(group.arch, group.truth, strict=True)):
        told = [s for s, details in enumerate(ranking.details) if "stage1_seconds" in details[place]]
        if told:
            own = [ranking.details[s][place] for s in told]
            means = [float(np.mean([details.get(name, np.nan) for details in own])) for name in COLUMNS[2:4]]
            rows.append(
                [arch, ranking.variant.partition(": ")[0], *means, truth, ranking.status[told[0], place]]
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def threshold(rows: pd.DataFrame, truth: str, note: str = "") -> Figure:
    """A panel for each variant of `stage_one`."""
    variants: Sequence[str] = list(dict.fromkeys(rows["variant"]))
    with style.look():
        figure = style.new_figure(height=3.4 * -(-len(variants) // 2) + 0.6, width=style.WIDTH)
        panels = figure.subplots(-(-len(variants) // 2), min(2, len(variants)), squeeze=False).ravel()
        for axes, variant in zip(panels, variants, strict=False):
            here = rows[rows["variant"] == variant]
            reached = here[here["status"] == "ok"]
            lost = here[here["status"] != "ok"]
            axes.scatter(
                reached["stage1_seconds"], reached["truth"], c=KINDS["fear"][0], s=10, alpha=0.7, linewidths=0
            )
            axes.scatter(
                lost["stage1_seconds"], lost["truth"], c=style.GREY, marker="x", s=18, linewidths=0.9
            )
            rho = spearman(reached["truth"], reached["stage1_seconds"]).value
            shown = "" if rho is None else f", Spearman {rho:.2f}"
            axes.set_title(f"{variant}: n = {len(reached)}{shown}")
            axes.set(xlabel="seconds of stage 1", ylabel=truth)
        for axes in panels[len(variants) :]:
            axes.set_axis_off()
        count = int((rows["status"] != "ok").sum())
        text = f"Crosses: {count} that did not reach the threshold or have no score, at what they took."
        style.add_note(figure, text if count else "All reached the threshold.", note)
    return figure
