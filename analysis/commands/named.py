"""The arguments by which a user names one study, and how a file spells architectures."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_study(parser: argparse.ArgumentParser) -> None:
    """NAME, the study."""
    parser.add_argument("name", metavar="NAME", help="the study: the folder RUNS/NAME")
    add_runs(parser)


def add_runs(parser: argparse.ArgumentParser) -> None:
    """--runs DIR, where studies are."""
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), metavar="DIR", help="where studies are (runs)"
    )


def add_spelling(parser: argparse.ArgumentParser) -> None:
    """--space, --dialect and --arch-column: how a file of others names architectures."""
    parser.add_argument(
        "--space", help="nasbench201 or blox (default: the one that reads every row of a file)"
    )
    parser.add_argument(
        "--dialect",
        metavar="NAME",
        help="how architectures are spelled where several dialects fit: string, index, ints, naslib, nested or edges",
    )
    parser.add_argument(
        "--arch-column",
        metavar="COLUMN",
        help="what names the architectures (default: arch, arch_str, architecture or index, else a first column without"
        " a name)",
    )
