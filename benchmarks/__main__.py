"""`python -m benchmarks [NAME ...]`: every speed goal of the project, measured and printed as a table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from analysis import cli

BENCHMARKS = {
    "analysis": "benchmarks.analysis:run",
    "coverage": "benchmarks.coverage:run",
    "growth": "benchmarks.scale:growth",
    "input": "benchmarks.input:run",
    "processes": "benchmarks.training:processes",
    "proxies": "benchmarks.proxies:run",
    "scale": "benchmarks.scale:scale",
    "scoring": "benchmarks.scoring:run",
    "standalone": "benchmarks.training:standalone",
    "step": "benchmarks.step:run",
}


def parser() -> argparse.ArgumentParser:
    """The command line, but for `gpu`, which has its own."""
    names = ", ".join(BENCHMARKS)
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, epilog="gpu: a command of its own, see `gpu --help`"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which (default: all): {names}")
    parser.add_argument(
        "--quick", action="store_true", help="fewer turns and smaller work: shows that it runs"
    )
    parser.add_argument(
        "--markdown", type=Path, metavar="FOLDER", help="also write each table to a file NAME.md"
    )
    parser.add_argument(
        "--export", type=Path, metavar="FOLDER", help="write the work of `step` to files instead"
    )
    cli.add_format(parser)
    return parser


def main() -> int:
    if sys.argv[1:2] == ["gpu"]:
        return int(cli.work("benchmarks.gpu:main")(sys.argv[2:]))
    args = parser().parse_args()
    if args.export:
        print("\n".join(str(path) for path in cli.work("benchmarks.step:export")(args.export)))
        return 0
    unknown = sorted(set(args.names) - set(BENCHMARKS))
    if unknown:
        parser().error(f"NAME: {unknown[0]!r} is not one of {', '.join(BENCHMARKS)}")
    chosen = {name: cli.work(BENCHMARKS[name]) for name in args.names or BENCHMARKS}
    return int(cli.work("benchmarks.page:measure")(chosen, args.quick, args.markdown, args.format))


if __name__ == "__main__":
    sys.exit(main())
