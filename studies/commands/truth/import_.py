"""`studies truth import NAME SOURCE`: published ground truth into a table of this project."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from studies.truth.importers import IMPORTERS

HELP = "read a published benchmark's files into a table"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    names = parser.add_subparsers(dest="importer", required=True, metavar="|".join(IMPORTERS))
    for name, importer in IMPORTERS.items():
        sub = names.add_parser(name, help=importer.help, description=importer.help)
        sub.add_argument("source", type=Path, metavar="SOURCE", help=importer.source)
        sub.add_argument("--out", type=Path, help=f"Parquet file (default: runs/truth/{name}.parquet)")
        for flag, arguments in importer.options.items():
            sub.add_argument(flag, **arguments)


def main(args: argparse.Namespace) -> int:
    from importlib import import_module

    importer = IMPORTERS[args.importer]
    path = args.out or Path("runs/truth") / f"{args.importer}.parquet"
    if path.suffix != ".parquet":
        raise ValueError(f"--out: {str(path)!r} does not end in .parquet")
    options = {flag.removeprefix("--").replace("-", "_"): None for flag in importer.options}
    options = {name: getattr(args, name) for name in options}
    imported = import_module(importer.module).read(args.source, **options)
    for warning in imported.warnings:
        print(f"note: {warning}", file=sys.stderr)
    imported.save(path, f"python -m studies truth import {args.importer} {args.source.name}")
    count = len(imported.manifest["columns"])
    print(f"{len(imported.frame)} architectures, {count} columns: {path}")
    return 0
