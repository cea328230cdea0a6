"""`python -m benchmarks gpu`: what a GPU computes held against the CPU, then how fast it is.

It runs from a bare checkout with PyTorch, NumPy and pandas, on random images. Checks come first, each a line that says
ok or not; then measurements, medians of turns in one process beside a plain implementation on the same card; results
are written as they are known. `--device cpu --quick` shows that all of it runs.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy
import pandas
import torch

from analysis.tables import Column, Table, write
from benchmarks.gpu.checks import all_checks
from benchmarks.gpu.measures import all_measures
from benchmarks.gpu.steps import Known
from benchmarks.page import line, processor, table
from benchmarks.timing import Row
from supernet.fast.memory import in_one_line


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks gpu",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--minutes", type=float, default=6.0, help="after so many no measurement is begun (default: 6)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="write gpu.md and gpu.json there, as it goes"
    )
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--quick", action="store_true", help="tiny work: shows that it runs")
    parser.add_argument("--only", metavar="WORD", help="checks and measurements whose names contain it")
    args = parser.parse_args(arguments)
    if not args.minutes > 0:
        parser.error(f"--minutes: {args.minutes:g} is not a positive number")
    if args.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device: 'cuda' is not available on this machine; use cpu")
    begin, device = time.monotonic(), torch.device(args.device)
    if device.type == "cpu":
        torch.set_num_threads(1)
    page = Page(args.out, machine(device), arguments)
    print(page.machine, flush=True)
    wanted = (args.only or "").lower()
    for name, check in all_checks(device):
        if wanted in name.lower():
            try:
                for what, ok, figure in check(device):
                    page.check(f"{name}: {what}", ok, figure)
            except Exception as error:
                page.check(f"{name}: it failed", False, in_one_line(error))
    known = Known()
    for name, measure in all_measures(args.quick):
        if wanted not in name.lower() and name != "rates":
            continue
        if time.monotonic() - begin > 60 * args.minutes:
            page.note(f"{name}: not measured, the time was over")
            continue
        try:
            for row in measure(device, known):
                page.row(row)
        except Exception as error:
            page.check(f"{name}: it failed", False, in_one_line(error))
    page.note(f"{time.monotonic() - begin:.0f} s in all")
    return page.end()


def machine(device: torch.device) -> str:
    """Card, driver and versions."""
    versions = (
        f"Python {platform.python_version()}, torch {torch.__version__}, numpy {numpy.__version__}, "
        f"pandas {pandas.__version__}"
    )
    if device.type != "cuda":
        return f"{processor()}; {versions}"
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        driver = subprocess.run(query, capture_output=True, text=True, timeout=20).stdout.split("\n")[0]
    except (OSError, subprocess.SubprocessError):
        driver = "unknown"
    return (
        f"{torch.cuda.get_device_name()}, driver {driver}, cuDNN {torch.backends.cudnn.version()}; {versions}"
    )


class Page:
    """What is known so far, printed and written."""

    def __init__(self, folder: Path | None, machine: str, arguments: list[str]) -> None:
        self.folder, self.machine = folder, machine
        kept = [
            f" {a}"
            for before, a in zip(["", *arguments], arguments, strict=False)
            if "--out" not in (before, a)
        ]
        self.command = "python -m benchmarks gpu" + "".join(kept)
        self.checks: list[tuple[str, bool, str]] = []
        self.rows: list[Row] = []
        self.notes: list[str] = []
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def check(self, what: str, ok: bool, figure: str) -> None:
        print(f"{'ok    ' if ok else 'NOT OK'}  {what}: {figure}", flush=True)
        self.checks.append((what, ok, figure))
        self.write()

    def row(self, row: Row) -> None:
        print(line(row), flush=True)
        self.rows.append(row)
        self.write()

    def note(self, text: str) -> None:
        print(text, flush=True)
        self.notes.append(text)
        self.write()

    def write(self) -> None:
        if self.folder is None:
            return
        checks = Table(
            [Column("check", words=True), Column("ok", "", words=True), Column("figure", "", words=True)],
            [
                {"check": what, "ok": "ok" if ok else "**not ok**", "figure": figure}
                for what, ok, figure in self.checks
            ],
        )
        body = write([checks, table(self.rows)], "markdown")
        lines = ["# GPU: what it computes, and how fast", "", body, "", *self.notes, ""]
        lines.append(f"Made by `{self.command}` on {datetime.now(UTC):%Y-%m-%d}: {self.machine}.")
        (self.folder / "gpu.md").write_text("\n".join(lines) + "\n")
        content = {"machine": self.machine, "checks": self.checks, "rows": [vars(row) for row in self.rows]}
        (self.folder / "gpu.json").write_text(json.dumps(content, indent=1) + "\n")

    def end(self) -> int:
        wrong = [what for what, ok, _ in self.checks if not ok]
        missed = [row for row in self.rows if row.met is False]
        met = sum(row.met is True for row in self.rows)
        print(f"checks: {len(self.checks)}, not ok: {len(wrong)}; goals met: {met}, missed: {len(missed)}")
        return 1 if wrong else 0
