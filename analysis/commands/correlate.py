"""`analysis correlate`: one column of scores against one column of truth, architecture by architecture."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "compare one column of scores with one column of truth, architecture by architecture"
FILES = "CSV or Parquet with a column 'arch'; higher is better"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--truth", required=True, metavar="FILE:COLUMN", help=f"for example truth.csv:cifar10_test; {FILES}"
    )
    parser.add_argument(
        "--scores", required=True, metavar="FILE:COLUMN", help=f"for example scores.parquet:score; {FILES}"
    )
    parser.add_argument(
        "--where", metavar="COLUMN=VALUE", help="use only these rows of the scores: measure=batch"
    )
    parser.add_argument(
        "--top", default="10,25,50,150,250,500", metavar="N,N,...", help="sizes of the top sets"
    )
    parser.add_argument(
        "--missing",
        choices=("drop", "worst"),
        default="drop",
        help="architectures without a score: left out (the default), or ranked below all others",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the intervals, p-values and broken ties (0)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write a page of it as well")
    parser.add_argument("--title", help="of that page (default: the names of the columns)")


def main(args: argparse.Namespace) -> None:
    """Print the comparison. Raises ValueError or OSError for files that cannot be compared."""
    from analysis.correlate import correlate
    from analysis.tables import read_table
    from analysis.text import as_json, as_text

    try:
        top = [int(word) for word in args.top.split(",")]
    except ValueError:
        raise ValueError(f"top: {args.top!r} is not a list of integers such as 10,25,50") from None
    if args.seed < 0:
        raise ValueError(f"seed: {args.seed} is negative")
    if args.report is None and args.title is not None:
        raise ValueError("--title: is of a page; say where it goes with --report")
    truth, scores = read_table(args.truth), read_table(args.scores, args.where)
    result = correlate(truth, scores, top=top, missing=args.missing, seed=args.seed)
    if args.report is not None:
        from analysis.pair_report import write_pair_report

        path = write_pair_report(args.report, truth, scores, result, args.title)
        print(path, file=sys.stderr)
    print(as_json(result) if args.json else as_text(result))
