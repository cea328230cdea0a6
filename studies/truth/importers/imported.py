"""What an importer hands over, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from studies.truth import table
from supernet.spaces import Architecture, Space

MANIFEST_KEYS = (
    "space", "title", "data", "size", "columns", "units", "epochs", "seeds", "source", "licence", "note",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A table in memory. frame: `arch` (official text, each once), the columns, `params`, `macs`.

    curves: `arch` in the same order and columns of lists, one value an epoch (`table.curve_column`); None for none.
    manifest: the entries of MANIFEST_KEYS. data: list of names; size: of the published networks; columns: all but
    arch, params and macs; source: {what, files, checksums}. warnings: sentences for the user, also kept.
    """

    frame: pd.DataFrame
    manifest: dict[str, Any]
    curves: pd.DataFrame | None = None
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        lacking = [key for key in MANIFEST_KEYS if key not in self.manifest]
        assert not lacking, f"the importer's manifest lacks {lacking}"
        assert list(self.frame.columns) == ["arch", *self.manifest["columns"], "params", "macs"]
        assert self.frame["arch"].is_unique

    def save(self, path: Path, command: str) -> None:
        """Write table, manifest and curves to `path` and beside it: all or nothing. command: that made it."""
        facts = {"architectures": len(self.frame), "command": command, "warnings": self.warnings}
        table.save(self.frame, self.manifest | facts, path, self.curves)


def with_costs(frame: pd.DataFrame, space: Space, architectures: Iterable[Architecture]) -> pd.DataFrame:
    """`frame` with the columns params and macs of the published networks of `architectures`, row by row."""
    costs = [space.cost(architecture) for architecture in architectures]
    return frame.assign(params=[cost.params for cost in costs], macs=[cost.macs for cost in costs])


def published_size(space: Space) -> dict[str, Any]:
    """The manifest's `size`."""
    return asdict(space.published)
