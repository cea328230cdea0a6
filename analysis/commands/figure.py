"""`analysis figure FIGURE SOURCE`: a figure by name, from a study's runs, a table of ground truth or what searches
found, with its data."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.figures import registry, style
from analysis.figures.registry import NamedFigure, Source
from analysis.figures.sources import parts_of, read_searched, read_study, read_tables
from analysis.figures.state import overview
from analysis.measures.collect import Collected
from analysis.store import search
from analysis.store.study import Study, study_folder, tell
from analysis.user_tables.truth_file import read_truth_file

SPELLING = ("column", "space", "dialect", "arch_column")


def main(args: argparse.Namespace) -> int:
    """Draw it; print the paths, and on standard error what is missing. Exit code 2 if runs have damaged files."""
    if args.figure is None:
        print(overview(args.runs))
        return 0
    figure = registry.get(args.figure)
    formats = args.format.split(",")
    for name in formats:
        if name not in style.FORMATS:
            raise ValueError(f"format: {name!r} is not one of {', '.join(style.FORMATS)}")
    spelling = {name: getattr(args, name) for name in SPELLING}
    what = {
        Source.TABLE: "table",
        Source.TABLES: "tables",
        Source.SEARCH: "search",
        Source.TWO_PHASES: "search",
    }.get(figure.source, "study")
    allowed = {"table": SPELLING, "tables": SPELLING[:1]}.get(what, ())
    for name, value in spelling.items():
        if value is not None and name not in allowed:
            flag = name.replace("_", "-")
            raise ValueError(f"--{flag}: is of a table, and {figure.name} is drawn from a {what}")
    if args.size not in style.SIZES:
        raise ValueError(f"--size: {args.size!r} is not one of {', '.join(style.SIZES)}")
    if args.size != "page" and not figure.sizes:
        raise ValueError(f"--size: {args.size!r} is not possible for {figure.name}; 'page' is its only size")
    if args.source is None:
        raise ValueError(f"{what}: none is named; {figure.name} is drawn from {figure.drawn_from}")
    data = read_data(figure, args.source, args.runs, spelling)
    paths, missing = draw_and_save(figure, data, args.out or data.folder, formats, args.size)
    for path in paths:
        print(path)
    for lacking in missing if paths else ():
        print(f"missing: {lacking}", file=sys.stderr)
    code = 0 if data.study is None else tell(data.study)
    if not paths:
        raise ValueError(
            f"{what}: {args.source} has nothing for {figure.name}; it lacks {'; '.join(missing)}"
        )
    return code


@dataclass(frozen=True, kw_only=True)
class Data:
    """What a figure is drawn from.

    folder: where the figures of this source are. study: None for a table and for searches. parts: what the
    figure's function is given, a call each, by what the files of that call are named after the figure's own name
    ('' for the only part)."""

    folder: Path
    study: Study | None
    parts: Mapping[str, Any]


def read_data(figure: NamedFigure, source: str, runs: Path, spelling: Mapping[str, str | None]) -> Data:
    """Read what the figure is drawn from.

    Args:
        figure: its source says what is read.
        source: the name of a study in `runs`; for Source.TABLE the path of a table, for Source.SEARCH of a folder;
            for Source.TABLES and Source.TWO_PHASES several paths, joined by commas.
        runs: the folder of all studies.
        spelling: of a table: column, space, dialect and arch_column, None where the table says them itself.

    Raises:
        ValueError, OSError: for what is there and cannot be used, and for a table of another space.
    """
    if figure.source is Source.TABLE:
        truth = read_truth_file(Path(source), **spelling)
        return Data(folder=runs / "figures", study=None, parts=parts_of(figure, truth))
    if figure.source is Source.TABLES:
        tables = read_tables(source, spelling["column"])
        return Data(folder=runs / "figures", study=None, parts=parts_of(figure, tables))
    if figure.source is Source.TWO_PHASES:
        return Data(folder=runs / "figures", study=None, parts=parts_of(figure, read_searched(source)))
    if figure.source is Source.SEARCH:
        return Data(folder=Path(source), study=None, parts=parts_of(figure, search.read(Path(source))))
    folder = study_folder(runs, source)
    given = read_study(figure, folder)
    study = given.study if isinstance(given, Collected) else given
    return Data(folder=folder / "figures", study=study, parts=parts_of(figure, given))


def draw_and_save(
    figure: NamedFigure, data: Data, folder: Path, formats: Sequence[str], size: str = "page"
) -> tuple[list[Path], list[str]]:
    """Write folder/<name>.<format> and .csv of every part and page. size: one of style.SIZES; the file's name ends with
    it, unless it is 'page'.

    Returns:
        The paths, none where the source lacks all that the figure needs; and what it lacks, in words.
    """
    paths: list[Path] = []
    missing: list[str] = []
    with style.sized(size):
        for part, given in data.parts.items():
            lacks = [figure.needs]
            for drawn in figure.draw(given):
                words = (figure.name, part, drawn.page, "" if size == "page" else size)
                name = "-".join(word for word in words if word)
                paths += style.save(drawn.figure, drawn.frame, folder, name, formats)
                lacks = list(drawn.missing)
            missing += lacks
    return paths, list(dict.fromkeys(missing))
