"""Figures 2 to 4 of the FEAR paper: the time to the threshold, and zero-cost proxies while networks train.

Figures 2 and 3 are of CIFAR-10, 4 of three data sets. A study has one data set a space: the figures say where the
paper's is another. Source: Dey et al., "FEAR: a simple lightweight method to rank architectures" (2021).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures import style
from analysis.figures.estimators.rankings import CIFAR10, KINDS, Rankings
from analysis.figures.registry import Drawn, Source, figure
from analysis.figures.style import Canvas
from analysis.measures.estimator_scores import Scored, SideBySide, apart
from analysis.statistics.correlation import spearman

STAGE_ONE = "records of a first stage (FEAR)"
AFTER_AN_EPOCH = "proxies after an epoch of training (MEASURE@EPOCH)"


@figure("fear-2", source=Source.RANKINGS, title="Time to the threshold and accuracy", needs=STAGE_ONE)
def time_to_threshold(rankings: Rankings, ax: Canvas | None = None) -> Iterator[Drawn]:
    """How long each network takes to reach the threshold, against its final accuracy; rows of `stage_one`."""
    yield from _threshold(rankings, ax, CIFAR10)


@figure(
    "fear-4",
    source=Source.RANKINGS,
    title="Time to the threshold and accuracy, each data set",
    needs=STAGE_ONE,
)
def time_to_threshold_everywhere(rankings: Rankings, ax: Canvas | None = None) -> Iterator[Drawn]:
    """As `time_to_threshold`, of any data set."""
    yield from _threshold(rankings, ax)


def _threshold(rankings: Rankings, ax: Canvas | None, data: str = "") -> Iterator[Drawn]:
    rows = stage_one(rankings.group)
    if len(rows):
        yield Drawn(threshold(rows, f"{rankings.column} (%)", rankings.note(data), ax), rows)


@figure("fear-3", source=Source.RANKINGS, title="Zero-cost proxies while training", needs="zero-cost proxies")
def proxies_while_training(rankings: Rankings, ax: Canvas | None = None) -> Iterator[Drawn]:
    """How each proxy ranks after each epoch; rows of `after_epochs`."""
    group = rankings.group
    rows = after_epochs(group, apart(rankings.yardstick.study, group.space))
    if len(rows):
        untrained = () if (rows["epoch"] > 0).any() else (AFTER_AN_EPOCH,)
        note = rankings.note(CIFAR10, untrained)
        yield Drawn(while_training(rows, note, ax), rows, missing=untrained)


# Time to the threshold

STAGE_COLUMNS = ["arch", "variant", "stage1_seconds", "stage1_epochs", "truth", "status"]


def stage_one(group: SideBySide) -> pd.DataFrame:
    """STAGE_COLUMNS of every ranking whose records tell of a first stage; measures of one computation once. Means over
    the seeds that tell; status: of the first of them."""
    frames: list[pd.DataFrame] = []
    for ranking in group.rankings:
        frame = _of(ranking, group)
        same = any(frame.drop(columns="variant").equals(other.drop(columns="variant")) for other in frames)
        if len(frame) and not same:
            frames.append(frame)
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=STAGE_COLUMNS)


def _of(ranking: Scored, group: SideBySide) -> pd.DataFrame:
    rows = []
    for place, (arch, truth) in enumerate(zip(group.arch, group.truth, strict=True)):
        told = [s for s, details in enumerate(ranking.details) if "stage1_seconds" in details[place]]
        if told:
            records = [ranking.details[s][place] for s in told]
            means = [
                float(np.mean([details.get(name, np.nan) for details in records]))
                for name in STAGE_COLUMNS[2:4]
            ]
            rows.append(
                [arch, ranking.variant.partition(": ")[0], *means, truth, ranking.status[told[0], place]]
            )
    return pd.DataFrame(rows, columns=STAGE_COLUMNS)


def threshold(rows: pd.DataFrame, truth: str, note: str = "", ax: Canvas | None = None) -> Canvas:
    """A panel for each variant of `stage_one`."""
    variants: Sequence[str] = list(dict.fromkeys(rows["variant"]))
    with style.look():
        figure, panels = style.panel_grid(len(variants), 2, 3.4, 0.6, ax=ax)
        for axes, variant in zip(panels.flat, variants, strict=False):
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
            axes.set_title(style.fit(f"{variant}: n = {len(reached)}{shown}", 36))
            axes.set(xlabel="seconds of stage 1", ylabel=truth)
        count = int((rows["status"] != "ok").sum())
        text = f"Crosses: {count} that did not reach the threshold or have no score, at the seconds that they took."
        style.add_note(figure, text if count else "All reached the threshold.", note)
    return figure


# Zero-cost proxies while training.
#
# A proxy may have no value for some networks, and for more of them the longer they train. So each that lacks more than
# all do is shown twice: over the architectures that have a value then, and over all with the others ranked worst; and
# how many these are. (The published figure put 0 for a missing jacob_cov, which is above every value that can be.)

EPOCH_COLUMNS = ["variant", "measure", "epoch", "n", "seeds", "spearman", "spearman_worst", "missing"]


def is_proxy(ranking: Scored) -> bool:
    """Whether it is of a zero-cost estimator, at initialisation or while training."""
    return ranking.kind.startswith("zero-cost")


def after_epochs(group: SideBySide, apart: Sequence[Scored] = ()) -> pd.DataFrame:
    """EPOCH_COLUMNS, a row for each proxy and epoch, 0 at initialisation: means over seeds. spearman: over those with a
    value; spearman_worst: over all, those without ranked worst; missing: their share.

    apart: more rankings than the group's own. Where networks are looked at while they train, other networks that never
    do are left out: these are evaluated without training elsewhere."""
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
            spearman(group.truth[finite], scores[finite]).value
            for scores, finite in zip(ranking.scores, known, strict=True)
        ]
        filled = [
            np.where(finite, scores, scores[finite].min() - 1 if finite.any() else 0.0)
            for scores, finite in zip(ranking.scores, known, strict=True)
        ]
        worst = [spearman(group.truth, scores).value for scores in filled]
        row |= {
            "n": len(group.truth),
            "seeds": len(known),
            "missing": float(1 - known.mean()) if len(known) else 1.0,
        }
        row |= {"spearman": _mean(dropped), "spearman_worst": _mean(worst)}
        rows.append(row)
    return pd.DataFrame(rows, columns=EPOCH_COLUMNS)


def _mean(values: list[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else float("nan")


def while_training(rows: pd.DataFrame, note: str = "", ax: Canvas | None = None) -> Canvas:
    """Above Spearman after each epoch, each line with its name at its end. Below, where some proxy lacks more values
    than all do, the share of architectures without one."""
    names = rows["measure"]
    if len(set(rows["variant"])) > 1:
        names = rows["variant"] + ": " + rows["measure"]
    drawn = [_Line(str(name), *look, group) for (name, group), look in zip(
        rows.groupby(names, sort=False), style.colours(names).values(), strict=True)]  # fmt: skip
    base = float(rows["missing"].min())
    lacking = [line for line in drawn if line.rows["missing"].max() > base]
    with style.look():
        figure = style.new_figure(height=5.6 if lacking else 4.4, ax=ax)
        panels = figure.subplots(1 + bool(lacking), 1, sharex=True, squeeze=False,
                                 height_ratios=[3, 1][: 1 + bool(lacking)])[:, 0]  # fmt: skip
        top = panels[0]
        for number, line in enumerate(drawn):
            dashes = "-" if number < len(style.PALETTE) else (0, (5, 1.5))  # colours come again, dashed
            epochs, colour = line.rows["epoch"], line.colour
            top.plot(
                epochs,
                line.rows["spearman"],
                marker=line.marker,
                markersize=4,
                linestyle=dashes,
                color=colour,
            )
            if line in lacking:
                top.plot(epochs, line.rows["spearman_worst"], linestyle=":", linewidth=1.1, color=colour)
                share = 100 * line.rows["missing"]
                panels[1].plot(
                    epochs, share, marker=line.marker, markersize=3, linestyle=dashes, color=colour
                )
        style.zero_line(top)
        top.set_ylabel("Spearman")
        _names_at_the_end(top, drawn)
        if lacking:
            panels[1].set_ylabel("no value (%)")
            panels[1].set_ylim(bottom=0, top=max(1.0, 110 * float(rows["missing"].max())))
        panels[-1].set_xlabel("epochs of training")
        panels[-1].set_xticks(sorted(set(rows["epoch"])))
        style.add_note(figure, _text(base, drawn, lacking), note)
    return figure


@dataclass(frozen=True, eq=False)
class _Line:
    """One proxy. rows: by epoch."""

    name: str
    colour: str
    marker: str
    rows: pd.DataFrame


def _names_at_the_end(axes: Axes, lines: Sequence[_Line]) -> None:
    """Each line's name in its colour, right of its last value, moved up or down until all can be read."""
    ends = {line: line.rows["spearman"].dropna() for line in lines}
    known = sorted((line for line in lines if len(ends[line])), key=lambda line: float(ends[line].iloc[-1]))
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)
    heights = apart_by((high - low) * 0.052, [float(ends[line].iloc[-1]) for line in known])
    last = float(max((line.rows["epoch"].max() for line in lines), default=0))
    for line, height in zip(known, heights, strict=True):
        end = (float(line.rows["epoch"][ends[line].index[-1]]), float(ends[line].iloc[-1]))
        axes.annotate(
            line.name, end, (last + max(last, 1.0) * 0.055, height), color=line.colour, va="center",
            fontsize=style.pt(8.5),
            annotation_clip=False, arrowprops={"arrowstyle": "-", "color": line.colour, "linewidth": 0.5},
        )  # fmt: skip


def apart_by(gap: float, places: Sequence[float]) -> list[float]:
    """Ascending places moved until neighbours are at least `gap` apart; those that touch stay around their mean."""
    groups: list[list[float]] = []
    for place in places:
        groups.append([place])
        while len(groups) > 1 and _touch(groups[-2], groups[-1], gap):
            groups[-2:] = [[*groups[-2], *groups[-1]]]
    return [fmean(group) + gap * (i - (len(group) - 1) / 2) for group in groups for i in range(len(group))]


def _touch(below: Sequence[float], above: Sequence[float], gap: float) -> bool:
    return fmean(above) - fmean(below) < gap * (len(below) + len(above)) / 2


def _text(base: float, lines: Sequence[_Line], lacking: Sequence[_Line]) -> str:
    n, seeds = (int(lines[0].rows[name].iloc[0]) for name in ("n", "seeds"))
    parts = [f"{n:,} architectures, {seeds} seed{'s' * (seeds != 1)}."]
    if base > 0:
        more = "or more of each proxy" if lacking else "of every proxy after every epoch"
        parts.append(f"Lines leave out those without a value: {100 * base:.2g} % {more}.")
    if lacking:
        more = "where a proxy lacks more, " if base > 0 else ""
        parts.append(f"Dotted: {more}all architectures, those without a value ranked worst.")
    elif base == 0:
        parts.append("All have a value of every proxy after every epoch.")
    never = [line.name for line in lines if not line.rows["spearman"].notna().any()]
    if never:
        parts.append(f"No Spearman at all: {', '.join(never)}.")
    return " ".join(parts)
