"""Where a ranking goes wrong, as heatmaps: mean residual by operation and place; who is in the predicted top."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.registry import Drawn, Source, figure
from analysis.figures.style import Canvas
from analysis.measures.collect import Collected
from analysis.measures.diagnostics import FEWEST, PLACE, Diagnostics, diagnose

MOST = 6  # panels of a figure
COLUMNS = 3
SMALLEST_LIMIT = 0.05  # ends of the colours at the least: noise is not to look like a finding
DEVIATIONS = 6  # standard deviations from chance at which the colours end
LETTERS = 40  # of the names of all places; more are written aslant

# Blue and vermilion of the palette: distinct under all kinds of colour vision, and by lightness from the middle.
DIVERGING: Colormap = LinearSegmentedColormap.from_list(
    "residual", [style.PALETTE[0], "#ffffff", style.PALETTE[1]]
)
ABSENT = "#eeeeee"


def choose(variants: pd.DataFrame) -> pd.DataFrame:
    """The rows of at most MOST variants: of each space those with the highest tau_b, as evenly as can be."""
    if not len(variants):
        return variants
    place = variants.groupby("space")["tau_b"].rank(ascending=False, method="first")
    kept = variants.loc[place.sort_values(kind="stable").index[:MOST]].sort_index()
    order = list(dict.fromkeys(variants["space"]))
    return kept.sort_values("space", key=lambda names: names.map(order.index), kind="stable")


@figure("residuals", source=Source.REPORT, title="Over- and underrated operations", points=True)
def residuals_of_study(collected: Collected, ax: Canvas | None = None) -> Iterator[Drawn]:
    """`residuals` of a study's chosen variants; rows: of all its variants."""
    yield from _of_study("residuals", collected, ax)


@figure(
    "confusion", source=Source.REPORT, title="Parts of the true ranking in the predicted one", points=True
)
def confusion_of_study(collected: Collected, ax: Canvas | None = None) -> Iterator[Drawn]:
    """`confusion` of a study's chosen variants; rows: of all its variants."""
    yield from _of_study("confusion", collected, ax)


def _of_study(name: str, collected: Collected, ax: Canvas | None) -> Iterator[Drawn]:
    result = diagnose(collected)
    if len(result.variants):
        yield heatmaps(name, result, note=style.data_note(collected.study.note), ax=ax)


def heatmaps(name: str, result: Diagnostics, *, note: str = "", ax: Canvas | None = None) -> Drawn:
    """The figure 'residuals' or 'confusion' of the chosen variants, and its data, of all of them."""
    draw, rows = {"residuals": (residuals, result.residuals), "confusion": (confusion, result.confusion)}[
        name
    ]
    return Drawn(draw(rows, choose(result.variants), note=note, ax=ax), rows)


def residuals(
    rows: pd.DataFrame, variants: pd.DataFrame, *, note: str = "", ax: Canvas | None = None
) -> Canvas:
    """A panel for each of `variants` (space, mask, variant): operations down, places across, orange where overrated.

    rows: of `residuals_by` with space, mask and variant. Numbers are percent of the ranking; bold where the cell's own
    95 % interval leaves out 0."""
    shown = rows[rows["group"] == PLACE].merge(variants[["space", "mask", "variant"]])
    limit = max(SMALLEST_LIMIT, float(shown["at_equal_truth"].abs().max()))

    def draw(axes: Axes, group: pd.DataFrame) -> None:
        names, where = (list(dict.fromkeys(group[name])) for name in ("name", "place"))
        values, bold = np.full((len(names), len(where)), np.nan), np.zeros((len(names), len(where)), bool)
        for row in group.to_dict("records"):
            cell = names.index(row["name"]), where.index(row["place"])
            values[cell], bold[cell] = row["at_equal_truth"], row["low"] > 0 or row["high"] < 0
        texts = [[_signed(value) for value in line] for line in values]
        _heatmap(axes, pd.DataFrame(values / limit, names, where), texts, bold)
        if sum(map(len, where)) > LETTERS:
            axes.tick_params(axis="x", rotation=45)

    text = (
        "Mean residual of the architectures that have the operation there, at equal truth, in percent of the ranking."
        " Orange: overrated, blue: underrated. Bold: the cell's own 95 % interval leaves out 0. Grey: fewer than"
        f" {FEWEST} architectures."
    )
    return _panels(shown, variants, draw, text, note, ax)


def confusion(
    rows: pd.DataFrame, variants: pd.DataFrame, *, note: str = "", ax: Canvas | None = None
) -> Canvas:
    """A panel for each of `variants`: parts of the true ranking down, of the predicted across, chance below.

    rows: of `confusion` with space, mask and variant. Numbers are percent of the row; orange where that is more than
    chance."""
    shown = rows.merge(variants[["space", "mask", "variant"]])

    def draw(axes: Axes, group: pd.DataFrame) -> None:
        names = list(dict.fromkeys(group["true"]))
        share, chance, n = (
            group[k].to_numpy(dtype=float).reshape(len(names), -1) for k in ("share", "chance", "n")
        )
        total = n[:, 0].sum()
        # Of the hypergeometric distribution: a few empty cells among few architectures are no finding.
        deviation = np.sqrt(chance * (1 - chance) / n * (total - n) / (total - 1))
        over = np.divide(share - chance, deviation, out=np.zeros_like(share), where=deviation > 0)
        over = np.clip(over / DEVIATIONS, -1, 1)
        values = np.vstack([over, np.zeros(len(names))])
        numbers = [[f"{100 * value:.0f}" for value in line] for line in (*share, chance[0])]
        short = [name.removeprefix("top ") for name in names]
        across = [name.removesuffix(" %") for name in short]
        shades = pd.DataFrame(values, [*short, "by chance"], across)
        _heatmap(axes, shades, numbers, np.zeros(values.shape, bool))
        axes.tick_params(axis="x", rotation=45)
        axes.set_xlabel("predicted part of the ranking (%)", fontsize=style.pt(8))

    text = (
        "Rows: parts of the true ranking, best first. Numbers: percent of the row's architectures that are in that"
        " part of the predicted ranking. Orange: more than chance, blue: less; full colour from"
        f" {DEVIATIONS} standard deviations of a random order on."
    )
    return _panels(shown, variants, draw, text, note, ax)


def _signed(value: float) -> str:
    """In percent with its sign; nothing for NaN."""
    if np.isnan(value):
        return ""
    percent = round(100 * value)
    return f"{percent:+d}".replace("-", "\N{MINUS SIGN}") if percent else "0"


def _heatmap(axes: Axes, values: pd.DataFrame, texts: list[list[str]], bold: np.ndarray) -> None:
    """Cells of `values` in [-1, 1], named by its index and columns, with their texts; grey where there is none."""
    axes.set_facecolor(ABSENT)
    # Rounded: a sum's last bit is not to decide between two shades.
    sns.heatmap(
        values.round(6), ax=axes, cmap=DIVERGING, vmin=-1, vmax=1, cbar=False, annot=np.array(texts), fmt="",
        annot_kws={"fontsize": style.pt(7)},
    )  # fmt: skip
    axes.grid(visible=False)
    axes.tick_params(length=0, labelsize=style.pt(7.5))
    axes.tick_params(axis="x", rotation=0)
    axes.tick_params(axis="y", rotation=0)
    for text, heavy in zip(axes.texts, bold[values.notna().to_numpy()], strict=True):
        text.set_fontweight("bold" if heavy else "normal")


def _panels(
    shown: pd.DataFrame,
    variants: pd.DataFrame,
    draw: Callable[[Axes, pd.DataFrame], None],
    text: str,
    note: str,
    ax: Canvas | None,
) -> Canvas:
    deepest = max((group.iloc[:, 3:5].nunique().max() for _, group in shown.groupby("variant")), default=5)
    width = max(4.4, 2.9 * min(COLUMNS, max(1, len(variants))))
    with style.look():
        height = 0.17 * max(6, deepest) + 1.1
        figure, panels = style.panel_grid(len(variants), COLUMNS, height, 0.7, width, ax)
        if isinstance(figure, Figure):
            figure.get_layout_engine().set(w_pad=0.1)  # type: ignore[union-attr, call-arg]
        for axes, row in zip(panels.flat, variants.to_dict("records"), strict=False):
            names = row["space"], row["mask"], row["variant"]
            draw(axes, shown[(shown[["space", "mask", "variant"]] == names).all(axis=1)])
            axes.set_title(f"{style.variant_title(*names, 30)}, n = {row['n']}", fontsize=style.pt(8))
        style.add_note(figure, text, note)
    return figure
