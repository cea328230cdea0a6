"""`studies truth import NAME SOURCE`: published ground truth into a table of this project."""

from __future__ import annotations

import argparse
import shlex
import sys
from itertools import chain
from pathlib import Path
from typing import Any

from studies.truth.importers import IMPORTERS

HELP = "read a published benchmark's files into a table"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    names = parser.add_subparsers(dest="importer", required=True, metavar="|".join(IMPORTERS))
    for name, importer in IMPORTERS.items():
        sub = names.add_parser(name, help=importer.help, description=importer.help)
        default = "NAME OF SOURCE" if importer.named_by_source else name
        sub.add_argument("source", type=Path, metavar="SOURCE", help=importer.source)
        sub.add_argument("--out", type=Path, help=f"Parquet file (default: runs/truth/{default}.parquet)")
        for flag, arguments in importer.options.items():
            sub.add_argument(flag, **arguments)


def main(args: argparse.Namespace) -> int:
    from importlib import import_module

    from studies.truth.importers.save import save

    importer = IMPORTERS[args.importer]
    name = args.source.name.split(".")[0] if importer.named_by_source else args.importer
    path = args.out or Path("runs/truth") / f"{name}.parquet"
    if path.suffix != ".parquet":
        raise ValueError(f"--out: {str(path)!r} does not end in .parquet")
    options = {flag: getattr(args, flag.removeprefix("--").replace("-", "_")) for flag in importer.options}
    read = import_module(importer.module).read
    imported = read(
        args.source, **{flag.removeprefix("--").replace("-", "_"): v for flag, v in options.items()}
    )
    for warning in imported.warnings:
        print(f"note: {warning}", file=sys.stderr)
    given = [words for flag, value in options.items() for words in _words(flag, value)]
    words = ["python", "-m", "studies", "truth", "import", args.importer, args.source.name, *chain(*given)]
    save(imported, path, shlex.join(words))
    count = len(imported.manifest["columns"])
    print(f"{len(imported.frame)} architectures, {count} columns: {path}")
    return 0


def _words(flag: str, value: Any) -> list[list[str]]:
    """The words of an option as they were given; none for what was not."""
    if isinstance(value, list):
        return [[flag, str(one)] for one in value]
    return ([[flag]] if value is True else [[flag, str(value)]]) if value else []
