"""`analysis report NAME`: the HTML page of a study."""

from __future__ import annotations

import argparse

from analysis.commands.named import add_study

HELP = "write the HTML page of a study"
add_arguments = add_study


def main(args: argparse.Namespace) -> None:
    """Write the page; print its path."""
    from analysis.collect import collect
    from analysis.report import write_report
    from analysis.study import study_folder

    print(write_report(collect(study_folder(args.runs, args.name))))
