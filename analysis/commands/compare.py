"""`analysis compare STUDY STUDY ...`: variants of several studies side by side."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from analysis.commands.named import add_format, add_runs

HELP = "set the variants of several studies side by side, on the architectures that all of them scored"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="+", metavar="NAME", help="the studies: folders RUNS/NAME")
    add_runs(parser)
    add_format(parser)
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write a page of it as well")


def main(args: argparse.Namespace) -> int:
    """Print the comparison; exit code 2 if runs have damaged files. Raises ValueError for studies that cannot be
    compared."""
    from analysis.measures.compare import compare
    from analysis.report.tables.comparison import compare_text
    from analysis.store.study import study_folder, tell

    compared = compare([study_folder(args.runs, name) for name in args.names])
    if args.report is not None:
        from analysis.report.comparison_page import write_comparison

        write_comparison(compared, args.report)
        print(args.report, file=sys.stderr)
    print(compare_text(compared, args.format))
    return tell(*compared.studies)
