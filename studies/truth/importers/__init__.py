"""Published ground truth, read into this project's own table.

An importer is a module with `read(source: Path, **options) -> Imported` (see `imported.py`); `IMPORTERS` names them.
They are not imported before one of them is used: the command line starts at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Importer:
    """module: of `read`. help: one line. source: what SOURCE is. options: flag -> arguments of add_argument; read()
    gets each by its name ('--fraction': fraction)."""

    module: str
    help: str
    source: str
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


IMPORTERS: dict[str, Importer] = {
    "csv": Importer(
        module="studies.truth.importers.csv",
        help="a CSV file of one row an architecture",
        source="the file",
    ),
}
