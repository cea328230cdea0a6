"""`analysis figure FIGURE NAME`: a figure of the single-path ranking study from a study's runs, with its data."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from analysis.commands.named import add_runs

HELP = "draw a figure of the ranking study from a study's runs, with its data as CSV; without arguments: list them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("figure", nargs="?", metavar="FIGURE", help="for example paper-4")
    parser.add_argument("name", nargs="?", metavar="NAME", help="the study: the folder RUNS/NAME")
    add_runs(parser)
    parser.add_argument(
        "--format", default="pdf,svg,png", metavar="F,F,...", help="some of pdf, svg, png (all three)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where the figure goes (the study's folder figures/)"
    )


def main(args: argparse.Namespace) -> None:
    """Draw it; print the paths, and on standard error what is missing."""
    from analysis.figures.paper.draw import draw_paper_figure, overview, paper_figure
    from analysis.figures.style import FORMATS
    from analysis.study import load_study, study_folder

    if args.figure is None:
        print(overview())
        return
    figure = paper_figure(args.figure)
    if args.name is None:
        raise ValueError(f"study: none is named; {figure.name} is drawn from {figure.study}")
    formats = args.format.split(",")
    for name in formats:
        if name not in FORMATS:
            raise ValueError(f"format: {name!r} is not one of {', '.join(FORMATS)}")
    folder = study_folder(args.runs, args.name)
    paths, found = draw_paper_figure(figure, load_study(folder), args.out or folder / "figures", formats)
    for path in paths:
        print(path)
    for what, names in (("not in the study", found.absent), ("no finished run", found.unfinished)):
        for name in names:
            print(f"missing, {what}: {name}", file=sys.stderr)
