"""`analysis report NAME`: the HTML page of a study."""

from __future__ import annotations

import argparse

from analysis.measures.collect import collect
from analysis.report.study_page import write_report
from analysis.store.study import study_folder, tell


def main(args: argparse.Namespace) -> int:
    """Write the page; print its path. Exit code 2 if runs of the study have damaged files."""
    collected = collect(study_folder(args.runs, args.name))
    print(write_report(collected))
    return tell(collected.study)
