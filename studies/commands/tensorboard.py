"""`studies tensorboard NAME`: what TensorBoard shows of a study, also of runs that were trained without it."""

from __future__ import annotations

import argparse

from studies.commands import grid

HELP = "write the TensorBoard logs that a study lacks, from its runs' files, and say how to open them"
add_arguments = grid.add_arguments


def main(args: argparse.Namespace) -> int:
    plan = grid.plan(args, milestones=())
    from studies.running.progress import Progress
    from studies.tracking.log import complete
    from studies.tracking.settings import FOLDER

    progress = Progress(f"{plan.study.name}: logs", len(plan.selected))
    counts = dict.fromkeys(("written", "there before", "still running or not begun"), 0)
    damaged = 0
    try:
        for number, run in enumerate(plan.selected, 1):
            try:
                counts[complete(run)] += 1
            except (OSError, ValueError) as error:  # one run's files are no reason to leave out the others
                damaged += 1
                progress.line(f"error: {run.name}: {error}")
            progress.update(number)
    finally:
        progress.close()
    print(f"{plan.study.name}: {', '.join(f'{count} {what}' for what, count in counts.items())}")
    print(f"tensorboard --logdir {plan.folder / FOLDER}")
    return 2 if damaged else 0
