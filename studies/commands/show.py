"""`studies show NAME`: the grid, what is finished, and how long the rest will take."""

from __future__ import annotations

import argparse
from statistics import mean
from typing import TYPE_CHECKING

from studies.commands import grid

if TYPE_CHECKING:
    from studies.study import Run

HELP = "a study's grid: variants, seeds, what is finished, expected time"
add_arguments = grid.add_arguments


def main(args: argparse.Namespace) -> int:
    from studies.parallel import default_workers
    from studies.progress import duration
    from studies.run import is_complete

    plan = grid.plan(args)
    print(f"{plan.study.title}\n{plan.study.question}\nData: {plan.study.note}\n")
    print(f"{'space':<12} {'variant':<22} {'seed':>4}  {'run':<12}  {'state':<12} {'seconds':>8}")
    measured: dict[str, list[float]] = {}
    left = []
    for run in plan.selected:
        state, seconds = _state(run, is_complete(run, plan.architectures(run)))
        if seconds is not None:
            measured.setdefault(f"{run.variant.space}/{run.variant.name}", []).append(seconds)
        if state not in ("finished", "diverged"):
            left.append(run)
        shown = "" if seconds is None else f"{seconds:.0f}"
        variant = run.variant
        print(
            f"{variant.space:<12} {variant.name:<22} {run.seed:>4}  {variant.run_id(run.seed):<12}  "
            f"{state:<12} {shown:>8}"
        )
    print(
        f"\n{len(plan.selected)} jobs, {len(plan.selected) - len(left)} complete, {len(left)} to do", end=""
    )
    expected = [_expected(run, measured) for run in left]
    known = [seconds for seconds in expected if seconds is not None]
    if left and len(known) == len(left):
        workers = default_workers("cpu", len(left))
        total = sum(known)
        print(f": about {duration(total)} of one core, {duration(total / workers)} with {workers} workers")
    else:
        print(": time unknown until one of each variant has run" if left else "")
    return 0


def _state(run: Run, complete: bool) -> tuple[str, float | None]:
    result = run.result()
    if result is None:
        return ("interrupted" if (run.folder / "checkpoint.pt").exists() else "to do"), None
    if result["status"] == "failed":
        return "failed", None
    seconds = result["train_seconds"] + result["score_seconds"]
    return (result["status"] if complete else "to score"), seconds


def _expected(run: Run, measured: dict[str, list[float]]) -> float | None:
    """Seconds of one run: as its variant's finished runs took, else as the catalogue says."""
    own = measured.get(f"{run.variant.space}/{run.variant.name}")
    return mean(own) if own else run.variant.expected_seconds
