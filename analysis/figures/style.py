"""One look for all figures, seaborn's theme for papers with few changes, and one way to save them: PNG, PDF, SVG and
the data as CSV.

Figures are Matplotlib Figure objects, never pyplot's: nothing is global, nothing needs a display. Saving the
same figure twice gives the same bytes: no dates, fixed identifiers in the SVG.

Every figure can be drawn on a canvas of the caller's (`ax`): a Figure or a SubFigure, of which it takes all; or, where
it is one panel, an Axes, which gets neither the small print nor a legend outside it. What it was drawn on is returned.
"""

from __future__ import annotations

import io
import math
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import NullFormatter, NullLocator
from numpy.typing import ArrayLike

from analysis.store.study import FULL
from analysis.tables import csv_text
from supernet.files import write_atomic, write_text
from supernet.spaces import SPACES

# Of seaborn's colour-blind palette, itself near Okabe and Ito's, "Color Universal Design" (2008): distinct under all
# kinds of colour vision. Its yellow and light pink are left out, too light for lines on white.
PALETTE = (*(sns.color_palette("colorblind").as_hex()[i] for i in (0, 3, 2, 4, 1, 9)), "#444444")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GREY = "#6b6b6b"
WIDTH = 7.2  # inches; text is set for this width
DIGITS = "%.7g"
FORMATS: dict[str, dict[str, Any]] = {
    "png": {"dpi": 200, "metadata": {"Software": None}},
    "pdf": {"metadata": {"CreationDate": None}},
    "svg": {"metadata": {"Date": None}},
}

SETTINGS: dict[str, Any] = {
    **sns.axes_style("whitegrid"),
    **sns.plotting_context("paper"),
    "font.family": "DejaVu Sans",  # comes with Matplotlib, so that figures look alike everywhere
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#444444",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e8e8e8",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
    "pdf.fonttype": 42,  # text stays text
    "svg.fonttype": "path",
    "svg.hashsalt": "ranking",
}

TEXTS = (
    "font.size",
    "axes.titlesize",
    "axes.labelsize",
    "legend.fontsize",
    "xtick.labelsize",
    "ytick.labelsize",
)
LINES = ("lines.linewidth", "lines.markersize", "grid.linewidth", "axes.linewidth")

TITLES = {name: space.title for name, space in SPACES.items()}
CEILINGS = {  # kinds of noise ceiling that figures show
    "seed_to_seed": "noise ceiling, seed against seed",
    "valid_to_test": "noise ceiling, validation against test",
}
Canvas = Figure | SubFigure | Axes


class Size(NamedTuple):
    """What a figure is made for. widest: inches; a figure that needs less is less wide. scale: of text, lines and
    panels, relative to a page's."""

    widest: float
    scale: float


SIZES = {
    "page": Size(math.inf, 1.0),
    "column": Size(3.3, 6 / 7),  # the smallest text of a page has 7 points: here 6
    "slide": Size(12.0, 1.5),  # of 13.33 inches
}
_size: ContextVar[Size] = ContextVar("size", default=SIZES["page"])
MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"


@contextmanager
def sized(name: str) -> Iterator[None]:
    """Figures made meanwhile are of this size, one of SIZES; without it they are a page's. ValueError for another."""
    if name not in SIZES:
        raise ValueError(f"size: {name!r} is not one of {', '.join(SIZES)}")
    before = _size.set(SIZES[name])
    try:
        yield
    finally:
        _size.reset(before)


def pt(points: float) -> float:
    """A size of text, in points on a page, at the size that figures are made for now."""
    return points * _size.get().scale


def room(width: float) -> float:
    """The width, in inches at a page's scale, that a figure as wide as this on a page has at the present size."""
    size = _size.get()
    return min(width, size.widest / size.scale)


def across(most: int, width: float = WIDTH) -> int:
    """The number of panels beside each other, of a figure that has `most` of them in this width on a page."""
    return max(1, int(most * room(width) / width + 0.4))


def legend_columns(most: int) -> int:
    """Columns of a legend that has `most` on a page."""
    return most if room(WIDTH) == WIDTH else max(1, most // 3)


def fit(text: str, letters: int) -> str:
    """The text in one line on a page and a slide; in a column in lines of at most so many letters."""
    return (
        text
        if room(WIDTH) == WIDTH
        else textwrap.fill(text, letters, break_long_words=False, break_on_hyphens=False)
    )


def look() -> AbstractContextManager[None]:
    """The settings above while a figure is made or saved."""
    settings = SETTINGS | {name: pt(SETTINGS[name]) for name in (*TEXTS, *LINES)}
    return mpl.rc_context(settings)  # type: ignore[arg-type]


def new_figure(height: float, width: float = WIDTH, ax: Canvas | None = None) -> Figure | SubFigure:
    """An empty figure whose panels are fitted around their labels, in inches on a page; or `ax`, whose size stays.

    Raises ValueError for an Axes: what is drawn has several panels, or may have."""
    if ax is None:
        return Figure(figsize=(pt(room(width)), pt(height)), layout="constrained", facecolor="white")
    if isinstance(ax, Axes):
        raise ValueError(
            "ax: this figure has several panels; give a Figure or a SubFigure, such as"
            " ax.figure.add_subfigure(ax.get_subplotspec())"
        )
    root = ax.get_figure(root=True)
    if not isinstance(root.get_layout_engine(), ConstrainedLayoutEngine):  # legends outside panels need it
        root.set_layout_engine("constrained")
    return ax


def panel_grid(
    count: int,
    most: int,
    height: float,
    margin: float,
    width: float = WIDTH,
    ax: Canvas | None = None,
) -> tuple[Canvas, np.ndarray]:
    """A figure of `count` panels, at most `most` beside each other, and the panels (down, across), those left over off.

    height: of a panel, margin: of what is above and below all of them, width: of the figure; in inches. ax: what to
    draw on instead; the panel itself where there is but one."""
    if isinstance(ax, Axes) and count <= 1:
        return ax, np.array([[ax]])
    beside = min(across(most, width), max(1, count))
    down = -(-max(1, count) // beside)
    figure = new_figure(height * down + margin, width, ax)
    panels = figure.subplots(down, beside, squeeze=False)
    for axes in panels.flat[count:]:
        axes.set_axis_off()
    return figure, panels


def panel_column(
    ratios: Sequence[float], height: float, ax: Canvas | None = None, width: float = WIDTH
) -> tuple[Canvas, np.ndarray]:
    """A figure of panels below each other, their heights as `ratios`; and the panels (down,). ax: what to draw on
    instead; the panel itself where there is but one."""
    if isinstance(ax, Axes) and len(ratios) == 1:
        return ax, np.array([ax])
    figure = new_figure(height, width, ax)
    return figure, figure.subplots(len(ratios), 1, squeeze=False, height_ratios=ratios)[:, 0]


def points(
    axes: Axes, x: ArrayLike, y: ArrayLike, colour: Any, size: float, alpha: float, marker: str = "o"
) -> None:
    """Points as an image, so that very many of them are a small file too. colour: one, or one a point."""
    axes.scatter(x, y, s=size, c=colour, alpha=alpha, marker=marker, linewidths=0, rasterized=True)


def band(axes: Axes, x: Any, mean: Any, std: Any, colour: str, alpha: float = 0.18) -> None:
    """Mean ± standard deviation."""
    axes.fill_between(x, mean - std, mean + std, color=colour, alpha=alpha, linewidth=0)


def zero_line(axes: Axes) -> None:
    """The line of no correlation."""
    axes.axhline(0, color="#999999", linewidth=0.8, zorder=0.9)


def size_axis(axes: Axes, sizes: Sequence[int], labels: Sequence[str]) -> None:
    """x, the size of the true top-N, on a log scale with these ticks alone."""
    axes.set_xscale("log")
    axes.set_xticks(sizes, labels)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())


def colours(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each name, by first appearance. From the eighth on with other markers."""
    n = len(PALETTE)
    return {name: (PALETTE[i % n], MARKERS[(i + i // n) % n]) for i, name in enumerate(dict.fromkeys(names))}


def panel_title(space: str, mask: str = FULL) -> str:
    """The title of a panel: the space, and its mask if it has one."""
    title = TITLES.get(space, space)
    return title if mask == FULL else f"{title} without {mask}"


def variant_title(space: str, mask: str, variant: str, wrap: int) -> str:
    """The title of a variant's panel, in lines of at most `wrap` letters; the mask is left out where the variant's own
    name says it."""
    place = panel_title(space, FULL if mask in variant else mask)
    return f"{textwrap.fill(variant, wrap)}\n{textwrap.fill(place, wrap)}"


def data_note(note: str) -> str:
    """What a study's note says of its data, for the small print; empty for none."""
    return f"Data: {note}" if note else ""


def add_legend(figure: Canvas, handles: Sequence[Any], columns: int) -> None:
    """The legend above all panels; below the panel where a caller's Axes is drawn on."""
    if isinstance(figure, Axes):
        figure.legend(
            handles=handles, loc="upper left", bbox_to_anchor=(0, -0.16), ncols=legend_columns(columns)
        )
    else:
        figure.legend(handles=handles, loc="outside upper left", ncols=legend_columns(columns))


def add_note(figure: Canvas, *parts: str) -> None:
    """Small print under the panels: what the marks mean and what the data are. Nothing overlaps it. None where a
    caller's Axes is drawn on: what is around it is the caller's."""
    if isinstance(figure, Axes):
        return
    root = figure.get_figure(root=True)
    width, height = root.get_size_inches()
    width, height = (
        width * (figure.bbox.width / root.bbox.width),
        height * (figure.bbox.height / root.bbox.height),
    )
    lines = [line for part in parts if part for line in textwrap.wrap(part, int(width / pt(1) * 17.5))]
    if isinstance(figure, SubFigure):  # room below the whole figure is not below a part of it
        figure.supxlabel("\n".join(lines), x=0.1 / width, ha="left", fontsize=pt(7.5), color=GREY)
        return
    engine = figure.get_layout_engine()
    assert engine is not None
    taken = pt(len(lines) * 0.145 + 0.1) / height
    engine.set(rect=(0, taken, 1, 1 - taken))  # type: ignore[call-arg]
    figure.text(
        0.1 / width,
        0.06 / height,
        "\n".join(lines),
        fontsize=pt(7.5),
        color=GREY,
        va="bottom",
        linespacing=1.25,
    )


def coefficient(value: float | None, digits: int = 2) -> str:
    """A coefficient with a minus sign; a dash where it is undefined."""
    return DASH if value is None else f"{value:.{digits}f}".replace("-", MINUS)


def empty(axes: Axes, text: str) -> None:
    """Say in the panel why it is empty."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", color=GREY, transform=axes.transAxes, wrap=True)


def _with_plain_ids(svg: str) -> str:
    """The same drawing with numbers for Matplotlib's identifiers, which hash coordinates to their last bit: products of
    matrices are not always the same to that."""
    identifiers = dict.fromkeys(re.findall(r'id="([a-z][0-9a-f]{10})"', svg))
    numbers = {name: f"{name[0]}{number}" for number, name in enumerate(identifiers)}
    return re.sub(r"(?<=[\"#])[a-z][0-9a-f]{10}(?=[\")])", lambda match: numbers.get(match[0], match[0]), svg)


def save(
    figure: Canvas, data: pd.DataFrame, folder: Path, name: str, formats: Iterable[str] = tuple(FORMATS)
) -> list[Path]:
    """Write folder/name.png, .pdf, .svg and the figure's data as .csv, each whole or not at all.

    Numbers in the .csv have seven significant digits, of which a picture shows three and an accuracy has five."""
    assert isinstance(figure, Figure)
    paths = []
    with look():
        # Laid out once for all formats: with many panels that is what takes time.
        figure.draw_without_rendering()
        figure.set_layout_engine(None)
        # What solves the layout may differ in the last bit from one time to the next.
        for axes in figure.axes:
            left, bottom, width, height = (round(float(edge), 9) for edge in axes.get_position().bounds)
            axes.set_position((left, bottom, width, height))
        for suffix in formats:
            options = FORMATS[suffix]
            path, drawn = folder / f"{name}.{suffix}", io.BytesIO()
            figure.savefig(drawn, format=suffix, **options)
            content = drawn.getvalue()
            if suffix == "svg":
                content = _with_plain_ids(content.decode()).encode()
            write_atomic(path, lambda file, content=content: file.write(content))  # type: ignore[misc]
            paths.append(path)
    path = folder / f"{name}.csv"
    write_text(path, csv_text(data, DIGITS))
    return [*paths, path]
