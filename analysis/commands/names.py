"""Names that a shell completes: of the studies in a folder of results."""

from __future__ import annotations

import argparse
from pathlib import Path

from analysis.store import study_file


def studies(args: argparse.Namespace) -> list[str]:
    """Those in the folder that the arguments name."""
    runs = getattr(args, "runs", None) or Path("runs")
    return sorted(path.parent.name for path in runs.glob(f"*/{study_file.FILE}"))
