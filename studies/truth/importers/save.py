"""An imported table into this project's files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from studies.truth import table
from supernet.spaces.imported import Imported


def save(imported: Imported, path: Path, command: str) -> None:
    """Write table, manifest and curves to `path` and beside it: all or nothing. command: that made it."""
    facts = {"architectures": len(imported.frame), "command": command, "warnings": imported.warnings}
    curves = None
    if imported.curves:
        columns = {name: table.curve_column(values) for name, values in imported.curves.items()}
        curves = pd.DataFrame({"arch": imported.frame["arch"], **columns})
    table.save(imported.frame, imported.manifest | facts, path, curves)
