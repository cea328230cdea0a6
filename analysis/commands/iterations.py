"""`analysis iterations FOLDER`: searches by the iterative teacher, round by round; table 5 of Blox."""

from __future__ import annotations

import argparse
from pathlib import Path

from analysis.measures.iterations import Iterations, iterated_methods, iterations
from analysis.store import search
from analysis.tables import Column, Table, fixed, write


def main(args: argparse.Namespace) -> int:
    """Print a table for each such method."""
    results = search.read(Path(args.folder))
    methods = iterated_methods(results)
    if not methods:
        raise ValueError(
            f"search: {args.folder} has no search by the iterative teacher;"
            " `python -m studies search TABLE --method iterative-teacher:worst` makes some"
        )
    runs = range(results.content["runs"]) if args.run is None else [args.run]
    found = [iterations(results, method, run) for method in methods for run in runs]
    before = (
        f"{results.content['title'] or results.content['table']}: {results.content['column']} in percent, of the"
        f" fine-tuned network itself where it is fine-tuned; cost in {results.content['unit']}, at the end of the row."
    )
    lines = ["Networks:"]
    for one in found:
        lines.append(f"{one.method}, run {one.run}: first {one.first}")
        lines += [f"  {name} {text}" for name, text in one.networks.items()]
    print(write([_table(one) for one in found], args.format, before=before, after="\n".join(lines)))
    return 0


def _table(one: Iterations) -> Table:
    columns = [
        Column("round"),
        Column("trained", words=True),
        Column("teacher", words=True),
        Column("cost", format=fixed(1)),
        *(Column(name, format=fixed(2)) for name in one.networks),
    ]
    name = f"{one.method}, run {one.run}"
    return Table(columns, one.rows.to_dict("records"), name=name, title=name)
