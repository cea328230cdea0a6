"""`analysis leaderboard NAME`: every ranking of a study by several truths, with its cost and its labels."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from analysis.figures import style
from analysis.figures.estimators.leaderboard import figures_of
from analysis.measures.estimator_scores import side_by_side, told_at_most
from analysis.measures.kept import is_kept, keep, read_kept
from analysis.measures.leaderboard import leaderboard_of
from analysis.report.tables.leaderboard import leaderboard_text
from analysis.store.study import load_study, study_folder, tell


def main(args: argparse.Namespace) -> int:
    """Print the tables; on standard error the files that were asked for. Exit code 2 if runs of the study have damaged
    files."""
    if is_kept(Path(args.name)):
        study, groups = read_kept(Path(args.name))
    else:
        study = load_study(study_folder(args.runs, args.name))
        groups = side_by_side(study, with_top=True)
    if args.labels is not None:
        groups = [told_at_most(args.labels, group) for group in groups]
    found = leaderboard_of(study, groups, args.truth, args.missing)
    print(leaderboard_text(found, args.format, args.table))
    paths = keep(study, groups, args.keep) if args.keep else []
    if args.figures:
        for name, figure, rows in figures_of(found):
            paths += style.save(figure, rows, args.figures, name)
    for path in paths:
        print(path, file=sys.stderr)
    return tell(study)
