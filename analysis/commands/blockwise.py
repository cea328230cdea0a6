"""`analysis blockwise STUDY ...`: the Blox paper's statements on blockwise distillation, judged one by one."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from analysis.measures.blockwise import BlockwiseStudy
from analysis.measures.blockwise_statements import SHARE, Statement, statements
from analysis.store.study import load_study, study_folder, tell
from analysis.tables import Cell, Column, Table, write
from analysis.tables.cells import Row, interval, number

AFTER = (
    "Value: a share of networks, Spearman's rho, or a difference of two; it is compared with the bound. 95 % intervals"
    " over architectures (of Q3: blocks), and of what signatures say over trainings as well; one training decides no"
    " difference."
)


def main(args: argparse.Namespace) -> int:
    """Print the table; exit code 2 if runs have damaged files."""
    studies = [load_study(study_folder(args.runs, name)) for name in args.names]
    rows: list[dict[str, Any]] = []
    for study in studies:
        data = BlockwiseStudy.of(study)
        found = [] if data is None else statements(data)
        if not found:
            raise ValueError(
                f"study: {study.name!r} has no finished run of blockwise distillation that could be compared with"
                " anything"
            )
        said = set(map(_case, rows))
        own = (_row(study.name, one) for one in found)
        rows += [row for row in own if _case(row) not in said]  # what runs that studies share say, once
    columns = [
        Column("study", hidden=len(studies) == 1, words=True),
        Column("question", words=True),
        Column("statement", words=True),
        Column("of", words=True),
        Column("quantity", words=True),
        Column("value", format=_value),
        Column("low", "95 % interval", format=_interval),
        Column("high", hidden=True),
        Column("bound", "compared with", words=True),
        Column("n"),
        Column("seeds"),
        Column("verdict", words=True),
    ]
    print(write(Table(columns, rows, name="statements"), args.format, after=AFTER))
    return tell(*studies)


def _row(study: str, one: Statement) -> dict[str, Any]:
    bound = f"{one.bound:.0%}" if one.quantity == SHARE else f"{one.bound:g}"
    return asdict(one) | {
        "study": study,
        "bound": f"{'above' if one.above else 'below'} {bound}",
        "verdict": one.verdict,
    }


def _case(row: Row) -> tuple[object, ...]:
    return tuple(row[name] for name in ("question", "statement", "of", "value", "n"))


def _value(row: Row, key: str) -> Cell:
    value = row[key]
    if row["quantity"] == SHARE:
        return Cell(f"{value:.0%}", value)
    return number(value, 2)


def _interval(row: Row, key: str) -> Cell:
    if row["quantity"] == SHARE:
        return Cell(f"[{row['low']:.0%}, {row['high']:.0%}]", row["low"])
    return interval(row["low"], row["high"], 2)
