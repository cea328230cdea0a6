"""`studies list`: the catalogue."""

from __future__ import annotations

import argparse
import sys

from analysis.tables import Column, Table, write
from studies import catalog
from studies.model.study_function import Broken


def list_studies(args: argparse.Namespace) -> int:
    """Print the studies; exit code 2 if a file of the catalogue is broken."""
    rows, broken = [], 0
    for name in catalog.names():
        try:
            study = catalog.get(name)
        except Broken as error:
            broken += 1
            print(f"error: {error}", file=sys.stderr)
            continue
        row = {
            "study": name,
            "variants": len(study.variants),
            "seeds": len(study.seeds),
            "title": study.title,
        }
        rows.append(row)
    words = ("study", "title")
    columns = [Column(key, words=key in words) for key in ("study", "variants", "seeds", "title")]
    print(write(Table(columns, rows, name="studies"), args.format))
    return 2 if broken else 0
