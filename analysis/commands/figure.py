"""`analysis figure FIGURE SOURCE`: a figure by name, from a study's runs or from a table of ground truth, with its
data."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from analysis.commands.named import add_runs, add_spelling

HELP = "draw a figure by name, with its data as CSV; without arguments: list the figures and their sources"


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
    from analysis.figures.named import FROM_RANKINGS, FROM_STUDY, FROM_TABLE, OF_REPORT, names, overview
    from analysis.figures.style import FORMATS

    if args.figure is None:
        print(overview())
        return 0
    if args.figure not in names():
        raise ValueError(f"figure: {args.figure!r} is not one of {', '.join(names())}")
    formats = args.format.split(",")
    for name in formats:
        if name not in FORMATS:
            raise ValueError(f"format: {name!r} is not one of {', '.join(FORMATS)}")
    if args.figure in FROM_TABLE:
        _from_table(args, formats)
        return 0
    for flag in ("column", "space", "dialect", "arch_column"):
        if getattr(args, flag) is not None:
            name = flag.replace("_", "-")
            raise ValueError(f"--{name}: is of a table, and {args.figure} is drawn from a study")
    if args.source is None:
        study = FROM_STUDY[args.figure].study if args.figure in FROM_STUDY else "any study"
        raise ValueError(f"study: none is named; {args.figure} is drawn from {study}")
    if args.figure in OF_REPORT:
        return _of_report(args, formats)
    return (_from_rankings if args.figure in FROM_RANKINGS else _from_study)(args, formats)


def _from_table(args: argparse.Namespace, formats: list[str]) -> None:
    from analysis.figures.truth.definitions import FIGURES, draw_table_figure
    from analysis.user_tables.truth_file import read_truth_file

    if args.source is None:
        raise ValueError(f"table: none is named; {args.figure} is drawn from a table of ground truth")
    truth = read_truth_file(
        Path(args.source), args.column, space=args.space, dialect=args.dialect, arch_column=args.arch_column
    )
    for path in draw_table_figure(FIGURES[args.figure], truth, args.out or args.runs / "figures", formats):
        print(path)


def _of_report(args: argparse.Namespace, formats: list[str]) -> int:
    from analysis.figures.of_report import NEEDED, report_figure
    from analysis.figures.style import save
    from analysis.measures.collect import collect
    from analysis.store.study import study_folder, tell

    folder = study_folder(args.runs, args.source)
    found = collect(folder, with_points=args.figure in ("scatter", "residuals", "confusion"))
    out, paths = args.out or folder / "figures", []
    for name, figure, data in report_figure(args.figure, found):
        paths += save(figure, data, out, name, formats)
    if not paths:
        lack = NEEDED.get(args.figure, f"too few scored architectures for the figure {args.figure}")
        tell(found.study)
        raise ValueError(f"study: {args.source} has {lack}")
    for path in paths:
        print(path)
    return tell(found.study)


def _from_rankings(args: argparse.Namespace, formats: list[str]) -> int:
    from analysis.figures.estimators.definitions import FIGURES, draw_estimator_figure
    from analysis.store.study import load_study, study_folder, tell

    folder = study_folder(args.runs, args.source)
    out = args.out or folder / "figures"
    study = load_study(folder)
    paths, missing = draw_estimator_figure(FIGURES[args.figure], study, out, formats)
    for path in paths:
        print(path)
    for what in missing:
        print(f"missing: {what}", file=sys.stderr)
    return tell(study)


def _from_study(args: argparse.Namespace, formats: list[str]) -> int:
    from analysis.figures.paper.definitions import FIGURES
    from analysis.figures.paper.draw import draw_paper_figure
    from analysis.store.study import load_study, study_folder, tell

    folder = study_folder(args.runs, args.source)
    study, out = load_study(folder), args.out or folder / "figures"
    paths, found = draw_paper_figure(FIGURES[args.figure], study, out, formats)
    for path in paths:
        print(path)
    for what, names in (("not in the study", found.absent), ("no finished run", found.unfinished)):
        for name in names:
            print(f"missing, {what}: {name}", file=sys.stderr)
    return tell(study)
