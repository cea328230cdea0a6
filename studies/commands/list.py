"""`studies list`: the catalogue."""

from __future__ import annotations

import argparse

HELP = "the studies that there are"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def main(args: argparse.Namespace) -> int:
    from studies import catalog

    for name in catalog.names():
        study = catalog.get(name)
        print(f"{name}: {study.title} ({len(study.variants)} variants x {len(study.seeds)} seeds)")
    return 0
