"""`studies show NAME`: the grid, how far each run is, and how long the rest will take."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections import Counter
from statistics import mean

from analysis.tables import Column, Table, fixed, write
from analysis.tables.writers import WIDTH
from studies.commands.plan import plan_from_args
from studies.model.study import Run
from studies.running.parallel import default_workers
from studies.running.plan import Plan
from studies.running.progress import duration, expected_seconds
from studies.running.state import COMPLETE, STATES, State, state_of


def show(args: argparse.Namespace) -> int:
    return show_plan(plan_from_args(args, may_lack_truth=True), args.format)


def show_plan(plan: Plan, form: str = "text") -> int:
    """Print the grid of a plan; exit code 2 if runs have damaged files, which standard error names."""
    states = [state_of(run, plan.architectures(run)) for run in plan.selected]
    study = plan.study
    notes = [
        f"note: without the ground truth of {space} it is not known which scores runs lack: {reason}"
        for space, reason in plan.lacking.items()
    ]
    left = [run for run, state in zip(plan.selected, states, strict=True) if state.name not in COMPLETE]
    numbers = f"{len(states)} jobs, {len(states) - len(left)} complete, {len(left)} to do"
    question = textwrap.fill(study.question, WIDTH)
    print(
        write(
            by_variant(plan.selected, states) if form == "text" else grid(plan.selected, states),
            form,
            facts={"study": study.name, "title": study.title, "question": study.question, "data": study.note},
            before="\n\n".join([f"{study.title}\n{question}\nData: {study.note}", *notes]),
            after=f"{numbers}{_time(plan.selected, states, left)}\n{counts(states)}",
        )
    )
    damaged = [
        (run, state) for run, state in zip(plan.selected, states, strict=True) if state.name == "damaged"
    ]
    for run, state in damaged:
        print(f"error: {run.name}: {state.detail}", file=sys.stderr)
    return 2 if damaged else 0


def by_variant(runs: list[Run], states: list[State]) -> Table:
    """A row a variant, its seeds together; below it notes on single runs."""
    groups: dict[tuple[str, str], list[tuple[Run, State]]] = {}
    for run, state in zip(runs, states, strict=True):
        groups.setdefault((run.variant.space, run.variant.name), []).append((run, state))
    several = len({space for space, _ in groups}) > 1
    columns = [
        *([Column("space", words=True)] if several else []),
        Column("variant", words=True),
        Column("seeds", words=True),
        Column("state", words=True),
        Column("seconds", "seconds a run", format=fixed(0)),
    ]
    rows, notes = [], ["", "--wide lists every run"]
    for (space, name), group in groups.items():
        seconds = [state.seconds for _, state in group if state.seconds is not None]
        details: dict[str, list[int]] = {}
        for run, state in group:
            if text := "see below" if state.name == "damaged" else state.detail:
                details.setdefault(text, []).append(run.seed)
        rows.append(
            {
                "space": space,
                "variant": name,
                "seeds": spans([run.seed for run, _ in group]),
                "state": group[0][1].name if len(group) == 1 else counts([state for _, state in group]),
                "seconds": mean(seconds) if seconds else None,
            }
        )
        where = f"{space} {name}" if several else name
        notes += [f"{where} seed {spans(seeds)}: {text}" for text, seeds in details.items()]
    return Table(columns, rows, name="variants", notes=notes)


def spans(numbers: list[int]) -> str:
    """'0-4', '0, 2' or '0-2, 7'."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)


def grid(runs: list[Run], states: list[State]) -> Table:
    """A row a run."""
    columns = [
        Column("space", words=True),
        Column("variant", words=True),
        Column("seed"),
        Column("run", words=True),
        Column("state", words=True),
        Column("seconds", format=fixed(0)),
        Column("detail", words=True),
    ]
    rows = [
        {
            "space": run.variant.space,
            "variant": run.variant.name,
            "seed": run.seed,
            "run": run.folder.name,
            "state": state.name,
            "seconds": state.seconds,
            "detail": "see below" if state.name == "damaged" else state.detail,
        }
        for run, state in zip(runs, states, strict=True)
    ]
    return Table(columns, rows, name="runs")


def counts(states: list[State]) -> str:
    """'3 done, 1 running, 2 to do': the states that occur."""
    counts = Counter(state.name for state in states)
    return ", ".join(f"{counts[name]} {name}" for name in STATES if counts[name])


def _time(runs: list[Run], states: list[State], left: list[Run]) -> str:
    """How long the rest will take, each run as its variant's finished runs took, else as the catalogue says; runs of
    which neither is known are counted, not guessed."""
    if not left:
        return ""
    measured: dict[tuple[str, str], list[float]] = {}
    for run, state in zip(runs, states, strict=True):
        if state.seconds is not None:
            measured.setdefault((run.variant.space, run.variant.name), []).append(state.seconds)
    expected = []
    for run in left:
        of_variant = measured.get((run.variant.space, run.variant.name))
        seconds = mean(of_variant) if of_variant else expected_seconds(run.variant)
        if seconds is not None:
            expected.append(seconds)
    if not expected:
        return ": time unknown until one of each variant has run"
    workers, total = default_workers("cpu", len(expected)), sum(expected)
    told = f": about {duration(total)} of one core, {duration(total / workers)} with {workers} workers"
    if unknown := len(left) - len(expected):
        told += f", and {unknown} jobs whose time is unknown until one of each variant has run"
    return told
