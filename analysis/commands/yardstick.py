"""`analysis yardstick NAME`: all rankings of a study by one yardstick, quality beside cost."""

from __future__ import annotations

import argparse

from analysis.measures.front import DEFAULT
from analysis.measures.yardstick import yardstick
from analysis.report.tables.yardstick import yardstick_text
from analysis.statistics.bins import REPORTED
from analysis.store.study import load_study, study_folder, tell


def main(args: argparse.Namespace) -> int:
    """Print the tables; exit code 2 if runs of the study have damaged files."""
    percents = REPORTED if args.bins is None else _percents(args.bins)
    study = load_study(study_folder(args.runs, args.name))
    measured = yardstick(study, args.missing, percents)
    front = args.front
    if front is None and (measured.bins["kind"] == DEFAULT).any():
        front = DEFAULT
    if front is None and args.table == "front":
        raise ValueError(
            f"front: {args.name} has no ranking of the kind {DEFAULT}; name another with --front"
        )
    print(yardstick_text(measured, args.format, args.table, front, args.cost))
    return tell(study)


def _percents(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise ValueError(f"bins: {text!r} is not a list of integers from 1 to 100") from error
