"""`studies show NAME`: the grid, how far each run is, and how long the rest will take."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from statistics import mean
from typing import TYPE_CHECKING

from studies.commands import grid

if TYPE_CHECKING:
    from studies.model.study import Run
    from studies.running.execute import Plan
    from studies.running.states import State

HELP = "a study's grid: variants, seeds, what is done, running, failed or left, expected time"
add_arguments = grid.add_arguments


def main(args: argparse.Namespace) -> int:
    return show(grid.plan(args, may_lack_truth=True))


def show(plan: Plan) -> int:
    """Print the grid of a plan; exit code 2 if runs have damaged files, which standard error names."""
    from studies.running.states import COMPLETE, state_of

    print(f"{plan.study.title}\n{plan.study.question}\nData: {plan.study.note}\n")
    for space, reason in plan.lacking.items():
        print(f"note: without the ground truth of {space} it is not known which scores runs lack: {reason}\n")
    width = max([22, *(len(variant.name) for variant in plan.study.variants)])
    print(f"{'space':<12} {'variant':<{width}} {'seed':>4}  {'run':<12}  {'state':<12} {'seconds':>8}")
    states = []
    for run in plan.selected:
        state = state_of(run, plan.architectures(run))
        states.append(state)
        variant, seconds = run.variant, "" if state.seconds is None else f"{state.seconds:.0f}"
        line = (
            f"{variant.space:<12} {variant.name:<{width}} {run.seed:>4}  {run.folder.name:<12}  "
            f"{state.name:<12} {seconds:>8}"
        )
        detail = "see below" if state.name == "damaged" else state.detail
        print(f"{line}  {detail}".rstrip())
    left = [run for run, state in zip(plan.selected, states, strict=True) if state.name not in COMPLETE]
    print(f"\n{len(states)} jobs, {len(states) - len(left)} complete, {len(left)} to do", end="")
    print(_time(plan.selected, states, left))
    print(_counts(states))
    damaged = [
        (run, state) for run, state in zip(plan.selected, states, strict=True) if state.name == "damaged"
    ]
    for run, state in damaged:
        print(f"error: {run.name}: {state.detail}", file=sys.stderr)
    return 2 if damaged else 0


def _counts(states: list[State]) -> str:
    """'3 done, 1 running, 2 to do': the states that occur."""
    from studies.running.states import STATES

    counts = Counter(state.name for state in states)
    return ", ".join(f"{counts[name]} {name}" for name in STATES if counts[name])


def _time(runs: list[Run], states: list[State], left: list[Run]) -> str:
    """How long the rest will take, each run as its variant's finished runs took, else as the catalogue says; runs of
    which neither is known are counted, not guessed."""
    from studies.running.parallel import default_workers
    from studies.running.progress import duration

    if not left:
        return ""
    measured: dict[tuple[str, str], list[float]] = {}
    for run, state in zip(runs, states, strict=True):
        if state.seconds is not None:
            measured.setdefault((run.variant.space, run.variant.name), []).append(state.seconds)
    expected = []
    for run in left:
        own = measured.get((run.variant.space, run.variant.name))
        seconds = mean(own) if own else run.variant.expected_seconds
        if seconds is not None:
            expected.append(seconds)
    if not expected:
        return ": time unknown until one of each variant has run"
    workers, total = default_workers("cpu", len(expected)), sum(expected)
    told = f": about {duration(total)} of one core, {duration(total / workers)} with {workers} workers"
    if unknown := len(left) - len(expected):
        told += f", and {unknown} jobs whose time is unknown until one of each variant has run"
    return told
