"""`studies truth list`: the tables that have a name."""

from __future__ import annotations

import argparse
from typing import Any

HELP = "the tables that there are: embedded ones and those in runs/truth"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def main(args: argparse.Namespace) -> int:
    import json

    from analysis.tables import Table, write
    from studies.truth import table

    rows: list[dict[str, Any]] = []
    for name, path in table.known().items():
        try:
            manifest = table.read_manifest(path)
        except ValueError as error:
            rows.append({"name": name, "file": str(path), "error": str(error)})
            continue
        data = manifest["data"]
        rows.append(
            {
                "name": name,
                "space": manifest["space"],
                "data": [data] if isinstance(data, str) else data,
                "architectures": manifest.get("architectures"),
                "columns": len(manifest["columns"]),
                "curves": len(manifest.get("curves", {})),
                "file": str(path),
            }
        )
    if args.json:
        print(json.dumps(rows, indent=1))
        return 0
    cells = []
    for row in rows:
        if "error" in row:
            cells.append([row["name"], row["error"], "", "", "", ""])
            continue
        numbers = (str(row[key]) for key in ("architectures", "columns", "curves"))
        cells.append([row["name"], row["space"], ", ".join(row["data"]), *numbers])
    head = ["name", "space", "data", "architectures", "columns", "curves"]
    print(write(Table.of_cells(head, cells, words=3), "text"))
    return 0
