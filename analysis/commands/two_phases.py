"""`analysis two-phases FOLDER TABLE ...`: searches by short fine-tuning, the best trained anew; table 2 of Blox."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from analysis.figures.retraining import POINTS, switch_of
from analysis.measures.retraining import TwoPhases, cost_to_reach, read_two_phases
from analysis.measures.search import differing, incumbents
from analysis.statistics.pairs import Floats
from analysis.statistics.significance import letters_of
from analysis.store import search
from analysis.tables import Cell, Column, Table, fixed, write
from analysis.tables.cells import Row, interval
from analysis.user_tables.truth_file import TruthFile

SCRATCH = "from scratch"


def main(args: argparse.Namespace) -> int:
    """Print the table."""
    two = read_two_phases(Path(args.folder), [Path(table) for table in args.tables])
    switch, costs = switch_of(two, args.switch)
    at = costs[-1] if args.at is None else args.at
    for name, value in (("switch", args.switch), ("at", args.at)):
        if value is not None and not two.short.distillation < value < float("inf"):
            raise ValueError(
                f"--{name}: {value:g} is not above {two.short.distillation:g}, which the blocks' distillation costs"
            )
    grid = [float(cost) for cost in np.linspace(0, max(at, costs[-1]), 4 * POINTS + 1)[1:]]
    curves = two.curves([at, *grid], switch)
    curves |= _iterative(two, [at, *grid]) | _conventional(args, two, [at, *grid])
    target = _best_from_scratch(two) if args.target is None else args.target
    rows = _rows(curves, grid, target, len(two.results.content["objective"]))
    told = f"{target:g}" if target is not None else "none"
    before = (
        f"{two.short.truth.source}: {two.results.content['runs']} searches; cost in trainings from scratch; blocks cost"
        f" {two.short.distillation:g}, the best are trained anew from {switch:g} on. Target: {told}."
    )
    after = (
        "Cost to the target: the first at which the mean over runs is there. Rows without a common letter differ"
        " significantly (paired t test over runs, Holm over all pairs; the same sign on every objective)."
    )
    columns = [
        Column("method", words=True),
        Column("trained", words=True),
        Column("mean", f"found at {at:g}", "%", format=fixed(2)),
        Column("low", "95 % interval", format=_interval),
        Column("letters", words=True),
        Column("reached", "cost to the target", format=fixed(1)),
        Column("high", hidden=True),
    ]
    print(write(Table(columns, rows, name="two phases"), args.format, before=before, after=after))
    return 0


def _iterative(two: TwoPhases, costs: list[float]) -> dict[tuple[str, str], Floats]:
    """Rows are compared in pairs of runs, so there must be as many. ValueError if there are not."""
    for one in two.iterated:
        own, other = two.results.content["runs"], one.content["runs"]
        if own != other:
            raise ValueError(f"search: {one.folder} has {other} runs, {two.results.folder} {own}")
    return two.iterative_curves(costs)


def _conventional(
    args: argparse.Namespace, two: TwoPhases, costs: list[float]
) -> dict[tuple[str, str], Floats]:
    """Searches of networks that are trained from scratch, beside them."""
    found = {}
    for folder in args.conventional or []:
        results = search.read(Path(folder))
        same = ("space", "mask", "column", "runs")
        for name in same:
            own, other = two.results.content[name], results.content[name]
            if own != other:
                raise ValueError(f"--conventional: {folder} has the {name} {other!r}, {args.folder} {own!r}")
        if results.content["unit"] == "trainings" and results.content["budget"] < costs[0]:
            budget = results.content["budget"]
            raise ValueError(
                f"--conventional: {folder} ends at {budget:g} trainings, before --at {costs[0]:g}"
            )
        for method, values in incumbents(results, "trainings", costs).items():
            found[method, SCRATCH + ", searched"] = values
    return found


def _best_from_scratch(two: TwoPhases) -> float | None:
    """The best of the networks trained from scratch, where their table is among those given."""
    scratch: list[TruthFile] = [one.truth for one in (two.short, *two.longer) if one.teacher is None]
    return float(scratch[0].numbers.max()) if scratch else None


def _rows(
    curves: dict[tuple[str, str], Floats], grid: list[float], target: float | None, objectives: int
) -> list[dict[str, Any]]:
    now = {f"{method}\n{trained}": values[:, 0] for (method, trained), values in curves.items()}
    complete = {name: values for name, values in now.items() if not np.isnan(values).any()}
    order = sorted(complete, key=lambda name: -complete[name].mean())
    several = len(order) > 1 and len(next(iter(complete.values()))) > 1
    letters = letters_of(order, differing(complete, objectives)) if several else {}
    rows = []
    for name in [*order, *(name for name in now if name not in complete)]:
        method, trained = name.split("\n")
        values = now[name]
        row: dict[str, Any] = {"method": method, "trained": trained, "letters": letters.get(name)}
        if name in complete:
            half = 1.96 * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
            row |= {"mean": values.mean(), "low": values.mean() - half, "high": values.mean() + half}
        if target is not None:
            row["reached"] = cost_to_reach(curves[method, trained][:, 1:], grid, target)
        rows.append(row)
    return rows


def _interval(row: Row, key: str) -> Cell:
    return interval(row.get("low"), row.get("high"), 2)
