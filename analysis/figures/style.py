"""One look for all figures, and one way to save them: PNG, PDF, SVG and the data as CSV.

Figures are Matplotlib Figure objects, never pyplot's: nothing is global, nothing needs a display. Saving the
same figure twice gives the same bytes: no dates, fixed identifiers in the SVG.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.store.study import FULL
from analysis.tables import csv_text
from supernet.files import write_atomic, write_text

# Okabe and Ito, "Color Universal Design" (2008): told apart under all kinds of colour vision. Yellow is left
# out: it is too light for lines on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#444444")
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

TITLES = {"nasbench201": "NAS-Bench-201", "blox": "Blox"}


def look() -> AbstractContextManager[None]:
    """The settings above while a figure is made or saved."""
    return mpl.rc_context(SETTINGS)  # type: ignore[arg-type]


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """An empty figure in inches whose panels are fitted around their labels."""
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def colours(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each name, by first appearance. From the eighth on with other markers."""
    found: dict[str, tuple[str, str]] = {}
    for name in names:
        if name not in found:
            i, n = len(found), len(PALETTE)
            found[name] = (PALETTE[i % n], MARKERS[(i + i // n) % n])
    return found


def panel_title(space: str, mask: str = FULL) -> str:
    """The title of a panel: the space, and its mask if it has one."""
    title = TITLES.get(space, space)
    return title if mask == FULL else f"{title} without {mask}"


def add_note(figure: Figure, *parts: str) -> None:
    """Small print under the panels: what the marks mean and what the data are. Nothing overlaps it."""
    width, height = figure.get_size_inches()
    lines = [line for part in parts if part for line in textwrap.wrap(part, int(width * 17.5))]
    engine = figure.get_layout_engine()
    assert engine is not None
    taken = (len(lines) * 0.145 + 0.1) / height
    engine.set(rect=(0, taken, 1, 1 - taken))  # type: ignore[call-arg]
    figure.text(
        0.1 / width, 0.06 / height, "\n".join(lines), fontsize=7.5, color=GREY, va="bottom", linespacing=1.25
    )


def empty(axes: Axes, text: str) -> None:
    """Say in the panel why it is empty."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", color=GREY, transform=axes.transAxes, wrap=True)


def _with_plain_ids(svg: str) -> str:
    """The same drawing with numbers for Matplotlib's identifiers, which hash coordinates to their last bit: products of
    matrices are not always the same to that."""
    found = dict.fromkeys(re.findall(r'id="([a-z][0-9a-f]{10})"', svg))
    numbers = {name: f"{name[0]}{number}" for number, name in enumerate(found)}
    return re.sub(r"(?<=[\"#])[a-z][0-9a-f]{10}(?=[\")])", lambda match: numbers.get(match[0], match[0]), svg)


def save(
    figure: Figure, data: pd.DataFrame, folder: Path, name: str, formats: Iterable[str] = tuple(FORMATS)
) -> list[Path]:
    """Write folder/name.png, .pdf, .svg and the figure's data as .csv, each whole or not at all.

    Numbers in the .csv have seven significant digits, of which a picture shows three and an accuracy has five."""
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
