"""`analysis yardstick NAME`: all rankings of a study by one yardstick, quality beside cost."""

from __future__ import annotations

import argparse

from analysis.commands.named import add_format, add_study

HELP = "compare all rankings of a study in cumulative bins of the truth, with what each of them cost"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    add_format(parser)
    parser.add_argument(
        "--table",
        choices=("bins", "rankings", "front", "amortised", "fear-1", "fear-2", "fear-3"),
        help="one table (all; for csv: bins); fear-1 to fear-3: as the FEAR paper prints them",
    )
    parser.add_argument(
        "--missing",
        choices=("common", "drop", "worst"),
        default="common",
        help="architectures that a ranking has no score for: left out for all rankings, for this one, or ranked worst"
        " (common)",
    )
    parser.add_argument(
        "--front",
        metavar="KIND[:MEASURE]",
        help="what the Pareto front is made of (short-training, where the study has it)",
    )
    parser.add_argument(
        "--cost", choices=("seconds", "steps", "macs"), default="seconds", help="of the front (seconds)"
    )
    parser.add_argument("--bins", metavar="X,X,...", help="the true top X %% (10,20,30,40,50,100)")


def main(args: argparse.Namespace) -> int:
    """Print the tables; exit code 2 if runs of the study have damaged files."""
    from analysis.measures.front import DEFAULT
    from analysis.measures.yardstick import yardstick
    from analysis.report.tables.fear import NAMES, fear_text
    from analysis.report.tables.yardstick import yardstick_text
    from analysis.statistics.bins import REPORTED
    from analysis.store.study import load_study, study_folder, tell

    percents = REPORTED if args.bins is None else _percents(args.bins)
    study = load_study(study_folder(args.runs, args.name))
    found = yardstick(study, args.missing, percents)
    front = args.front
    if front is None and (found.bins["kind"] == DEFAULT).any():
        front = DEFAULT
    if front is None and args.table == "front":
        raise ValueError(
            f"front: {args.name} has no ranking of the kind {DEFAULT}; name another with --front"
        )
    if args.table in NAMES:
        print(fear_text(found, args.format, args.table, front, args.cost))
    else:
        print(yardstick_text(found, args.format, args.table, front, args.cost))
    return tell(study)


def _percents(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise ValueError(f"bins: {text!r} is not a list of integers from 1 to 100") from error
