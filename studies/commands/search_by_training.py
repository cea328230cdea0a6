"""`studies search TABLE --method fear,short-training`: random searches that train, against a table of ground truth."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

from analysis.store import search as store
from analysis.store.column_names import parse
from analysis.tables import Table, csv_text, write
from studies import embedded
from studies.commands.plan import check_workers
from studies.commands.search import TRAINED_FILE, replace_former
from studies.running.lock import lock_output
from studies.running.parallel import default_workers
from studies.running.progress import Progress
from studies.search.compare import Comparison, default_folder, methods, summary
from studies.search.trials import Setting
from studies.search.units import UNITS
from studies.truth import table
from studies.truth.table import TruthTable
from supernet.data import DataConfig
from supernet.data.loading import ready
from supernet.files import write_text
from supernet.spaces import Size


def search(args: argparse.Namespace, names: Sequence[str]) -> int:
    """Searches by some of TRAINED. Prints means over runs."""
    _check(args)
    truth = table.load(table.resolve(args.table))
    column, data = _column(truth, args.column)
    ready(data, args.data_root)
    size = _size(truth, data)
    out = args.out or default_folder(truth)
    compared = methods(
        truth.space.name, data.name, size, ratio=args.ratio, threshold=args.threshold, epochs=args.epochs
    )
    compared = [method for method in compared if method.estimates in names]
    settings = {
        method.estimates: Setting(
            space=truth.space.name,
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
        table=truth,
        column=column,
        methods=compared,
        settings=settings,
        seeds=range(args.runs),
        budget=args.budget,
        unit=args.unit,
    )
    progress = Progress("searches complete", len(compared) * args.runs)
    try:
        with lock_output(out):
            workers = args.workers or default_workers("cpu")
            rows = comparison.run(workers, lambda done, total: progress.update(done))
            if rows["truth"].isna().all():
                raise ValueError(
                    f"--budget: {args.budget:g} {args.unit} is less than one network takes by any method"
                )
            content = comparison.content()
            replace_former(out, content)
            store.write(out, content, comparison.events())
            path = out / TRAINED_FILE
            write_text(path, csv_text(rows))
    finally:
        progress.close()
    values = list(comparison.truth.values())
    told = (
        f"{truth.manifest['title']}, {column}: {len(values)} architectures, best {max(values):.2f}, mean "
        f"{sum(values) / len(values):.2f}; each search {args.budget:g} {args.unit}"
    )
    compared_table = Table.of_frame(summary(rows), name="methods")
    after = f"every search: {path}; every event: {out}"
    for name, lost in rows["truth"].isna().groupby(rows["method"], sort=False).sum().items():
        if lost:
            after = f"{name}: {lost} of {args.runs} searches found nothing within the budget.\n{after}"
    print(write(compared_table, args.format, before=told, after=after))
    return 0


def _check(args: argparse.Namespace) -> None:
    """ValueError for a number that means nothing."""
    check_workers(args.workers)
    for name in ("runs", "epochs"):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise ValueError(f"--{name}: {value} is not a positive integer")
    if not 1 <= args.ratio < float("inf"):
        raise ValueError(f"--ratio: {args.ratio:g} is not a number >= 1")
    if not 0 < args.budget < float("inf"):
        raise ValueError(f"--budget: {args.budget:g} is not a number above 0")
    if args.unit not in UNITS:
        raise ValueError(
            f"--unit: {args.unit!r} is not one of {', '.join(UNITS)}, where networks are trained"
        )
    if args.threshold is not None and not 0 < args.threshold <= 100:
        raise ValueError(f"--threshold: {args.threshold:g} is not a percentage above 0")


def _column(truth: TruthTable, asked: str | None) -> tuple[str, DataConfig]:
    """The column of the truth, and the images that its name says."""
    columns, data = truth.manifest["columns"], truth.manifest["data"]
    column = asked
    if column is None:
        if not isinstance(data, str) and len(data) > 1:
            raise ValueError(f"--column: must be given, as {truth.path.stem} is of {', '.join(data)}")
        column = f"{data if isinstance(data, str) else data[0]}_test"
    name = parse(column)
    if column not in columns or name is None:
        raise ValueError(f"--column: {column!r} is not one of {', '.join(columns)}")
    return column, DataConfig(name=name.data)


def _size(truth: TruthTable, data: DataConfig) -> Size:
    """The size of the table's networks for these images."""
    facts = data.facts
    return replace(
        truth.size,
        image_size=data.side,
        image_channels=facts.channels,
        classes=facts.classes or truth.size.classes,
    )
