"""The figures that have a name: `@figure` on the function that draws one registers it.

    @figure("blox-14", source=Source.TABLE, of="blox", title="Distributions of cost and accuracy")
    def distributions(truth: TruthFile, ax: Canvas | None = None) -> Iterator[Drawn]:
        ...
        yield Drawn(drawn, frame)

That is all that a new figure takes: `analysis figure` lists and draws it. It may stand in any module of this package.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import pandas as pd

from analysis.figures.style import Canvas
from supernet.spaces import SPACES


class Source(Enum):
    """What a figure is drawn from; its value names what the figure's function is given."""

    REPORT = "Collected"  # the frames of any study's report
    RUNS = "Study"  # one study of the catalogue, of which the figure reads the runs that it shows
    RANKINGS = "Rankings"  # any study's estimators beside its supernets: one call for each space and mask
    TABLE = "TruthFile"  # a table of ground truth of one space
    TABLES = "Sequence[PlainTable]"  # several of them, of any spaces
    TWO_PHASES = "TwoPhases"  # a folder of `studies search`, and tables by which its best are trained anew
    SEARCH = "SearchResults"  # what `studies search` found on one table


class Drawn(NamedTuple):
    """figure: what was drawn on, a Figure unless the caller gave something else (style.py). frame: its data as they are
    saved. page: ends the file's name where a figure has several pages. missing: what the source lacks of what the
    figure could show."""

    figure: Canvas
    frame: pd.DataFrame
    page: str = ""
    missing: tuple[str, ...] = ()


Draw = Callable[..., Iterator[Drawn]]  # of what the source says, and of `ax`, None for a figure of its own


@dataclass(frozen=True)
class NamedFigure:
    """One entry of the registry: what `figure` was told. draw: yields the figure, several where it has pages, none
    where the source lacks what it needs."""

    name: str
    source: Source
    title: str
    of: str
    needs: str
    points: bool
    sizes: bool
    draw: Draw

    @property
    def drawn_from(self) -> str:
        """The source in words."""
        match self.source:
            case Source.RUNS:
                return f"study {self.of}"
            case Source.TABLE:
                return f"a table of {SPACES[self.of].title if self.of else 'any space'}"
            case Source.TABLES:
                return "tables, joined by commas"
            case Source.TWO_PHASES:
                return "a folder of `studies search`, its table, others, joined by commas"
            case Source.RANKINGS:
                return "any study with such rankings"
            case Source.REPORT:
                return "any study"
            case Source.SEARCH:
                return "a folder of `studies search`"

    @property
    def series(self) -> str:
        """The paper whose figure it is ('paper': the single-path ranking study); of others their name."""
        return self.name.partition("-")[0]

    @property
    def number(self) -> int | None:
        """Its number in that paper, if it has one there."""
        match = re.fullmatch(r"[a-z]+-(\d+)", self.name)
        return int(match[1]) if match else None


_REGISTRY: dict[str, NamedFigure] = {}


def figure(
    name: str,
    *,
    source: Source,
    title: str,
    of: str = "",
    needs: str = "enough scored architectures",
    points: bool = False,
    sizes: bool = True,
) -> Callable[[Draw], Draw]:
    """Register the decorated function, which is given what its source says, and what to draw on, and yields the figure.

    Args:
        name: of the figure and its files; of a paper's figure the paper and the number there, 'blox-14'.
        source: what it is drawn from.
        title: what it shows, in the list of figures.
        of: the study (Source.RUNS) that it is drawn from; the space of its table or searches, '' for any (Source.TABLE,
            Source.SEARCH); the kinds of its tables as they are in the paper, joined by commas (Source.TABLES): a space,
            or 'SPACE:students' for one of models that were fine-tuned from a teacher, each of another.
        needs: what the source lacks if nothing is yielded, in words.
        points: whether it shows single architectures, which Source.REPORT collects on demand alone.
        sizes: whether it can be drawn at other sizes than a page's (style.SIZES).

    Raises:
        ValueError: the name is taken, or `of` does not fit the source.
    """
    if name in _REGISTRY:
        raise ValueError(f"figure: two are named {name!r}")
    if source in (Source.TABLE, Source.SEARCH):
        fits = of in ("", *SPACES)
    else:
        fits = bool(of) == (source in (Source.RUNS, Source.TABLES))
    if not fits:
        raise ValueError(f"of: {of!r} of figure {name!r} is not what {source} is drawn from")

    def register(draw: Draw) -> Draw:
        _REGISTRY[name] = NamedFigure(name, source, title, of, needs, points, sizes, draw)
        return draw

    return register


def figures() -> dict[str, NamedFigure]:
    """Every figure by name: those of the report, the ranking study's, then the others'; numbers as numbers."""
    package = importlib.import_module(__package__)
    for module in pkgutil.walk_packages(package.__path__, f"{__package__}."):
        importlib.import_module(module.name)
    return {one.name: one for one in sorted(_REGISTRY.values(), key=_place)}


def get(name: str) -> NamedFigure:
    """The figure of that name. Raises ValueError, which lists the names, if there is none."""
    known = figures()
    if name not in known:
        raise ValueError(f"figure: {name!r} is not one of {', '.join(known)}")
    return known[name]


def _place(one: NamedFigure) -> tuple[bool, bool, str, float, str]:
    number = float("inf") if one.number is None else one.number
    return one.source is not Source.REPORT, one.series != "paper", one.series, number, one.name
