"""Names that a shell completes: of the catalogue's studies and of tables of ground truth."""

from __future__ import annotations

import argparse
import pkgutil
from importlib.util import find_spec


def studies(args: argparse.Namespace) -> list[str]:
    """The catalogue's, without importing it."""
    catalog = find_spec("studies.catalog")
    assert catalog is not None
    return sorted(module.name for module in pkgutil.iter_modules(catalog.submodule_search_locations))


def tables(args: argparse.Namespace) -> list[str]:
    """Those that `truth list` has."""
    from studies.truth import table  # pandas: only where a table is asked for

    return list(table.known())
