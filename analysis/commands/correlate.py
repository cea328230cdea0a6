"""`analysis correlate`: one column of scores against one column of truth, architecture by architecture."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.cli import add_format
from analysis.commands.named import add_spelling

if TYPE_CHECKING:
    from analysis.user_tables.pair import Asked

HELP = "compare one column of scores with one column of truth, architecture by architecture"
FORMATS = "CSV, JSON, Parquet, NumPy or a plain pickle, packed or not"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--truth", required=True, metavar="FILE:COLUMN", help=f"for example truth.csv:cifar10_test; {FORMATS}"
    )
    parser.add_argument(
        "--scores", required=True, metavar="FILE:COLUMN", help=f"for example scores.parquet:score; {FORMATS}"
    )
    _add_files(parser)
    parser.add_argument(
        "--top",
        default="10,25,50,150,250,500",
        metavar="N,N,...",
        help="sizes of the true and the predicted top: the K of P@K, BR@K, WR@K, nDCG@K and regret@K too",
    )
    parser.add_argument(
        "--delta", type=float, default=0.1, help="of the sparse tau, in the units of the truth (0.1)"
    )
    parser.add_argument(
        "--missing",
        choices=("drop", "worst"),
        default="drop",
        help="architectures without a score: left out (the default), or ranked below all others",
    )
    parser.add_argument(
        "--part",
        choices=("sample", "top", "both"),
        help="of scores that hold a true top-N and a random sample, as a run's own file does: compare one of them, or"
        " both as one set (default: the whole by the sample, the true tops by the top)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the intervals, p-values and broken ties (0)")
    add_format(parser)
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="--format json")
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write a page of it as well")
    parser.add_argument("--title", help="of that page (default: the names of the columns)")


def _add_files(parser: argparse.ArgumentParser) -> None:
    add_spelling(parser)
    for side, of in (("", "of the scores"), ("truth-", "of the truth")):
        parser.add_argument(
            f"--{side}where",
            action="append",
            default=[],
            metavar="COLUMN=VALUE",
            help=f"use only these rows {of}: measure=batch; may be given several times",
        )
        parser.add_argument(
            f"--{side}lower-is-better",
            action="store_true",
            help=f"the column {of} is a loss, an error, a rank",
        )
    parser.add_argument(
        "--truth-dialect", metavar="NAME", help="where the truth is in another dialect than --dialect"
    )
    parser.add_argument(
        "--truth-arch-column",
        metavar="COLUMN",
        help="where the truth has another column of names than --arch-column",
    )
    parser.add_argument(
        "--average", action="store_true", help="rows that name one architecture (seeds) become their mean"
    )
    parser.add_argument(
        "--partial",
        action="store_true",
        help="allow that fewer than half of the smaller file's rows are in the other",
    )


def main(args: argparse.Namespace) -> None:
    """Print the comparison. Raises ValueError or OSError for files that cannot be compared."""
    from analysis.measures.correlate import correlate
    from analysis.report.tables.pair import correlation_text
    from analysis.user_tables.pair import read_pair

    try:
        top = [int(word) for word in args.top.split(",")]
    except ValueError:
        raise ValueError(f"top: {args.top!r} is not a list of integers such as 10,25,50") from None
    if args.seed < 0:
        raise ValueError(f"seed: {args.seed} is negative")
    if args.report is None and args.title is not None:
        raise ValueError("--title: is of a page; say where it goes with --report")
    files = read_pair(*_asked(args), space=args.space, average=args.average, partial=args.partial)
    truth, scores, notes = files.truth, files.scores, files.notes
    result = correlate(
        truth,
        scores,
        top=top,
        missing=args.missing,
        seed=args.seed,
        delta=args.delta,
        notes=notes,
        part=args.part,
    )
    if args.format not in (
        "text",
        "markdown",
    ):  # which have them; readers of the others should see them as well
        for note in notes:
            print(f"note: {note}", file=sys.stderr)
    if args.report is not None:
        from analysis.report.pair_page import write_pair_report

        path = write_pair_report(args.report, truth, scores, result, args.title)
        print(path, file=sys.stderr)
    print(correlation_text(result, args.format))


def _asked(args: argparse.Namespace) -> tuple[Asked, Asked]:
    """What is said of the truth and of the scores; --dialect and --arch-column also of the truth, where they fit."""
    from analysis.user_tables.names import check_dialect
    from analysis.user_tables.pair import Asked

    for name in (args.dialect, args.truth_dialect):
        check_dialect(name)
    truth = Asked(
        spec=args.truth,
        where=args.truth_where,
        arch_column=args.truth_arch_column,
        arch_column_if_there=args.arch_column,
        dialect=args.truth_dialect or args.dialect,
        lower_is_better=args.truth_lower_is_better,
    )
    scores = Asked(
        spec=args.scores,
        where=args.where,
        arch_column=args.arch_column,
        dialect=args.dialect,
        lower_is_better=args.lower_is_better,
    )
    return truth, scores
