"""`analysis leaderboard NAME`: every ranking of a study by several truths, with its cost and its labels."""

from __future__ import annotations

import argparse

from analysis.measures.leaderboard import leaderboard
from analysis.report.tables.leaderboard import leaderboard_text
from analysis.store.study import load_study, study_folder, tell


def main(args: argparse.Namespace) -> int:
    """Print the tables; exit code 2 if runs of the study have damaged files."""
    study = load_study(study_folder(args.runs, args.name))
    found = leaderboard(study, args.truth, args.missing)
    print(leaderboard_text(found, args.format, args.table))
    return tell(study)
