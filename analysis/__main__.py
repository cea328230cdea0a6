"""Command line: what the scores say.

python -m analysis correlate --truth FILE:COLUMN --scores FILE:COLUMN
python -m analysis report NAME
python -m analysis table NAME
python -m analysis figure [FIGURE NAME]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from analysis.cli import run


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="python -m analysis",
        description="Rank correlation of scores with ground truth, and study reports.",
    )
    commands = result.add_subparsers(dest="command", required=True, metavar="COMMAND")

    correlate = commands.add_parser(
        "correlate",
        help="compare one column of scores with one column of truth",
        description="Compare one column of scores with one column of truth, architecture by architecture."
        " FILE is CSV or Parquet with a column 'arch'; higher is better in both columns.",
    )
    correlate.add_argument(
        "--truth", required=True, metavar="FILE:COLUMN", help="for example truth.csv:cifar10_test"
    )
    correlate.add_argument(
        "--scores", required=True, metavar="FILE:COLUMN", help="for example scores.parquet:score"
    )
    correlate.add_argument(
        "--where", metavar="COLUMN=VALUE", help="use only these rows of the scores: bn_mode=batch"
    )
    correlate.add_argument(
        "--top", default="10,25,50,150,250,500", metavar="N,N,...", help="sizes of the top sets"
    )
    correlate.add_argument(
        "--missing",
        choices=("drop", "worst"),
        default="drop",
        help="architectures without a score: left out (the default), or ranked below all others",
    )
    correlate.add_argument(
        "--seed", type=int, default=0, help="of the intervals, p-values and broken ties (0)"
    )
    correlate.add_argument("--json", action="store_true", help="print JSON")

    for name, text in (
        ("report", "write the HTML page of a study"),
        ("table", "print the numbers of a study"),
    ):
        command = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        command.add_argument("name", metavar="NAME", help="the study: the folder RUNS/NAME")
        command.add_argument(
            "--runs", type=Path, default=Path("runs"), metavar="DIR", help="where studies are (runs)"
        )
        if name == "table":
            command.add_argument("--format", choices=("text", "markdown", "csv"), default="text")

    figure = commands.add_parser(
        "figure",
        help="draw a figure of the ranking study from a study's runs",
        description="Draw a figure of the single-path ranking study from a study's runs, with its data as CSV."
        " Without arguments: list the figures and the study that each is drawn from.",
    )
    figure.add_argument("figure", nargs="?", metavar="FIGURE", help="for example paper-4")
    figure.add_argument("name", nargs="?", metavar="NAME", help="the study: the folder RUNS/NAME")
    figure.add_argument(
        "--runs", type=Path, default=Path("runs"), metavar="DIR", help="where studies are (runs)"
    )
    figure.add_argument(
        "--format", default="pdf,svg,png", metavar="F,F,...", help="some of pdf, svg, png (all three)"
    )
    figure.add_argument(
        "--out", type=Path, metavar="DIR", help="where the figure goes (the study's folder figures/)"
    )
    return result


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    commands = {"correlate": _correlate, "report": _report, "table": _table, "figure": _figure}
    return run(lambda: commands[options.command](options))


# pandas, SciPy and Matplotlib are imported where they are used, so that --help answers at once.


def _correlate(options: argparse.Namespace) -> None:
    from analysis.correlate import correlate
    from analysis.tables import read_table
    from analysis.text import as_json, as_text

    try:
        top = [int(word) for word in options.top.split(",")]
    except ValueError:
        raise ValueError(f"top: {options.top!r} is not a list of integers such as 10,25,50") from None
    if options.seed < 0:
        raise ValueError(f"seed: {options.seed} is negative")
    result = correlate(
        read_table(options.truth),
        read_table(options.scores, options.where),
        top=top,
        missing=options.missing,
        seed=options.seed,
    )
    print(as_json(result) if options.json else as_text(result))


def _report(options: argparse.Namespace) -> None:
    from analysis.collect import collect
    from analysis.report import write_report
    from analysis.study import study_folder

    print(write_report(collect(study_folder(options.runs, options.name))))


def _table(options: argparse.Namespace) -> None:
    from analysis.collect import collect
    from analysis.study import study_folder
    from analysis.table import print_table

    found = collect(study_folder(options.runs, options.name), with_points=False)
    print_table(found, options.format)


def _figure(options: argparse.Namespace) -> None:
    from analysis.figures.paper.draw import draw_paper_figure, overview, paper_figure
    from analysis.figures.style import FORMATS
    from analysis.study import load_study, study_folder

    if options.figure is None:
        print(overview())
        return
    figure = paper_figure(options.figure)
    if options.name is None:
        raise ValueError(f"study: none is named; {figure.name} is drawn from {figure.study}")
    formats = options.format.split(",")
    for name in formats:
        if name not in FORMATS:
            raise ValueError(f"format: {name!r} is not one of {', '.join(FORMATS)}")
    folder = study_folder(options.runs, options.name)
    paths, found = draw_paper_figure(figure, load_study(folder), options.out or folder / "figures", formats)
    for path in paths:
        print(path)
    for what, names in (("not in the study", found.absent), ("no finished run", found.unfinished)):
        for name in names:
            print(f"missing, {what}: {name}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
