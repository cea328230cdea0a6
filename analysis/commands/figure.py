"""`analysis figure FIGURE SOURCE`: a figure by name, from a study's runs or from a table of ground truth, with its
data."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from analysis.commands.arguments import add_runs, add_spelling

HELP = "draw a figure by name, with its data as CSV; without arguments: list the figures and their sources"
SPELLING = ("column", "space", "dialect", "arch_column")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("figure", nargs="?", metavar="FIGURE", help="for example paper-4 or blox-4")
    parser.add_argument(
        "source",
        nargs="?",
        metavar="SOURCE",
        help="the study, the folder RUNS/SOURCE; or a table of ground truth, of any format that correlate reads",
    )
    add_runs(parser)
    parser.add_argument(
        "--column", help="of the table (default: its first test accuracy at the end of training)"
    )
    add_spelling(parser)
    parser.add_argument(
        "--format", default="pdf,svg,png", metavar="F,F,...", help="some of pdf, svg, png (all three)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="where the figure goes (the study's folder figures/; for a table RUNS/figures/)",
    )


def main(args: argparse.Namespace) -> int:
    """Draw it; print the paths, and on standard error what is missing. Exit code 2 if runs have damaged files."""
    from analysis.figures import by_name, registry, style
    from analysis.store.study import tell

    if args.figure is None:
        print(registry.overview())
        return 0
    figure = registry.get(args.figure)
    formats = args.format.split(",")
    for name in formats:
        if name not in style.FORMATS:
            raise ValueError(f"format: {name!r} is not one of {', '.join(style.FORMATS)}")
    spelling = {name: getattr(args, name) for name in SPELLING}
    what = "table" if figure.source is registry.Source.TABLE else "study"
    for name, value in spelling.items():
        if value is not None and what == "study":
            flag = name.replace("_", "-")
            raise ValueError(f"--{flag}: is of a table, and {figure.name} is drawn from a study")
    if args.source is None:
        raise ValueError(f"{what}: none is named; {figure.name} is drawn from {figure.drawn_from}")
    data = by_name.read_data(figure, args.source, args.runs, spelling)
    paths, missing = by_name.draw_and_save(figure, data, args.out or data.folder, formats)
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
