"""`analysis table NAME`: the numbers of a study."""

from __future__ import annotations

import argparse

from analysis.commands.named import add_format, add_study

HELP = "print the numbers of a study"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    add_format(parser)


def main(args: argparse.Namespace) -> int:
    """Print the table; exit code 2 if runs of the study have damaged files."""
    from analysis.measures.collect import collect
    from analysis.report.tables.study import print_table
    from analysis.store.study import study_folder, tell

    found = collect(study_folder(args.runs, args.name), with_points=False)
    print_table(found, args.format)
    return tell(found.study)
