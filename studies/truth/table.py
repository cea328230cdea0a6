"""Ground-truth tables by name: the embedded ones, and those that were imported or built here.

What a table is, how it is read and written: analysis/store/truth_table.py, whose functions are here as well.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.store import file_set
from analysis.store.truth_table import (
    TruthTable,
    curve_column,
    curves,
    curves_path,
    load,
    read_manifest,
    save,
)
from supernet.spaces.imported import Imported

__all__ = [
    "EMBEDDED", "OWN", "OWN_SOURCE", "TruthTable", "curve_column", "curves", "curves_path", "known", "load",
    "read_manifest", "resolve", "save", "save_imported",
]  # fmt: skip

_INSTALLED = Path(__file__).parent / "data"  # setup.py puts them there; in a checkout they are in data/
EMBEDDED = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[2] / "data"
OWN = Path("runs/truth")  # tables that were imported or built here
OWN_SOURCE = "trained by this project"  # a manifest's source


def known() -> dict[str, Path]:
    """Every table that has a name here: the embedded ones, then those in runs/truth."""
    paths = [path for folder in (OWN, EMBEDDED) for path in sorted(folder.glob("*.json"))]
    found = {path.stem: path.with_suffix(".parquet") for path in paths}
    return {
        name: found[name] for name in sorted(found, key=lambda name: (found[name].parent != EMBEDDED, name))
    }


def resolve(name: str) -> Path:
    """The Parquet file that a user means: a path, or the name of an embedded table or of one in runs/truth."""
    path = Path(name)
    if path.suffix != ".parquet" and not path.exists():
        path = known().get(name, path)
    if path.suffix == ".parquet":
        file_set.complete(path.parent, path.stem)
    if path.suffix != ".parquet" or not path.is_file():
        names = ", ".join(known()) or "none"
        raise ValueError(
            f"table: {name!r} is neither a Parquet file nor a table that has a name here ({names}); published ones are "
            "brought by `python -m studies truth import`"
        )
    return path


def save_imported(imported: Imported, path: Path, command: str) -> None:
    """Write table, manifest and curves to `path` and beside it: all or nothing. command: that made it."""
    facts = {"architectures": len(imported.frame), "command": command, "warnings": imported.warnings}
    frame = None
    if imported.curves:
        columns = {name: curve_column(values) for name, values in imported.curves.items()}
        frame = pd.DataFrame({"arch": imported.frame["arch"], **columns})
    save(imported.frame, imported.manifest | facts, path, frame)
