"""`analysis two-phases FOLDER TABLE ...`: searches by short fine-tuning, the best trained anew; table 2 of Blox."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from math import lcm
from pathlib import Path
from typing import Any

import numpy as np

from analysis.figures.retraining import switch_of
from analysis.measures.retraining import TwoPhases, cost_to_reach, read_two_phases, spent_of
from analysis.measures.search import differing, half_of_interval, incumbents, rankings_of
from analysis.statistics.pairs import Floats
from analysis.statistics.significance import letters_of
from analysis.store import search
from analysis.store.search import SearchResults
from analysis.tables import Cell, Column, Table, fixed, write
from analysis.tables.cells import Row, interval
from analysis.user_tables.truth_file import TruthFile

SCRATCH = "from scratch"


def main(args: argparse.Namespace) -> int:
    """Print the table."""
    two = read_two_phases(Path(args.folder), [Path(table) for table in args.tables])
    switch = switch_of(two, args.switch)[0]
    at = two.end if args.at is None else args.at
    for name, value in (("switch", args.switch), ("at", args.at)):
        if value is not None and not two.short.distillation < value < float("inf"):
            raise ValueError(
                f"--{name}: {value:g} is not above {two.short.distillation:g}, which the blocks' distillation costs"
            )
    if switch > two.end:
        raise ValueError(
            f"--switch: {switch:g} is beyond {two.end:g}, where the searches of {args.folder} end"
        )
    if args.target is not None and not np.isfinite(args.target):
        raise ValueError(f"--target: {args.target:g} is not a number")
    others = _conventional(args, two, at)
    grid = two.costs(switch, others)
    curves = two.curves([at, *grid], switch) | _iterative(two, [at, *grid])
    curves |= {
        (method, SCRATCH + ", searched"): values
        for results in others
        for method, values in incumbents(results, "trainings", [at, *grid]).items()
    }
    target = _best_from_scratch(two) if args.target is None else args.target
    rows = _rows(curves, grid, target, _periods(two, others))
    told = f"{target:g}" if target is not None else "none"
    before = (
        f"{two.short.truth.source}: {two.results.content['runs']} searches; cost in trainings from scratch; blocks cost"
        f" {two.short.distillation:g}, the best are trained anew from {switch:g} on. Target: {told}."
    )
    after = (
        "Cost to the target: the first at which the mean over runs is there. Rows without a common letter differ"
        " significantly (paired t test over runs, Holm over all pairs; one sign on all objectives and rankings). '-':"
        f" some run has found nothing by then, or the searches, which end at {two.end:g}, did not go so far."
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


def _conventional(args: argparse.Namespace, two: TwoPhases, at: float) -> list[SearchResults]:
    """Searches of networks that are trained from scratch, to stand beside them. ValueError for others."""
    found = []
    for folder in args.conventional or []:
        results = search.read(Path(folder))
        for name in ("space", "mask", "column", "runs"):
            own, other = two.results.content[name], results.content[name]
            if own != other:
                raise ValueError(f"--conventional: {folder} has the {name} {other!r}, {args.folder} {own!r}")
        if "trainings" not in results.content["units"]:
            raise ValueError(f"--conventional: {folder} does not count trainings")
        if (end := spent_of(results).max()) < at:
            raise ValueError(f"--conventional: {folder} ends at {end:g} trainings, before --at {at:g}")
        found.append(results)
    return found


def _periods(two: TwoPhases, others: Sequence[SearchResults]) -> dict[str, int]:
    """By method, how many different runs there are: run r sees one of so many objectives, of the table that is searched
    and of those that the best are trained by, and one of so many rankings guides it."""
    found: dict[str, int] = {}
    seen = [len(one.objectives) for one in two.longer]
    for results in (two.results, *two.iterated, *others):
        seen.append(len(results.content["objective"]))
        for method, count in rankings_of(results).items():
            found[method] = lcm(found.get(method, 1), count)
    return {method: lcm(count, *seen) for method, count in found.items()}


def _best_from_scratch(two: TwoPhases) -> float | None:
    """The best of the networks trained from scratch, where their table is among those given."""
    scratch: list[TruthFile] = [one.truth for one in (two.short, *two.longer) if one.teacher is None]
    return float(scratch[0].numbers.max()) if scratch else None


def _rows(
    curves: dict[tuple[str, str], Floats], grid: list[float], target: float | None, periods: Mapping[str, int]
) -> list[dict[str, Any]]:
    now = {f"{method}\n{trained}": values[:, 0] for (method, trained), values in curves.items()}
    complete = {name: values for name, values in now.items() if not np.isnan(values).any()}
    order = sorted(complete, key=lambda name: -complete[name].mean())
    of_rows = {name: periods[name.split("\n")[0]] for name in complete}
    several = len(order) > 1 and len(next(iter(complete.values()))) > 1
    letters = letters_of(order, differing(complete, rankings=of_rows)) if several else {}
    rows = []
    for name in [*order, *(name for name in now if name not in complete)]:
        method, trained = name.split("\n")
        values = now[name]
        row: dict[str, Any] = {"method": method, "trained": trained, "letters": letters.get(name)}
        if name in complete:
            half = half_of_interval(values)
            row |= {"mean": values.mean(), "low": values.mean() - half, "high": values.mean() + half}
        if target is not None:
            row["reached"] = cost_to_reach(curves[method, trained][:, 1:], grid, target)
        rows.append(row)
    return rows


def _interval(row: Row, key: str) -> Cell:
    return interval(row.get("low"), row.get("high"), 2)
