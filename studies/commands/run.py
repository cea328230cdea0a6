"""`studies run NAME`: do what is left of a study, then write its report."""

from __future__ import annotations

import argparse
import sys
import time

from studies.commands import data_root, grid, tracked

HELP = "train, score and report; skips what is finished, resumes what is not"
DEVICES = ("auto", "cpu", "cuda")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    grid.add_arguments(parser)
    tracked.add_arguments(parser)
    data_root.add_argument(parser, "--data-root")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="default: cuda if there is one")
    parser.add_argument(
        "--workers", type=int, help="processes of one thread (default: one a core; one on a GPU)"
    )


def main(args: argparse.Namespace) -> int:
    if args.workers is not None and args.workers < 1:
        raise ValueError(f"--workers: {args.workers} is not a positive integer")
    begin = time.monotonic()
    plan = grid.plan(args, data_root=args.data_root, **tracked.options(args))
    from studies.running.execute import execute
    from studies.running.progress import duration
    from studies.running.states import incomplete
    from studies.tracking.settings import link_known
    from supernet.data import ready
    from supernet.files import remove_stale

    todo = incomplete(plan)
    for config in {run.variant.data for run in todo if run.variant.needs_images}:
        ready(config, args.data_root)
    remove_stale(plan.folder, age=60)
    plan.write()
    link_known(plan.selected)
    results = execute(plan, todo, choose_device(args.device), args.workers) if todo else []
    failed = [(run, result) for run, result in results if result["status"] == "failed"]
    for run, result in failed:
        print(f"error: {run.name}: {result['reason']}", file=sys.stderr)

    from analysis.measures.collect import collect
    from analysis.report.study_page import write_report
    from analysis.report.tables.study import print_table
    from analysis.store.study import tell

    found = collect(plan.folder)
    print_table(found)
    complete = len(plan.selected) - len(todo)
    print(
        f"\nruns: {len(plan.selected)}, of which {complete} were complete; {duration(time.monotonic() - begin)}"
    )
    print(f"report: {write_report(found)}")
    held = [run for run, result in results if result["status"] == "held"]
    if held:
        which = f"{held[0].name} and {len(held) - 1} more" if len(held) > 1 else held[0].name
        print(f"error: not complete: another process is on {which}; run this again after it", file=sys.stderr)
    damaged = tell(found.study)
    return 2 if failed or held else damaged


def choose_device(name: str) -> str:
    """'cpu' or 'cuda'. ValueError if cuda is asked for and there is none."""
    import torch

    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ValueError("--device: 'cuda' is not available on this machine; use cpu or auto")
    return "cuda" if available and name != "cpu" else "cpu"
