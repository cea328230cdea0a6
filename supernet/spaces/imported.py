"""What an importer of published tables hands over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from supernet.spaces.space import Architecture, Space

MANIFEST_KEYS = (
    "space", "title", "data", "size", "columns", "units", "epochs", "seeds", "source", "licence", "note",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A table in memory. frame: `arch` (official text, each once), the columns, `params`, `macs`.

    curves: values per epoch by name, (n, epochs) float32, row by row as the frame; None for none.
    manifest: the entries of MANIFEST_KEYS. data: list of names; size: of the published networks; columns: all but
    arch, params and macs; source: {what, files, checksums}. warnings: sentences for the user, also kept.
    """

    frame: pd.DataFrame
    manifest: dict[str, Any]
    curves: dict[str, np.ndarray] | None = None
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        lacking = [key for key in MANIFEST_KEYS if key not in self.manifest]
        assert not lacking, f"the importer's manifest lacks {lacking}"
        assert list(self.frame.columns) == ["arch", *self.manifest["columns"], "params", "macs"]
        assert self.frame["arch"].is_unique


def with_costs(frame: pd.DataFrame, space: Space, architectures: Iterable[Architecture]) -> pd.DataFrame:
    """`frame` with the columns params and macs of the published networks of `architectures`, row by row."""
    costs = [space.cost(architecture) for architecture in architectures]
    return frame.assign(params=[cost.params for cost in costs], macs=[cost.macs for cost in costs])


def published_size(space: Space) -> dict[str, Any]:
    """The manifest's `size`."""
    return asdict(space.published)
