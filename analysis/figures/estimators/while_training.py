"""Zero-cost proxies of networks that are being trained: how each ranks after each epoch.

A proxy may have no value for some networks, and for more of them the longer they train. So each is shown twice: over
the architectures that have a value then, and over all with the others ranked worst; and how many these are. (The
published figure put 0 for a missing jacob_cov, which is above every value that there can be.)

Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021), figure 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.correlation import spearman
from analysis.estimator_scores import Scored, SideBySide
from analysis.figures import style

COLUMNS = ["variant", "measure", "epoch", "n", "seeds", "spearman", "spearman_worst", "missing"]


def is_proxy(ranking: Scored) -> bool:
    """Whether it is of a zero-cost estimator, at initialisation or while training."""
    return ranking.kind.startswith("zero-cost")


def after_epochs(group: SideBySide, apart: Sequence[Scored] = ()) -> pd.DataFrame:
    """COLUMNS, a row for each proxy and epoch, 0 at initialisation: means over seeds. spearman: over those with a
    value; spearman_worst: over all, those without ranked worst; missing: their share.

    apart: more rankings than the group's own. Where networks are looked at while they train, other networks that never
    do are left out: these are judged without training elsewhere."""
    proxies = [one for one in (*group.rankings, *apart) if is_proxy(one)]
    rows = _rows(group, proxies)
    trained = set(rows.loc[rows["epoch"] > 0, "variant"])
    if trained:
        rows = rows[rows["variant"].isin(trained)]
    return rows.sort_values(["variant", "measure", "epoch"], ignore_index=True)


def _rows(group: SideBySide, proxies: Sequence[Scored]) -> pd.DataFrame:
    rows = []
    for ranking in proxies:
        measure, _, epoch = ranking.measure.partition("@")
        if not (epoch or "0").isdigit():
            continue
        row = {"variant": ranking.variant.partition(": ")[0], "measure": measure, "epoch": int(epoch or 0)}
        known = np.isfinite(ranking.scores)
        dropped = [
            spearman(group.truth[own], scores[own]).value
            for scores, own in zip(ranking.scores, known, strict=True)
        ]
        filled = [
            np.where(own, scores, scores[own].min() - 1 if own.any() else 0.0)
            for scores, own in zip(ranking.scores, known, strict=True)
        ]
        worst = [spearman(group.truth, scores).value for scores in filled]
        row |= {
            "n": len(group.truth),
            "seeds": len(known),
            "missing": float(1 - known.mean()) if len(known) else 1.0,
        }
        row |= {"spearman": _mean(dropped), "spearman_worst": _mean(worst)}
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


def _mean(values: list[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else float("nan")


def while_training(rows: pd.DataFrame, note: str = "") -> Figure:
    """Above Spearman after each epoch, below the share of architectures without a value."""
    names = rows["measure"]
    if len(set(rows["variant"])) > 1:
        names = rows["variant"] + ": " + rows["measure"]
    look = style.colours(names)
    with style.look():
        figure = style.new_figure(height=5.4)
        top, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        for name, group in rows.groupby(names, sort=False):
            colour, marker = look[str(name)]
            top.plot(group["epoch"], group["spearman"], color=colour, marker=marker, markersize=4, label=name)
            if group["missing"].any():
                top.plot(group["epoch"], group["spearman_worst"], color=colour, linestyle=":", linewidth=1.1)
            below.plot(group["epoch"], 100 * group["missing"], color=colour, marker=marker, markersize=3)
        top.axhline(0, color="#999999", linewidth=0.8, zorder=0.9)
        top.set_ylabel("Spearman")
        below.set(xlabel="epochs of training", ylabel="no value (%)")
        below.set_ylim(bottom=0, top=max(1.0, 110 * float(rows["missing"].max())))
        below.set_xticks(sorted(set(rows["epoch"])))
        figure.legend(*top.get_legend_handles_labels(), loc="outside upper left", ncols=4)
        text = "Lines: architectures that have a value after so many epochs. Dotted: all, those without ranked worst."
        style.add_note(figure, text, note)
    return figure
