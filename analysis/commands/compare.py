"""`analysis compare STUDY STUDY ...`: variants of several studies side by side."""

from __future__ import annotations

import argparse
import sys

from analysis.measures.compare import compare
from analysis.report.comparison_page import write_comparison
from analysis.report.tables.comparison import compare_text
from analysis.store.study import study_folder, tell


def main(args: argparse.Namespace) -> int:
    """Print the comparison; exit code 2 if runs have damaged files. Raises ValueError for studies that cannot be
    compared."""
    folders = [study_folder(args.runs, name) for name in args.names]
    compared = compare(folders)
    if args.report is not None:
        write_comparison(compared, args.report)
        print(args.report, file=sys.stderr)
    print(compare_text(compared, args.format))
    return tell(*compared.studies)
