"""`slurm status STUDY`: every run's state; what failed, with the reason and where its log is."""

from __future__ import annotations

import argparse
import shlex
import time
from collections import Counter
from pathlib import Path

from slurm import queue, request
from slurm.sending import look
from slurm.state import ACTIVE, COMPLETE, ORDER, WRONG, State

DEFAULT_RUNS = Path("runs")
HELP = "how far a study is: finished, running, queued, failed with reason and log"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    request.add_arguments(parser)
    parser.add_argument(
        "--watch",
        type=float,
        nargs="?",
        const=30.0,
        metavar="SECONDS",
        help="again every so many seconds (30), until nothing is queued or running",
    )


def main(args: argparse.Namespace) -> int:
    """Exit code 1 if runs failed or were lost, once nothing is active."""
    queue.require()
    if args.watch is not None and not args.watch > 0:
        raise ValueError(f"--watch: {args.watch:g} is not a number of seconds > 0")
    plan = request.of(args)
    while True:
        found = look(plan)
        print(table(found) + "\n" + summary(plan.study.name, found, args.runs), flush=True)
        active = any(state.state in ACTIVE for state in found)
        if args.watch is None or not active:
            return 1 if not active and any(state.state in WRONG for state in found) else 0
        time.sleep(args.watch)
        print()


def table(found: list[State]) -> str:
    """A line a run; a second one for what has gone wrong."""
    width = max([len(each.run.variant.name) for each in found], default=0)
    lines = [f"{'run':<12}  {'space':<12} {'variant':<{width}} {'seed':>4}  {'state':<11} {'job':<12} reason"]
    for each in found:
        variant = each.run.variant
        job = each.job.job_id if each.job else ""
        lines.append(
            f"{each.run_id:<12}  {variant.space:<12} {variant.name:<{width}} {each.run.seed:>4}  {each.state:<11} "
            f"{job:<12} {each.reason}".rstrip()
        )
        if each.state in (*WRONG, "diverged") and each.job:
            lines.append(f"{'':<14}log: {each.job.log}")
    return "\n".join(lines)


def summary(name: str, found: list[State], runs: Path = DEFAULT_RUNS) -> str:
    """Numbers of each state, and what to do about it; how to make the report once there is something to report."""
    counts = Counter(state.state for state in found)
    told = ", ".join(f"{counts[state]} {state}" for state in ORDER if counts[state])
    wrong = any(counts[state] for state in WRONG)
    complete = sum(counts[state] for state in COMPLETE)
    study = f"{name.removesuffix('-smoke')} --smoke" if name.endswith("-smoke") else name
    next_step = f"; `python -m slurm retry {study}` submits these again" if wrong else ""
    numbers = f"{name}: {complete} of {len(found)} complete: {told}{next_step}"
    if not complete:
        return numbers
    where = "" if runs == DEFAULT_RUNS else f" --runs {shlex.quote(str(runs))}"
    return f"{numbers}\nreport of what is complete: python -m analysis report {name}{where}"
