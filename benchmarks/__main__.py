"""`python -m benchmarks [NAME ...]`: every speed goal of the project, measured and printed as a table."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import platform
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import benchmarks
from benchmarks.timing import Row

HELPERS = {"__main__", "timing", "plain", "export", "gpu"}


def names() -> list[str]:
    """The benchmarks: the modules that have a `run`."""
    return [m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name not in HELPERS]


def main() -> int:
    if sys.argv[1:2] == ["gpu"]:
        from benchmarks.gpu import main as gpu

        return gpu(sys.argv[2:])
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, epilog="gpu: a command of its own, see `gpu --help`"
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which (default: all): {', '.join(names())}"
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer turns and smaller work: shows that it runs"
    )
    parser.add_argument(
        "--markdown", type=Path, metavar="FOLDER", help="also write each table to a file NAME.md"
    )
    parser.add_argument(
        "--export", type=Path, metavar="FOLDER", help="write the work of `step` to files instead"
    )
    args = parser.parse_args()
    if args.export:
        from benchmarks.export import export

        print("\n".join(str(path) for path in export(args.export)))
        return 0
    unknown = sorted(set(args.names) - set(names()))
    if unknown:
        parser.error(f"NAME: {unknown[0]!r} is not one of {', '.join(names())}")
    rows: list[Row] = []
    for name in args.names or names():
        module = importlib.import_module(f"benchmarks.{name}")
        title = str(module.__doc__).splitlines()[0]
        print(f"{name}: {title}", flush=True)
        begin = len(rows)
        for row in module.run(quick=args.quick):
            if args.quick:  # goals are for the whole work
                row = replace(row, goal="", met=None)
            print("  " + "  ".join(cells(row)), flush=True)
            rows.append(row)
        if args.markdown:
            args.markdown.mkdir(parents=True, exist_ok=True)
            (args.markdown / f"{name}.md").write_text(markdown(name, title, rows[begin:]))
    missed = [row for row in rows if row.met is False]
    print(f"\n{len(rows)} rows; goals met: {sum(row.met is True for row in rows)}, missed: {len(missed)}")
    return 0


def cells(row: Row) -> tuple[str, ...]:
    """A row as text: work, variant, median, minimum, ratio, goal."""
    factor = "" if row.ratio is None else f"{row.ratio:.2f}x"
    verdict = {None: "", True: " (met)", False: " (missed)"}[row.met]
    return (
        row.work,
        row.variant,
        f"{quantity(row.median, row.unit)}",
        f"{quantity(row.minimum, row.unit)}",
        factor,
        f"{row.goal}{verdict}",
    )


def quantity(value: float, unit: str) -> str:
    """'12.3 ms' for short times, else three significant digits and the unit."""
    if unit == "s" and value < 1:
        return f"{1000 * value:.3g} ms"
    return f"{value:.4g} {unit}"


def markdown(name: str, title: str, rows: list[Row]) -> str:
    """The table, and under it how, where and when it was made."""
    import torch

    machine = f"{processor()}, {matrix_rate()}, Python {platform.python_version()}, torch {torch.__version__}"
    made = f"Made by `python -m benchmarks {name}` on {datetime.now(UTC):%Y-%m-%d}: {machine}."
    return f"# {title}\n\n{table(rows)}\n\n{made}\n"


def table(rows: list[Row]) -> str:
    """Rows in Markdown."""
    head = ["work", "variant", "median", "minimum", "ratio", "goal"]
    lines = [" | ".join(head), " | ".join(["---"] * len(head))]
    lines += [" | ".join(cells(row)) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def processor() -> str:
    """The processor's name and the number of cores that this process may use."""
    from studies.running.parallel import available_cores

    info = Path("/proc/cpuinfo")
    lines = info.read_text().split("\n\n")[0].splitlines() if info.exists() else []
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = fields.get("model name", platform.machine())
    generation = [f"{key} {fields[key]}" for key in ("cpu family", "model") if key in fields]
    return f"{name} ({', '.join([*generation, *units()])}), {available_cores()} cores"


def units() -> list[str]:
    """The widest vector units that PyTorch uses, and those for bfloat16."""
    import torch

    found: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    bf16 = [name for name in ("avx512_bf16", "amx_bf16") if found.get(name)]
    return [torch.backends.cpu.get_cpu_capability(), *bf16]


def matrix_rate() -> str:
    """Of float32 products on one thread, now: what a table's times are to be read beside."""
    import time

    import torch

    threads, square = torch.get_num_threads(), torch.randn(1024, 1024)
    torch.set_num_threads(1)
    seconds = []
    for _ in range(8):
        begin = time.perf_counter()
        torch.mm(square, square)
        seconds.append(time.perf_counter() - begin)
    torch.set_num_threads(threads)
    return f"sgemm {2e-9 * 1024**3 / min(seconds):.0f} GFLOP/s on one thread"


if __name__ == "__main__":
    sys.exit(main())
