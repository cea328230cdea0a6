"""The true top-N, set by set: tau-b inside it, and its mean score."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures import style
from analysis.figures.registry import Drawn, Source, figure
from analysis.figures.style import Canvas
from analysis.measures.baselines import LOG_RANK_SUM, WORDS
from analysis.measures.collect import Collected
from analysis.measures.references import EXPECTED
from analysis.store.study import FULL

BANDS = 5  # variants in a panel up to which bands stay legible
TOGETHER = 7  # variants in a panel, as many as there are colours
LABEL = 48  # letters in a line of the legend
DASHES = ((0, (4, 2)), (0, (6, 1.5, 1, 1.5)), (0, (1, 1.5)), (0, (3, 1, 1, 1, 1, 1)))


@figure("topn", source=Source.REPORT, title="The true top-N, set by set")
def topn_of_study(collected: Collected, ax: Canvas | None = None) -> Iterator[Drawn]:
    """`topn` of a study; rows: of `series_of`."""
    series = series_of(collected.top[collected.top["primary"].astype(bool)])
    percent, note = collected.study.in_percent, style.data_note(collected.study.note)
    yield Drawn(topn(series, collected.top_references, percent=percent, note=note, ax=ax), series)


def topn(
    series: pd.DataFrame,
    references: pd.DataFrame,
    *,
    percent: bool = True,
    note: str = "",
    ax: Canvas | None = None,
) -> Canvas:
    """Two panels a space: tau-b within the true top-N, and the mean score of the true top-N, against N.

    series: space, variant, top and mean, std (of tau-b), score, score_std, seeds: one row for each variant
    and N; std is NaN for one seed. references: space, mask, reference, top, tau_b: lines of the noise ceiling,
    of validation against test (style.CEILINGS), of params and of the log-rank sum. Grey band: what range
    restriction alone lets expect, between its two scales (EXPECTED in series), for the panel's variant of the highest
    tau-b over all.
    A falling line on the right means that better architectures score higher, which is what topn_mean_tau sums up.
    percent: whether all scores are; if not, each line on the right goes from its own lowest value to its highest.
    Where a space has many variants, a row of panels for every few of them, on one scale.
    """
    look = style.colours(series["variant"])
    series = series if percent else _own_range(series)
    rows = _rows(series)
    with style.look():
        across, columns = style.across(2), style.legend_columns(2)
        panel = 2.75 * 2 / across
        heights = [panel + 0.17 * (5 + sum(map(_lines, names))) / columns for _, names in rows] or [3]
        figure = style.new_figure(height=sum(heights) + 0.8, ax=ax)
        parts = figure.subfigures(max(1, len(rows)), 1, squeeze=False, height_ratios=heights)[:, 0]
        if not rows:
            left, right = parts[0].subplots(2 // across, across)
            style.empty(left, "no finished run")
            style.empty(right, "")
        panels: dict[str, list[tuple[Axes, Axes]]] = {}
        for part, (space, names) in zip(parts, rows, strict=False):
            here = series[(series["space"] == space) & series["variant"].isin(names)]
            left, right = part.subplots(2 // across, across)
            panels.setdefault(space, []).append((left, right))
            _draw(left, right, here, look, references[references["space"] == space])
            right.set_ylabel("mean score (%)" if percent else "mean score, lowest to highest")
            left.set_title(style.panel_title(space))
            right.set_title("mean score of the true top-N")
            handles, labels = left.get_legend_handles_labels()
            part.legend(handles, labels, loc="outside upper left", ncols=min(columns, len(labels)))
        for pairs in panels.values():
            for column in zip(*pairs, strict=True):
                limits = np.array([axes.get_ylim() for axes in column])
                for axes in column:
                    axes.set_ylim(limits[:, 0].min(), limits[:, 1].max())
        band = f"Band: mean ± standard deviation over seeds; none for one seed or more than {BANDS} variants."
        masked = series["mask"].eq(FULL).any() and series["mask"].ne(FULL).any()
        of_masks = "A variant under a mask has the true top-N of its own space; lines of reference are of the full one."
        style.add_note(figure, band, of_masks if masked else "", note)
    return figure


def _own_range(series: pd.DataFrame) -> pd.DataFrame:
    """Scores of different units: each variant's from 0 at its lowest to 1 at its highest, a constant's all 1/2."""
    scores = series.groupby(["space", "mask", "variant"], sort=False)["score"]
    low, high = scores.transform("min"), scores.transform("max")
    span = (high - low).where(high > low)
    scaled = ((series["score"] - low) / span).where(span.notna() | series["score"].isna(), 0.5)
    return series.assign(score=scaled, score_std=series["score_std"] / span)


def _rows(series: pd.DataFrame) -> list[tuple[str, list[str]]]:
    """For each row of panels its space and variants: nearly equally many, in their order."""
    rows = []
    for space in dict.fromkeys(series["space"]):
        names = list(dict.fromkeys(series[series["space"] == space]["variant"]))
        for chosen in np.array_split(np.arange(len(names)), -(-len(names) // TOGETHER)):
            rows.append((str(space), [names[i] for i in chosen]))
    return rows


def _lines(variant: str) -> int:
    return len(textwrap.wrap(variant, LABEL - 10))


def _draw(
    left: Axes, right: Axes, here: pd.DataFrame, look: dict[str, tuple[str, str]], references: pd.DataFrame
) -> None:
    """The variants of `here` in a row of panels."""
    for variant, group in here.groupby("variant", sort=False):
        colour, marker = look[str(variant)]
        label = textwrap.fill(f"{variant} ({_seeds(group)})", LABEL)
        for axes, name, std in ((left, "mean", "std"), (right, "score", "score_std")):
            axes.plot(group["top"], group[name], color=colour, marker=marker, label=label)
            if here["variant"].nunique() <= BANDS and group[std].notna().all():
                style.band(axes, group["top"], group[name], group[std], colour)
    _restriction(left, here)
    _references(left, references)
    sizes = sorted(here["top"].unique())
    for axes in (left, right):
        style.size_axis(axes, sizes, [str(size) for size in sizes])
        axes.set_xlabel("N, size of the true top-N")
    style.zero_line(left)
    left.set_ylabel("tau-b within the true top-N")


def _seeds(group: pd.DataFrame) -> str:
    counts = sorted({int(n) for n in group["seeds"]})
    if len(counts) > 1:
        return f"{counts[0]} to {counts[-1]} seeds"
    return f"{counts[0]} seed{'s' * (counts[0] != 1)}"


def _restriction(axes: Axes, here: pd.DataFrame) -> None:
    """The band of range restriction of the best variant, of the full space if there is one: one band for each
    would hide the lines."""
    known = here.dropna(subset=list(EXPECTED))
    if FULL in set(known["mask"]):
        known = known[known["mask"] == FULL]
    if not len(known):
        return
    # What is expected rises with tau-b over all.
    best = known.groupby("variant", sort=False)["expected_places"].max().idxmax()
    rows = known[known["variant"] == best]
    label = f"range restriction alone: “{best}”"
    low, high = (rows[name].astype(float) for name in EXPECTED)
    axes.fill_between(
        rows["top"], low, high, color=style.GREY, alpha=0.25, linewidth=0, zorder=0.8,
        label=textwrap.fill(label, LABEL),
    )  # fmt: skip


def _references(axes: Axes, references: pd.DataFrame) -> None:
    """Noise ceiling and validation against test (black), params and the log-rank sum (grey) of the full space, or of
    the only mask that there is: lines for every mask would hide the variants."""
    masks = list(dict.fromkeys(references["mask"]))
    mask = FULL if FULL in masks or not masks else masks[0]
    here = references[(references["mask"] == mask) & references["tau_b"].notna()]
    names = {name: (label, "#111111") for name, label in style.CEILINGS.items()}
    names |= {name: (WORDS[name], style.GREY) for name in ("params", LOG_RANK_SUM)}
    for (reference, (label, colour)), dashes in zip(names.items(), DASHES, strict=True):
        group = here[here["reference"] == reference]
        if not len(group):
            continue
        axes.plot(
            group["top"], group["tau_b"].astype(float), color=colour, linestyle=dashes, linewidth=1.2, zorder=1.5,
            label=label,
        )  # fmt: skip


def series_of(top: pd.DataFrame) -> pd.DataFrame:
    """Rows of single seeds (space, mask, variant, seed, top, tau_b, mean_score, EXPECTED) -> what `topn` draws.

    A mean is only taken where every seed has a value."""
    rows = []
    for (space, mask, variant, size), group in top.groupby(["space", "mask", "variant", "top"], sort=False):
        row = {"space": space, "mask": mask, "variant": variant, "top": size, "seeds": len(group)}
        for name, mean, std in (("tau_b", "mean", "std"), ("mean_score", "score", "score_std")):
            values = group[name].astype(float)
            row[mean] = values.mean(skipna=False)
            row[std] = values.std(ddof=1, skipna=False) if len(values) > 1 else np.nan
        row |= {name: group[name].astype(float).mean(skipna=False) for name in EXPECTED}
        rows.append(row)
    names = ["space", "mask", "variant", "top", "seeds", "mean", "std", "score", "score_std"]
    return pd.DataFrame(rows, columns=[*names, *EXPECTED])
