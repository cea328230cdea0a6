"""Variants side by side: tau-b of every seed, its mean and interval, and what to compare it with."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from analysis.figures import style
from analysis.figures.registry import Drawn, Source, figure
from analysis.figures.style import Canvas
from analysis.measures.baselines import BASELINES, LOG_RANK_SUM, TITLES, WORDS
from analysis.measures.collect import Collected
from analysis.store.study import FULL
from supernet.spaces import SPACES

BLACK = "#111111"
WIDTH = 5.6  # inches: beside a table of a page, and a paper's column and a half
Mark = tuple[str, str, Any]  # label, colour, line style


def _references() -> dict[str, Mark]:
    """The mark of each reference by its name in the frame. The layers that spaces sum with params look alike."""
    _, orange, green, pink, amber, sky, _ = style.PALETTE
    marks: dict[str, Mark] = {
        "params": (TITLES["params"], amber, "-"),
        "macs": (TITLES["macs"], green, (0, (2.5, 1.5))),
        **{space.layers: (WORDS[space.layers], pink, "-") for space in SPACES.values()},
    }
    others = [name for name in BASELINES if name not in marks and name != LOG_RANK_SUM]
    marks |= {name: (TITLES[name], sky, "-") for name in others}
    marks[LOG_RANK_SUM] = (WORDS[LOG_RANK_SUM], orange, (0, (1, 1)))
    return marks | {
        name: (label, BLACK, dashes)
        for (name, label), dashes in zip(style.CEILINGS.items(), ("-", (0, (1, 1.2))), strict=True)
    }


REFERENCES = _references()
BLUE = style.PALETTE[0]
MEAN: dict[str, Any] = {"color": BLUE, "marker": "o", "markersize": 6.5, "linewidth": 1.6}
BOTH: dict[str, Any] = {"color": BLUE, "linewidth": 1.6}
PART: dict[str, Any] = {"color": BLUE, "linewidth": 4.5, "alpha": 0.55, "solid_capstyle": "butt"}
ALONE: dict[str, Any] = {"color": BLUE, "linewidth": 1.4, "linestyle": (0, (2, 1.2))}
SEED: dict[str, Any] = {
    "color": BLUE, "marker": "o", "markersize": 4, "markerfacecolor": "white", "linestyle": "",
}  # fmt: skip


@figure("variants", source=Source.REPORT, title="tau-b of every variant")
def variants_of_study(collected: Collected, ax: Canvas | None = None) -> Iterator[Drawn]:
    """`variants` of a study; rows: of its variants that have a tau-b."""
    usable = collected.primary[collected.primary["tau_b"].notna()]
    runs = collected.runs[collected.runs["primary"].astype(bool)]
    note = style.data_note(collected.study.note)
    yield Drawn(variants(usable, runs, collected.references, note=note, ax=ax), usable)


def variants(
    summary: pd.DataFrame,
    runs: pd.DataFrame,
    references: pd.DataFrame,
    *,
    note: str = "",
    ax: Canvas | None = None,
) -> Canvas:
    """One panel a space, one row a variant, tau-b to the right.

    summary: space, mask, variant, tau_b (mean over seeds), tau_b_low, tau_b_high (95 % over architectures and
    trainings; dashed where tau_b_trainings_low is empty: of one seed, over architectures alone),
    set.
    runs: space, mask, variant, tau_b of each seed. references: space, mask, set, reference, tau_b; lines through
    the rows of their mask and set only, as an architecture that is masked out counts for neither side.
    """
    spaces = list(dict.fromkeys(summary["space"]))
    heights = [int((summary["space"] == space).sum()) for space in spaces] or [1]
    with style.look():
        height = 0.34 * sum(heights) + 0.55 * len(heights) + (2.2 if style.legend_columns(2) > 1 else 3.1)
        figure, panels = style.panel_column([h + 0.6 for h in heights], height, ax, WIDTH)
        used: list[str] = []
        alone = bool((summary["tau_b_low"].notna() & summary["tau_b_trainings_low"].isna()).any())
        if not spaces:
            style.empty(panels[0], "no finished run")
        for axes, space in zip(panels, spaces, strict=False):
            rows = summary[summary["space"] == space].reset_index(drop=True)
            used += _lines(axes, rows, references[references["space"] == space])
            for y, row in rows.iterrows():
                same = (
                    (runs["space"] == space)
                    & (runs["mask"] == row["mask"])
                    & (runs["variant"] == row["variant"])
                )
                _row(axes, float(y), row, runs[same]["tau_b"].dropna().to_numpy(dtype=float))
            axes.set_yticks(range(len(rows)), [_label(row, rows) for _, row in rows.iterrows()])
            axes.set_ylim(len(rows) - 0.45, -0.55)
            axes.grid(visible=False, axis="y")
            axes.set_title(style.panel_title(space))
        panels[-1].set_xlabel(style.fit("tau-b, whole space or its random sample", 26))
        handles = [
            Line2D([], [], **MEAN, label="mean over seeds, 95 %"),
            Line2D([], [], **PART, label="95 % over architectures alone"),
            Line2D([], [], **SEED, label="one seed"),
            *([Line2D([], [], **ALONE, label="one seed: 95 % over architectures")] if alone else []),
        ]
        shown: dict[tuple[str, Any], list[str]] = {}
        for label, *look in (mark for name, mark in REFERENCES.items() if name in used):
            shown.setdefault((look[0], look[1]), []).append(label)
        for (colour, dashes), labels in shown.items():
            label = ", ".join(labels)
            handles.append(Line2D([], [], color=colour, linestyle=dashes, linewidth=1.8, label=label))
        style.add_legend(figure, handles, columns=2)
        style.add_note(figure, note)
    return figure


def _label(row: pd.Series, rows: pd.DataFrame) -> str:
    """The variant, its mask where its name does not say it, and its set where others of the same mask are evaluated on
    another one."""
    mask = "" if row["mask"] == FULL or row["mask"] in row["variant"] else f", without {row['mask']}"
    sets = rows[rows["mask"] == row["mask"]]["set"].dropna().unique()
    judged = f" ({row['set']})" if len(sets) > 1 and pd.notna(row["set"]) else ""
    return textwrap.fill(f"{row['variant']}{mask}{judged}", 26)


def _row(axes: Axes, y: float, row: pd.Series, seeds: np.ndarray) -> None:
    if pd.isna(row["tau_b"]):
        where = axes.get_yaxis_transform()
        axes.text(0.02, y, "no value", color=style.GREY, va="center", transform=where, fontsize=style.pt(8))
        return
    if pd.notna(row["tau_b_low"]):
        both = pd.notna(row["tau_b_trainings_low"])
        axes.plot([row["tau_b_low"], row["tau_b_high"]], [y, y], **(BOTH if both else ALONE))
        if both:
            part = [row["tau_b_architectures_low"], row["tau_b_architectures_high"]]
            axes.plot(part, [y, y], **PART)
    axes.plot([row["tau_b"]], [y], **MEAN, zorder=4)
    axes.plot(seeds, np.full(len(seeds), y + 0.22), **SEED)


def _lines(axes: Axes, rows: pd.DataFrame, references: pd.DataFrame) -> list[str]:
    """Upright lines of the references through neighbouring rows of one mask and set; the names drawn."""
    drawn = []
    groups = rows[["mask", "set"]].fillna("")
    starts = np.flatnonzero((groups != groups.shift()).any(axis=1))
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        mask, judged = rows["mask"].iloc[start], rows["set"].iloc[start]
        here = references[(references["mask"] == mask) & (references["set"] == judged)]
        for name, (_, colour, dashes) in REFERENCES.items():
            values = here[here["reference"] == name]["tau_b"].dropna()
            if len(values):
                ends = [start - 0.5, end - 0.5]
                axes.plot(
                    [values.iloc[0]] * 2, ends, color=colour, linestyle=dashes, linewidth=1.5, zorder=1.5
                )
                drawn.append(name)
    return drawn
