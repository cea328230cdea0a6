"""`analysis correlate`: one column of scores against one column of truth, architecture by architecture."""

from __future__ import annotations

import argparse
import sys

from analysis.measures.correlate import correlate
from analysis.report.tables.pair import correlation_text
from analysis.tables import FOR_READERS
from analysis.user_tables.names import check_dialect
from analysis.user_tables.pair import Asked, read_pair


def main(args: argparse.Namespace) -> None:
    """Print the comparison. Raises ValueError or OSError for files that cannot be compared."""
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
    options = {"missing": args.missing, "seed": args.seed, "delta": args.delta, "part": args.part}
    result = correlate(truth, scores, top=top, notes=notes, **options)
    if args.format not in FOR_READERS:  # these have the notes themselves
        for note in notes:
            print(f"note: {note}", file=sys.stderr)
    if args.report is not None:
        # The page alone draws figures.
        from analysis.report.pair_page import write_pair_report

        path = write_pair_report(args.report, truth, scores, result, args.title)
        print(path, file=sys.stderr)
    print(correlation_text(result, args.format))


def _asked(args: argparse.Namespace) -> tuple[Asked, Asked]:
    """What is said of the truth and of the scores; --dialect and --arch-column also of the truth, where they fit."""
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
