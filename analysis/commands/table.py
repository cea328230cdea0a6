"""`analysis table NAME`: the numbers of a study."""

from __future__ import annotations

import argparse

from analysis.measures.collect import collect
from analysis.report.tables.study import table_text
from analysis.store.study import study_folder, tell


def main(args: argparse.Namespace) -> int:
    """Print the table; exit code 2 if runs of the study have damaged files."""
    collected = collect(study_folder(args.runs, args.name), with_points=False)
    print(table_text(collected, args.format))
    return tell(collected.study)
