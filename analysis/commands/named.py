"""The arguments by which a user names one study, and the format of what is printed."""

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


def add_format(parser: argparse.ArgumentParser) -> None:
    """--format, what is printed."""
    parser.add_argument(
        "--format",
        choices=("text", "markdown", "csv", "latex", "json"),
        default="text",
        help="csv and json have every number with all its digits (text)",
    )
