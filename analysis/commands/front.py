"""`analysis front TABLE`: Pareto fronts of accuracy against params, MACs or latency, the true ones and those of
rankings."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from analysis.figures import style
from analysis.figures.fronts import draw_fronts
from analysis.measures.fronts import TRUE, fronts
from analysis.measures.named_scores import latency_of, scores_of
from analysis.statistics.pairs import Floats
from analysis.store.column_names import LATENCY
from analysis.tables import Cell, Column, Table, fixed, write
from analysis.tables.cells import Row, interval
from analysis.user_tables.table import lower_may_be_better
from analysis.user_tables.truth_file import COSTS, TruthFile, read_truth_file


def main(args: argparse.Namespace) -> int:
    """Print the table; draw the figure where that is asked for."""
    if args.draws < 1:
        raise ValueError(f"--draws: {args.draws} is not a positive integer")
    truth = read_truth_file(
        Path(args.table), args.column, space=args.space, dialect=args.dialect, arch_column=args.arch_column
    )
    if args.seed < 0:
        raise ValueError(f"--seed: {args.seed} is not a number from 0 up")
    if args.floor is not None and not -float("inf") < args.floor < truth.numbers.max():
        raise ValueError(
            f"--floor: {args.floor:g} is not a number below the highest truth, {truth.numbers.max():g}"
        )
    costs = _costs(args, truth)
    known = {name: truth.costs[name].to_numpy() for name in COSTS} | costs
    rankings = {what: scores_of(what, truth, args.runs, known, "--by") for what in args.by or []}
    found = fronts(truth, costs, rankings, draws=args.draws, seed=args.seed, floor=args.floor)
    rows = found.rows.astype(object).where(found.rows.notna(), None).to_dict("records")
    before = (
        f"{truth.source}: {len(truth.frame):,} architectures. Hypervolume in percent of the true front's, from"
        f" the highest cost and {'the lowest truth' if args.floor is None else f'a truth of {args.floor:g}'}."
    )
    after = (
        "trained: architectures on the front of score and cost. random: as many at random, mean and where 95 % of"
        f" {args.draws:,} sets are. p: one-sided, of a random set as good."
    )
    if word := lower_may_be_better(truth.column):
        after += f"\n{truth.column}: lower may be better in what is called {word!r}; here higher is better."
    print(write(Table(_columns(), rows, name="fronts"), args.format, before=before, after=after))
    if args.figures:
        for path in style.save(*draw_fronts(found)[:2], args.figures, "fronts"):
            print(path, file=sys.stderr)
    return 0


def _costs(args: argparse.Namespace, truth: TruthFile) -> dict[str, Floats]:
    names = list(dict.fromkeys((args.cost or ",".join([*COSTS, *[LATENCY] * bool(args.latency)])).split(",")))
    found: dict[str, Floats] = {}
    for name in names:
        if name == LATENCY:
            column, values = latency_of(truth, args.latency)
            found[column] = values
        elif name in COSTS:
            found[name] = truth.costs[name].to_numpy()
        else:
            raise ValueError(f"--cost: {name!r} is not one of {', '.join((*COSTS, LATENCY))}")
    return found


def _columns() -> list[Column]:
    return [
        Column("cost", words=True),
        Column("ranking", "front of", words=True),
        Column("rankings", rank=3),
        Column("trained", format=fixed(0)),
        Column("share", "hypervolume", "%", format=fixed(1)),
        Column("std", "std", format=fixed(1), rank=3),
        Column("random", format=fixed(1)),
        Column("random_low", "95 %", format=_limits),
        Column("p", format=_p),
        Column("random_high", hidden=True),
    ]


def _limits(row: Row, key: str) -> Cell:
    return interval(row.get("random_low"), row.get("random_high"), 1)


def _p(row: Row, key: str) -> Cell:
    value: Any = row.get(key)
    return Cell("") if value is None or row["ranking"] == TRUE else Cell(f"{value:.3f}", value)
