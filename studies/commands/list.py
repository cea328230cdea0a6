"""`studies list`: the catalogue."""

from __future__ import annotations

import argparse
import sys

HELP = "the studies that there are"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def main(args: argparse.Namespace) -> int:
    from studies import catalog

    broken = 0
    for name in catalog.names():
        try:
            study = catalog.get(name)
        except catalog.Broken as error:
            broken += 1
            print(f"error: {error}", file=sys.stderr)
            continue
        print(f"{name}: {study.title} ({len(study.variants)} variants x {len(study.seeds)} seeds)")
    return 2 if broken else 0
