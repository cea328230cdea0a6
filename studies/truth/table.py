"""A ground-truth table: a Parquet file and, beside it, a manifest that says what it is.

Columns: `arch` (official text), per metric one column a seed (`digits_test_seed0`, accuracy in percent) and
their mean (`digits_test`), `params` and `macs` of the stand-alone networks. The manifest, `<table>.json`, names
space, data set, network size, training, seeds, source and checksum; no correlation is printed without it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from supernet.files import write_atomic, write_text
from supernet.spaces import Size, Space, get_space

EMBEDDED = Path(__file__).parents[2] / "data"
MANIFEST_KEYS = ("space", "title", "data", "size", "columns", "seeds", "checksum")


@dataclass(frozen=True)
class TruthTable:
    """A table that was read and checked. frame: the columns above. manifest: what it is."""

    path: Path
    frame: pd.DataFrame
    manifest: dict[str, Any]

    @property
    def space(self) -> Space:
        return get_space(self.manifest["space"])

    @property
    def size(self) -> Size:
        return Size(**self.manifest["size"])


def resolve(name: str) -> Path:
    """The Parquet file that a user means: a path, or the name of an embedded table."""
    path = Path(name)
    if path.suffix != ".parquet" and not path.exists():
        path = EMBEDDED / f"{name}.parquet"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in EMBEDDED.glob("*.parquet"))) or "none"
        raise ValueError(f"table: {name!r} is neither a Parquet file nor an embedded table ({known})")
    return path


def load(path: Path) -> TruthTable:
    """Read a table and its manifest. ValueError if either is missing, damaged or does not fit the other."""
    manifest_path = path.with_suffix(".json")
    if not manifest_path.is_file():
        raise ValueError(f"table: {path} has no manifest {manifest_path.name} beside it")
    try:
        manifest = json.loads(manifest_path.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"table: {manifest_path} is not JSON ({error})") from error
    missing = [key for key in MANIFEST_KEYS if key not in manifest]
    if missing:
        raise ValueError(f"table: {manifest_path} lacks {', '.join(missing)}")
    if digest(path) != manifest["checksum"]:
        raise ValueError(
            f"table: {path} is not the file that {manifest_path.name} describes (checksum differs)"
        )
    frame = pd.read_parquet(path)
    absent = [column for column in ("arch", *manifest["columns"]) if column not in frame]
    if absent:
        raise ValueError(f"table: {path} lacks the columns {', '.join(absent)}")
    return TruthTable(path, frame, manifest)


def save(frame: pd.DataFrame, manifest: dict[str, Any], path: Path) -> None:
    """Write table and manifest, each atomically; the manifest last, as it holds the table's checksum."""
    write_atomic(path, lambda file: frame.to_parquet(file, index=False, compression="zstd"))
    write_text(path.with_suffix(".json"), json.dumps(manifest | {"checksum": digest(path)}, indent=1) + "\n")


def digest(path: Path) -> str:
    """sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
