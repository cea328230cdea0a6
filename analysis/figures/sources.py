"""What figures are drawn from: from a study, a report's frames or a table to what a figure's function is given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, overload

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from analysis.figures import registry
from analysis.figures.estimators.rankings import Rankings
from analysis.figures.registry import NamedFigure, Source
from analysis.measures.collect import Collected, collect
from analysis.measures.retraining import TwoPhases, read_two_phases
from analysis.measures.yardstick import yardstick
from analysis.statistics.bins import REPORTED
from analysis.store import search
from analysis.store.search import SearchResults
from analysis.store.study import Study, load_study
from analysis.user_tables.plain_table import PlainTable, read_plain
from analysis.user_tables.truth_file import TruthFile, read_truth_file

Given = Collected | Study | TruthFile | SearchResults | list[PlainTable] | TwoPhases
On = TypeVar("On", Axes, SubFigure, Figure)


@overload
def draw(name: str, source: Given | str | Path, *, page: int | None = None) -> Figure: ...
@overload
def draw(name: str, source: Given | str | Path, *, ax: On) -> On: ...
def draw(
    name: str,
    source: Given | str | Path,
    *,
    ax: Any = None,
    page: int | None = None,
) -> Any:
    """A figure by its name, one of `analysis figure`; what it was drawn on.

    Args:
        name: of the figure, 'variants' or 'paper-4'.
        source: what it is drawn from: frames of a study, which `Collected.only` makes fewer, a study, a table of ground
            truth, what searches found; or the path of a study's folder, of a table, or of a folder of searches.
        ax: what to draw on, a Figure or SubFigure, or where the figure is one panel an Axes; None: a figure of its own.
        page: which one of a figure that has several.

    Raises:
        ValueError: no such figure or page; a source that is of another kind, or lacks what the figure needs; several
            pages and none is chosen; several panels for one Axes.
    """
    figure = registry.get(name)
    if isinstance(source, (str, Path)):
        source = read(figure, Path(source))
    given = parts_of(figure, source)
    if ax is not None and page is not None:
        raise ValueError(f"page: {page!r} cannot be combined with ax: all pages would be drawn on it")
    options = {} if ax is None else {"ax": ax}
    drawn = [one for part in given.values() for one in figure.draw(part, **options)]
    if not drawn:
        raise ValueError(f"source: it has nothing for {name}, which needs {figure.needs}")
    if page is None and len(drawn) > 1:
        raise ValueError(f"page: {name} has {len(drawn)} pages; choose one, or draw fewer variants")
    if page is not None and not 1 <= page <= len(drawn):
        raise ValueError(f"page: {page!r} is not one of 1 to {len(drawn)}")
    return drawn[(page or 1) - 1].figure


def read(figure: NamedFigure, path: Path) -> Given:
    """What a figure is drawn from, of a path; of Source.TABLES several, joined by commas."""
    if figure.source is Source.TABLES:
        return read_tables(str(path))
    if figure.source is Source.TWO_PHASES:
        return read_searched(str(path))
    if figure.source is Source.TABLE:
        return read_truth_file(path)
    return search.read(path) if figure.source is Source.SEARCH else read_study(figure, path)


def read_tables(paths: str, column: str | None = None) -> list[PlainTable]:
    """The tables of paths that are joined by commas."""
    return [read_plain(Path(path), column) for path in paths.split(",") if path]


def read_searched(paths: str) -> TwoPhases:
    """A folder of searches, tables and folders of iterative teachers, of paths that are joined by commas."""
    folder, *tables = [Path(path) for path in paths.split(",") if path]
    return read_two_phases(folder, tables)


def read_study(figure: NamedFigure, folder: Path) -> Collected | Study:
    """What a figure that is no table's is drawn from, of a study's folder: its frames, or the study alone."""
    if figure.source is Source.REPORT:
        return collect(folder, with_points=figure.points)
    return load_study(folder)


def parts_of(figure: NamedFigure, source: Given) -> Mapping[str, Any]:
    """What the figure's function is given, a call each, by what the files of that call are named after the figure's own
    name ('' for the only part). ValueError for a source of another kind."""
    kinds = {
        Source.TABLE: TruthFile,
        Source.SEARCH: SearchResults,
        Source.TABLES: list,
        Source.TWO_PHASES: TwoPhases,
    }
    if not isinstance(source, kinds.get(figure.source, (Collected, Study))):
        raise ValueError(f"source: {figure.name} is drawn from {figure.drawn_from}")
    if isinstance(source, (SearchResults, list, TwoPhases)):
        return {"": source}
    if isinstance(source, TruthFile):
        if figure.of and source.space.name != figure.of:
            raise ValueError(
                f"table: {source.path} is of {source.space.title}, and {figure.name} is drawn from {figure.drawn_from}"
            )
        return {"": source}
    if figure.source is Source.REPORT:
        return {"": source if isinstance(source, Collected) else collect(source.folder, figure.points)}
    study = source.study if isinstance(source, Collected) else source
    if figure.source is Source.RUNS:
        return {"": study}
    whole = yardstick(study, percents=REPORTED)
    rankings = [Rankings(yardstick=whole, group=group) for group in whole.side_by_side]
    return {one.name: one for one in rankings}
