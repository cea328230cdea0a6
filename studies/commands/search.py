"""`studies search TABLE`: random search by FEAR and by short training, against a table of ground truth."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studies.commands import data_root
from studies.search.policy import UNITS

if TYPE_CHECKING:
    from studies.truth.table import TruthTable
    from supernet.data import DataConfig

HELP = "random search by FEAR, with and without its cut-off, and by short training: what each finds for its budget"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("table", help="a Parquet file with its manifest, or a name that `truth list` has")
    parser.add_argument("--column", help="the truth (default: DATA_test, where the table is of one data set)")
    parser.add_argument(
        "--budget", type=float, default=2000, help="units that each search may spend (default: 2000)"
    )
    parser.add_argument(
        "--unit", choices=UNITS, default="steps", help="of budget and cut-off (default: steps)"
    )
    parser.add_argument(
        "--ratio", type=float, default=4.0, help="cut-off, times the fastest stage 1 (default: 4)"
    )
    parser.add_argument("--seeds", type=int, default=10, help="searches by each method (default: 10)")
    parser.add_argument(
        "--threshold", type=float, help="of FEAR, in percent (default: a HoG learner finds it)"
    )
    parser.add_argument(
        "--epochs", type=int, help="of the short training (default: 4 on the embedded data, else 50)"
    )
    parser.add_argument("--out", type=Path, help="folder (default: runs/search/TABLE)")
    parser.add_argument("--workers", type=int, help="processes of one thread (default: one a core)")
    data_root.add_argument(parser, "--data-root")


def main(args: argparse.Namespace) -> int:
    _check(args)
    from analysis.tables import Table, csv_text, write
    from studies import embedded
    from studies.running.lock import hold
    from studies.running.parallel import default_workers
    from studies.running.progress import Progress
    from studies.search.compare import Comparison, default_folder, summary
    from studies.search.methods import methods
    from studies.search.trials import Setting
    from studies.truth import table
    from supernet.data import ready
    from supernet.files import write_text

    found = table.load(table.resolve(args.table))
    column, data = _column(found, args.column)
    ready(data, args.data_root)
    size = _size(found, data)
    out = args.out or default_folder(found)
    compared = methods(
        found.space.name, data.name, size, ratio=args.ratio, threshold=args.threshold, epochs=args.epochs
    )
    settings = {
        method.estimates: Setting(
            space=found.space.name,
            size=size,
            data=data,
            data_root=args.data_root,
            noise=embedded.NOISE if data.name == embedded.DATA else 0.0,
            seed=0,
            estimator=method.estimator,
            measure=method.measure,
            root=out,
            name=method.estimates,
        )
        for method in compared
    }
    comparison = Comparison(
        table=found,
        column=column,
        methods=compared,
        settings=settings,
        seeds=range(args.seeds),
        budget=args.budget,
        unit=args.unit,
    )
    progress = Progress("searches complete", len(compared) * args.seeds)
    try:
        with hold(out):
            workers = args.workers or default_workers("cpu")
            rows = comparison.run(workers, lambda done, total: progress.update(done))
    finally:
        progress.close()
    path = out / "search.csv"
    write_text(path, csv_text(rows))
    if rows["truth"].isna().all():
        raise ValueError(
            f"--budget: {args.budget:g} {args.unit} is less than one network takes by any method"
        )
    values = list(comparison.truth.values())
    print(
        f"{found.manifest['title']}, {column}: {len(values)} architectures, best {max(values):.2f}, mean "
        f"{sum(values) / len(values):.2f}; each search {args.budget:g} {args.unit}"
    )
    print(write(Table.of_frame(summary(rows)), "text"))
    print(f"every search: {path}")
    return 0


def _check(args: argparse.Namespace) -> None:
    """ValueError for a number that means nothing."""
    for name in ("seeds", "epochs", "workers"):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise ValueError(f"--{name}: {value} is not a positive integer")
    if not 1 <= args.ratio < float("inf"):
        raise ValueError(f"--ratio: {args.ratio:g} is not a number >= 1")
    if not 0 < args.budget < float("inf"):
        raise ValueError(f"--budget: {args.budget:g} is not a number above 0")
    if args.threshold is not None and not 0 < args.threshold <= 100:
        raise ValueError(f"--threshold: {args.threshold:g} is not a percentage above 0")


def _column(found: TruthTable, asked: str | None) -> tuple[str, DataConfig]:
    """The column of the truth, and the images that its name says."""
    from analysis.store.column_names import parse
    from supernet.data import DataConfig

    columns, data = found.manifest["columns"], found.manifest["data"]
    column = asked
    if column is None:
        if not isinstance(data, str) and len(data) > 1:
            raise ValueError(f"--column: must be given, as {found.path.stem} is of {', '.join(data)}")
        column = f"{data if isinstance(data, str) else data[0]}_test"
    name = parse(column)
    if column not in columns or name is None:
        raise ValueError(f"--column: {column!r} is not one of {', '.join(columns)}")
    return column, DataConfig(name=name.data)


def _size(found: TruthTable, data: DataConfig) -> Any:
    """The size of the table's networks for these images."""
    from dataclasses import replace

    source = data.source
    return replace(
        found.size,
        image_size=data.side,
        image_channels=source.channels,
        classes=source.classes or found.size.classes,
    )
