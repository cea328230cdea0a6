"""`studies run NAME`: run what a study lacks, then write its report. `studies tensorboard NAME`: what TensorBoard
shows of a study, also of runs that were trained without it."""

from __future__ import annotations

import argparse
import sys
import time

from analysis.measures.collect import collect
from analysis.report.study_page import write_report
from analysis.report.tables.study import print_table
from analysis.store.study import tell
from studies.commands.plan import check_workers, choose_device, plan_from_args, work_plan_from_args
from studies.running.execute import execute, incomplete
from studies.running.progress import Progress, duration
from studies.tracking.columns import write_columns
from studies.tracking.links import FOLDER, link_known
from studies.tracking.log import complete
from supernet.data.loading import ready
from supernet.files import remove_stale


def run(args: argparse.Namespace) -> int:
    """Exit code 2 if a run failed, is held by another process or has damaged files."""
    check_workers(args.workers)
    begin = time.monotonic()
    plan = work_plan_from_args(args)
    todo = incomplete(plan)
    for config in {run.variant.data for run in todo if run.variant.estimator.needs_images}:
        ready(config, args.data_root)
    remove_stale(plan.folder, age=60)
    plan.write()
    link_known(plan.selected)
    write_columns(plan.runs)
    results = execute(plan, todo, choose_device(args.device), args.workers) if todo else []
    failed = [(run, result) for run, result in results if result["status"] == "failed"]
    for run, result in failed:
        print(f"error: {run.name}: {result['reason']}", file=sys.stderr)

    collected = collect(plan.folder)
    print_table(collected)
    before = len(plan.selected) - len(todo)
    print(
        f"\nruns: {len(plan.selected)}, of which {before} were complete; {duration(time.monotonic() - begin)}"
    )
    print(f"report: {write_report(collected)}")
    held = [run for run, result in results if result["status"] == "held"]
    if held:
        which = f"{held[0].name} and {len(held) - 1} more" if len(held) > 1 else held[0].name
        print(f"error: not complete: another process is on {which}; run this again after it", file=sys.stderr)
    damaged = tell(collected.study)
    return 2 if failed or held else damaged


def tensorboard(args: argparse.Namespace) -> int:
    """Exit code 2 if runs have damaged files."""
    plan = plan_from_args(args, milestones=())
    write_columns(plan.runs)
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
