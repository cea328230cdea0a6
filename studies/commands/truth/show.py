"""`studies truth show`: what a table is, and how noisy."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studies.truth.table import TruthTable

HELP = "what a table is, and its noise ceilings"
FEW = 16  # columns without their seeds: no more are shown if not asked for
NESTED = ("size", "images", "epochs", "source", "training", "evaluation", "versions")
QUANTILES = (0, 0.1, 0.5, 0.9, 1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("table", help="a Parquet file with its manifest, or a name that `truth list` has")
    parser.add_argument("--all", action="store_true", help="every column of a table that has many")
    parser.add_argument("--json", action="store_true", help="print JSON")


def main(args: argparse.Namespace) -> int:
    import json

    from analysis.measures.ceiling import ceiling
    from studies.truth import table

    found = table.load(table.resolve(args.table))
    means = [name for name in found.manifest["columns"] if "_seed" not in name]
    shown = means if args.all or args.json or len(means) <= FEW else _main(means)
    ceilings = {name: ceiling(found.frame, name) for name in shown}
    quantiles = _quantiles(found, shown)
    if args.json:
        print(
            json.dumps(
                found.manifest | {"quantiles": quantiles, "ceilings": ceilings}, indent=1, allow_nan=False
            )
        )
        return 0
    for key, value in _facts(found).items():
        print(f"{key:<14} {value}")
    for warning in found.manifest.get("warnings", []):
        print(f"{'warning':<14} {warning}")
    print(f"{'columns':<14} {_columns(found.manifest['columns'])}\n")
    print("\n".join(_table(found, shown, quantiles, ceilings)))
    if len(shown) < len(means):
        print(f"\n{len(means) - len(shown)} more columns (other epochs, losses): --all")
    return 0


def _main(means: list[str]) -> list[str]:
    """Accuracies after the last epoch of the full schedule; all columns if there are none."""
    from analysis.store.column_names import parse

    names = [(name, parse(name)) for name in means]
    return [
        name
        for name, one in names
        if one and not (one.metric or one.which or one.epochs or one.part == "train")
    ] or means


def _facts(found: TruthTable) -> dict[str, Any]:
    here = Path.cwd()
    manifest = found.manifest
    facts: dict[str, Any] = {
        "file": found.path.relative_to(here) if found.path.is_relative_to(here) else found.path
    }
    for key, value in manifest.items():
        if isinstance(value, dict):
            if key in NESTED and value:
                facts[key] = _flat(value)
        elif key in ("data", "seeds") and isinstance(value, list):
            facts[key] = ", ".join(map(str, value)) or "none"
        elif not isinstance(value, list):
            facts[key] = value
    if isinstance(manifest["seeds"], dict):
        facts["seeds"] = _flat(manifest["seeds"])
    if manifest.get("curves"):
        facts["curves"] = f"{len(manifest['curves'])} columns with a value for every epoch"
    return facts


def _columns(names: list[str]) -> str:
    """The names, each once with the seeds it has."""
    seeds: dict[str, list[str]] = {}
    for name in names:
        mean, _, seed = name.partition("_seed")
        seeds.setdefault(mean, []).extend([seed] if seed else [])
    return ", ".join(f"{mean} (seeds {' '.join(own)})" if own else mean for mean, own in seeds.items())


def _quantiles(found: TruthTable, names: list[str]) -> dict[str, list[float]]:
    import numpy as np

    return {
        name: [round(float(q), 2) for q in np.nanquantile(found.frame[name].astype(float), QUANTILES)]
        for name in names
        if found.frame[name].notna().any()
    }


def _table(
    found: TruthTable, names: list[str], quantiles: dict[str, list[float]], ceilings: dict[str, Any]
) -> list[str]:
    """Two tables: values, and noise ceilings where there are any."""
    from analysis.measures.ceiling import CEILINGS
    from analysis.tables import Column, Table, number, write

    rows = []
    for name in names:
        missing = int(found.frame[name].isna().sum())
        values = [f"{q:.2f}" for q in quantiles.get(name, [])] or ["-"] * len(QUANTILES)
        rows.append([name, str(len(found.frame) - missing), str(missing), *values])
    noise = []
    for name in names:
        for kind, estimate in (ceilings[name] or {}).items():
            cells = [number(estimate.get(measure)) for measure in ("tau_b", "spearman", "pearson")]
            noise.append([name, CEILINGS[kind], *cells, str(estimate["n"]), estimate["compared"]])
    values_text = write(
        Table.of_cells(["column", "n", "missing", "min", "10 %", "median", "90 %", "max"], rows), "text"
    )
    if not noise:
        return [values_text, "", "noise ceiling: not known (no seeds, no validation beside a test)"]
    head = ["noise ceiling", "", "tau_b", "rho", "r", "n", Column("compared", words=True)]
    return [values_text, "", write(Table.of_cells(head, noise, words=2), "text")]


def _flat(value: dict[str, Any]) -> str:
    """A nested manifest entry on one line."""
    parts = (f"{k} {_flat(v) if isinstance(v, dict) else v}" for k, v in value.items() if v is not None)
    return "(" + ", ".join(parts) + ")"
