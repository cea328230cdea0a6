"""`studies latency` and `studies latency-model`: measured and predicted latency of stand-alone networks."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.store.column_names import is_latency, predicted
from analysis.store.truth_table import described
from analysis.tables import Column, Table, fixed, write
from analysis.user_tables.truth_file import COSTS, TruthFile, read_truth_file
from studies import embedded
from studies.commands.arguments import ALL
from studies.commands.plan import choose_device
from studies.commands.truth_build import parse_all
from studies.latency.build import LatencyTable
from studies.latency.measure import Protocol
from studies.latency.sum_model import SumModel, fit, line, quality
from studies.running.lock import lock_output
from studies.running.progress import Progress
from studies.truth import table
from supernet.spaces import get_space

FIT = 200  # networks, at most
FOLDER = Path("runs/latency")


def measure(args: argparse.Namespace) -> int:
    """Measure a sample of networks, or those that are named, and write the table."""
    space = get_space(args.space, [name for name in args.mask.split(",") if name])
    protocol = Protocol(
        device=choose_device(args.device),
        runs=args.runs,
        warmup=args.warmup,
        threads=args.threads,
        clock=args.clock,
    )
    try:
        batches = [int(text) for text in args.batch.split(",")]
    except ValueError:
        raise ValueError(
            f"--batch: {args.batch!r} is not a list of positive integers such as 1,256"
        ) from None
    if args.arch:
        architectures, sample = parse_all(space, args.arch), f"architectures of {space.title} that were named"
    else:
        count = None if args.architectures == ALL else args.architectures
        architectures = list(space.unique()) if count is None else space.sample(count, args.sample_seed)
        sample = (
            f"all architectures of {space.title} that differ as functions"
            if count is None
            else f"the first {count} of a permutation (seed {args.sample_seed}) of the distinct connected"
            f" architectures of {space.title}, without replacement"
        )
    if not architectures:
        raise ValueError("--architectures: 0 is no number of networks to measure")
    path = _parquet(args.out or FOLDER / f"{space.name}-{protocol.device}.parquet")
    size = space.published if args.size == "published" else embedded.SIZES[space.name]
    built = LatencyTable(
        space, size, architectures, batches, protocol, path,
        repeats=args.repeats, sample=sample, command=_words(args, protocol.device),
    )  # fmt: skip
    progress = Progress(f"latencies of {space.title}", len(architectures) * args.repeats)
    try:
        with lock_output(path.parent):  # of two at once each would slow the other
            frame = built.run(lambda done, total: progress.update(done))
    finally:
        progress.close()
    print(write(_measured(frame), args.format, after=f"{len(frame)} architectures: {path}"))
    return 0


def _measured(frame: pd.DataFrame) -> Table:
    """Quantiles of each column."""
    quantiles = {"min": 0.0, "median": 0.5, "max": 1.0}
    rows = [
        {"column": name, "n": len(frame)} | {key: frame[name].quantile(q) for key, q in quantiles.items()}
        for name in frame
        if str(name).startswith("latency")
    ]
    columns = [Column("column", words=True), Column("n")]
    return Table(
        columns + [Column(key, unit="ms", format=fixed(3)) for key in quantiles], rows, name="latency"
    )


def _words(args: argparse.Namespace, device: str) -> list[str]:
    """The command that measures the same."""
    words = ["python", "-m", "studies", "latency", "--space", args.space, "--device", device]
    if args.arch:
        words += [word for text in args.arch for word in ("--arch", text)]
    else:
        words += ["--architectures", str(args.architectures), "--sample-seed", str(args.sample_seed)]
    words += ["--mask", args.mask] if args.mask else []
    for name in ("batch", "size", "runs", "warmup", "threads", "clock", "repeats"):
        words += [f"--{name}", str(getattr(args, name))]
    return words


def _parquet(path: Path) -> Path:
    if path.suffix != ".parquet":
        raise ValueError(f"--out: {str(path)!r} does not end in .parquet")
    return path


def model(args: argparse.Namespace) -> int:
    """Fit a sum to some measured networks, judge it by the others, predict all architectures of the space."""
    path = Path(args.table) if Path(args.table).is_file() else table.resolve(args.table)
    out = _parquet(args.out or FOLDER / f"{path.stem}-predicted.parquet")
    if out.resolve() == path.resolve():
        raise ValueError(f"--out: {out} is the table of measured latencies itself")
    if args.seed < 0:
        raise ValueError(f"--seed: {args.seed} is not a number from 0 up")
    names = [args.column] if args.column else _latencies(path)
    files = {name: read_truth_file(path, name) for name in names}
    first = files[names[0]]
    space = get_space(first.space.name, described(path).get("mask", ()))
    models: dict[str, SumModel] = {}
    rows: list[dict[str, Any]] = []
    for name, truth in files.items():
        known, rest = _split(len(truth.frame), args.fit, args.seed)
        models[name], judged = _judged(truth, name, known, rest)
        rows += judged
    architectures = list(space.enumerate())
    frame = pd.DataFrame({"arch": [space.text(one) for one in architectures]})
    for name, one in models.items():
        frame[predicted(name)] = one.predict(architectures)
    size = first.size or space.published
    costs = [space.cost(one, size) for one in architectures]
    frame["params"], frame["macs"] = [one.params for one in costs], [one.macs for one in costs]
    table.save(frame, _manifest(args, first, frame, models, rows), out)
    columns = [
        Column("latency", words=True), Column("by", words=True), Column("fitted"), Column("judged"),
        Column("r2", "R\N{SUPERSCRIPT TWO}", format=fixed(3)), Column("error", "mean error", unit="%", format=fixed(1)),
        Column("tau_b", format=fixed(3)),
    ]  # fmt: skip
    print(write(Table(columns, rows, name="latency model"), args.format, after=f"predictions: {out}"))
    return 0


def _latencies(path: Path) -> list[str]:
    names = [str(name) for name in pd.read_parquet(path)] if path.suffix == ".parquet" else []
    found = [name for name in names if is_latency(name)]
    if not found:
        raise ValueError(f"table: {path} has no column latency_...; name the one to use with --column")
    return found


def _split(n: int, count: int | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to fit and rows to judge by, at random."""
    chosen = min(FIT, n * 4 // 5) if count is None else count
    if not 2 <= chosen <= n - 2:
        raise ValueError(
            f"--fit: {chosen} of {n} measured networks is not between 2 and {n - 2}, so that some are left to judge by"
        )
    order = np.random.default_rng(seed).permutation(n)
    return order[:chosen], order[chosen:]


def _judged(
    truth: TruthFile, name: str, known: np.ndarray, rest: np.ndarray
) -> tuple[SumModel, list[dict[str, Any]]]:
    """The model, and a row for it, for lines in params and in MACs, and for another measurement of the same."""
    values = truth.numbers
    if not (values > 0).all():
        raise ValueError(f"column: {name!r} of {truth.path} has {values.min():g}, which is no latency")
    space = get_space(truth.space.name, described(truth.path).get("mask", ()))
    fitted = fit(space, [truth.architectures[row] for row in known], values[known])
    found = {"sum over places": fitted.predict([truth.architectures[row] for row in rest])}
    for cost in COSTS:
        x = truth.costs[cost].to_numpy()
        found[f"a line in {cost}"] = line(x[known], values[known], x[rest])
    rows = [
        {"latency": name, "by": by, "fitted": len(known), "judged": len(rest)}
        | quality(values[rest], prediction)
        for by, prediction in found.items()
    ]
    repeats = [column for column in map(str, truth.frame) if column.startswith(f"{name}_repeat")]
    if len(repeats) > 1:
        a, b = (truth.frame[column].to_numpy(dtype=float)[rest] for column in repeats[:2])
        rows.append(
            {"latency": name, "by": "the other of two measurements", "judged": len(rest)} | quality(a, b)
        )
    return fitted, rows


def _manifest(
    args: argparse.Namespace,
    truth: TruthFile,
    frame: pd.DataFrame,
    models: dict[str, SumModel],
    rows: list[dict[str, Any]],
) -> dict[str, Any]:
    measured = described(truth.path)
    kept = ("mask", "protocol", "machine", "versions", "licence")
    size = truth.size or truth.space.published
    words = ["python", "-m", "studies", "latency-model", truth.path.name, "--seed", str(args.seed)]
    words += ["--fit", str(args.fit)] if args.fit else []
    words += ["--column", args.column] if args.column else []
    return {name: measured[name] for name in kept if name in measured} | {
        "space": truth.space.name,
        "title": f"Predicted: {truth.title or truth.path.name}",
        "data": [],
        "size": {name: getattr(size, name) for name in size.__dataclass_fields__},
        "columns": [predicted(name) for name in models],
        "units": "of the measured column",
        "seeds": 0,
        "architectures": len(frame),
        "source": "predicted by sums over places, fitted to measured networks",
        "measured": {"table": truth.path.name, "checksum": measured.get("checksum")},
        "judged": rows,
        "sum_models": {name: one.plain for name, one in models.items()},
        "command": shlex.join(words),
    }
