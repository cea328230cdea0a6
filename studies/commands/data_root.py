"""Where images are: the argument that several commands share."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

VARIABLE = "DATA_ROOT"


def add_argument(parser: argparse.ArgumentParser, name: str) -> None:
    """`name` DIR: of all images; default: the environment's DATA_ROOT, else ./datasets."""
    parser.add_argument(
        name,
        type=Path,
        metavar="DIR",
        default=Path(os.environ.get(VARIABLE) or "datasets"),
        help=f"folder of all images (default: ${VARIABLE}, else datasets)",
    )
