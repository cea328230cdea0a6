"""What is printed and written of benchmarks: a line a row while they run, tables of rows, and the machine."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from analysis.tables import Cell, Column, Table, write
from benchmarks.timing import Row, one_thread
from studies.running import provenance
from studies.running.parallel import available_cores

Benchmark = Callable[[bool], Iterator[Row]]  # of `quick`; its docstring begins with its title


def measure(benchmarks: Mapping[str, Benchmark], quick: bool, folder: Path | None, form: str) -> int:
    """Run benchmarks and print their rows, as text while they are measured.

    Args:
        benchmarks: By name.
        quick: Whether a little is measured, to show that it runs: without goals, which are for the whole work.
        folder: Where to write a page of each, NAME.md.
        form: One of analysis.tables.FORMATS.
    """
    rows: list[Row] = []
    for name, benchmark in benchmarks.items():
        title = " ".join(str(benchmark.__doc__).split("\n\n")[0].split())
        if form == "text":
            print(f"{name}: {title}", flush=True)
        begin = len(rows)
        for row in benchmark(quick):
            rows.append(replace(row, goal="", met=None) if quick else row)
            if form == "text":
                print(line(rows[-1]), flush=True)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            made = f"`python -m benchmarks {name}` on {datetime.now(UTC):%Y-%m-%d}: {machine()}"
            body = write(table(rows[begin:]), "markdown")
            (folder / f"{name}.md").write_text(f"# {title}\n\n{body}\n\nMade by {made}.\n")
    missed = sum(row.met is False for row in rows)
    told = f"{len(rows)} rows; goals met: {sum(row.met is True for row in rows)}, missed: {missed}"
    print(f"\n{told}" if form == "text" else write(table(rows), form, after=told))
    return 0


def table(rows: Sequence[Row]) -> Table:
    """Medians and minima with their units, ratios and goals; unit and verdict are columns of their own in CSV and
    JSON."""
    columns = [
        Column("work", words=True),
        Column("variant", words=True),
        Column("median", format=_quantity),
        Column("minimum", format=_quantity),
        Column("unit", words=True, hidden=True),
        Column("ratio", format=lambda row, key: _ratio(row[key])),
        Column("goal", words=True, format=lambda row, key: f"{row[key]}{VERDICTS[row['met']]}"),
        Column("met", words=True, hidden=True),
    ]
    return Table(columns, [vars(row) for row in rows])


VERDICTS = {None: "", True: " (met)", False: " (missed)"}


def line(row: Row) -> str:
    """A row while the widths of the others are not known."""
    cells = [str(column.cell(vars(row)).content) for column in table([row]).shown]
    return "  " + "  ".join(cells)


def _quantity(row: Mapping[str, Any], key: str) -> Cell:
    """'12.3 ms' for short times, else four significant digits and the unit."""
    value, unit = row[key], row["unit"]
    text = f"{1000 * value:.3g} ms" if unit == "s" and value < 1 else f"{value:.4g} {unit}"
    return Cell(text, value)


def _ratio(value: float | None) -> Cell:
    return Cell("") if value is None else Cell(f"{value:.2f}x", value)


def machine() -> str:
    """Processor, its speed now, and versions."""
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    return f"{processor()}, {matrix_rate()}, {versions}"


def processor() -> str:
    """The processor's name and the number of cores that this process may use."""
    name, generation = provenance.processor()
    return f"{name} ({', '.join([*filter(None, [generation]), *vector_units()])}), {available_cores()} cores"


def vector_units() -> list[str]:
    """The widest vector units that PyTorch uses, and those for bfloat16."""
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    bf16 = [name for name in ("avx512_bf16", "amx_bf16") if capabilities.get(name)]
    return [torch.backends.cpu.get_cpu_capability(), *bf16]


def matrix_rate() -> str:
    """Of float32 products on one thread, now: what a table's times are to be read beside."""
    square, seconds = torch.randn(1024, 1024), []
    with one_thread():
        for _ in range(8):
            begin = time.perf_counter()
            torch.mm(square, square)
            seconds.append(time.perf_counter() - begin)
    return f"sgemm {2e-9 * 1024**3 / min(seconds):.0f} GFLOP/s on one thread"
