"""`studies truth list | show | check | import`: tables of ground truth, their contents and noise."""

from __future__ import annotations

import argparse
import shlex
import sys
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from analysis.measures.ceiling import CEILINGS, ceiling
from analysis.store.column_names import parse
from analysis.store.truth_table import described
from analysis.tables import Column, Table, as_json, fixed, write
from studies.truth import table
from studies.truth.check import check as check_table
from studies.truth.importers import IMPORTERS
from studies.truth.table import TruthTable, save_imported

FEW = 16  # columns without their seeds: no more are shown if not asked for
NESTED = ("size", "images", "epochs", "source", "training", "evaluation", "versions")
QUANTILES = {"min": 0, "10 %": 0.1, "median": 0.5, "90 %": 0.9, "max": 1}


def list_tables(args: argparse.Namespace) -> int:
    """The tables that have a name; of a damaged one, what is wrong."""
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
    if args.format == "json":
        print(as_json(rows))
        return 0
    columns = [Column(key, words=True) for key in ("name", "space", "data")]
    columns += [Column(key) for key in ("architectures", "columns", "curves")]
    columns += [Column(key, words=True, hidden=True) for key in ("file", "error")]
    shown = [
        row | ({"space": row["error"], "data": ""} if "error" in row else {"data": ", ".join(row["data"])})
        for row in rows
    ]
    print(write(Table(columns, shown, name="tables"), args.format))
    return 0


def check(args: argparse.Namespace) -> int:
    """Exit code 1 if the table is not what it says."""
    findings = check_table(table.load(table.resolve(args.table)))
    for finding in findings:
        print(f"{finding.level:<6} {finding.text}")
    return 1 if any(finding.level == "error" for finding in findings) else 0


def import_(args: argparse.Namespace) -> int:
    """Read a published benchmark's files and write a table."""
    importer = IMPORTERS[args.importer]
    name = args.source.name.split(".")[0] if importer.named_by_source else args.importer
    path = args.out or Path("runs/truth") / f"{name}.parquet"
    if path.suffix != ".parquet":
        raise ValueError(f"--out: {str(path)!r} does not end in .parquet")
    names = {flag: flag.removeprefix("--").replace("-", "_") for flag in importer.options}
    options = {flag: getattr(args, name) for flag, name in names.items()}
    read = import_module(importer.module).read
    _check_former(path, args.importer)
    imported = read(args.source, **{names[flag]: value for flag, value in options.items()})
    for warning in imported.warnings:
        print(f"note: {warning}", file=sys.stderr)
    given = [words for flag, value in options.items() for words in _words(flag, value)]
    words = ["python", "-m", "studies", "truth", "import", args.importer, args.source.name, *chain(*given)]
    save_imported(imported, path, shlex.join(words))
    count = len(imported.manifest["columns"])
    print(f"{len(imported.frame)} architectures, {count} columns: {path}")
    return 0


def _check_former(path: Path, importer: str) -> None:
    """ValueError for a table at the same path that is no import of this benchmark: it would be lost."""
    former = described(path)
    if path.is_file() and f"truth import {importer} " not in str(former.get("command", "")):
        raise ValueError(
            f"--out: {path} is {former.get('title') or 'another table'}, no import of {importer}; give another --out or"
            " remove it"
        )


def _words(flag: str, value: Any) -> list[list[str]]:
    """The words of an option as they were given; none for what was not."""
    if isinstance(value, list):
        return [[flag, str(one)] for one in value]
    return ([[flag]] if value is True else [[flag, str(value)]]) if value else []


def show(args: argparse.Namespace) -> int:
    """What a table is, quantiles of its columns and their noise ceilings."""
    truth = table.load(table.resolve(args.table))
    manifest = truth.manifest
    means = [name for name in manifest["columns"] if "_seed" not in name]
    shown = means if args.all or args.format == "json" or len(means) <= FEW else _accuracies(means)
    ceilings = {name: ceiling(truth.frame, name) for name in shown}
    quantiles = _quantiles(truth, shown)
    if args.format == "json":
        print(as_json(manifest | {"quantiles": quantiles, "ceilings": ceilings}))
        return 0
    facts = [f"{key:<14} {value}" for key, value in _facts(truth).items()]
    facts += [f"{'warning':<14} {warning}" for warning in manifest.get("warnings", [])]
    facts += [f"{'columns':<14} {_columns(manifest['columns'])}"]
    noise = _noise(ceilings)
    after = [] if noise.rows else ["noise ceiling: not known (no seeds, no validation beside a test)"]
    if len(shown) < len(means):
        after.append(f"{len(means) - len(shown)} more columns (other epochs, losses): --all")
    tables = [_values(truth, shown, quantiles), *([noise] if noise.rows else [])]
    print(write(tables, args.format, before="\n".join(facts), after="\n\n".join(after)))
    return 0


def _accuracies(means: list[str]) -> list[str]:
    """Accuracies after the last epoch of the full schedule; all columns if there are none."""
    names = [(name, parse(name)) for name in means]
    return [
        name
        for name, one in names
        if one and not (one.metric or one.which or one.epochs or one.part == "train")
    ] or means


def _facts(truth: TruthTable) -> dict[str, Any]:
    here, path, manifest = Path.cwd(), truth.path, truth.manifest
    facts: dict[str, Any] = {"file": path.relative_to(here) if path.is_relative_to(here) else path}
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


def _flat(value: dict[str, Any]) -> str:
    """A nested manifest entry on one line."""
    parts = (f"{k} {_flat(v) if isinstance(v, dict) else v}" for k, v in value.items() if v is not None)
    return "(" + ", ".join(parts) + ")"


def _columns(names: list[str]) -> str:
    """The names, each once with the seeds it has."""
    seeds: dict[str, list[str]] = {}
    for name in names:
        mean, _, seed = name.partition("_seed")
        seeds.setdefault(mean, []).extend([seed] if seed else [])
    return ", ".join(f"{mean} (seeds {' '.join(its)})" if its else mean for mean, its in seeds.items())


def _quantiles(truth: TruthTable, names: list[str]) -> dict[str, list[float]]:
    """By column, its QUANTILES; a column without values has none."""
    return {
        name: [
            round(float(q), 2)
            for q in np.nanquantile(truth.frame[name].astype(float), list(QUANTILES.values()))
        ]
        for name in names
        if truth.frame[name].notna().any()
    }


def _values(truth: TruthTable, names: list[str], quantiles: dict[str, list[float]]) -> Table:
    """A row a column: how many values, and their quantiles."""
    rows = []
    for name in names:
        missing = int(truth.frame[name].isna().sum())
        row = {"column": name, "n": len(truth.frame) - missing, "missing": missing}
        rows.append(row | dict(zip(QUANTILES, quantiles.get(name, []), strict=False)))
    columns = [Column("column", words=True), Column("n"), Column("missing")]
    return Table([*columns, *(Column(key, format=fixed(2)) for key in QUANTILES)], rows, name="quantiles")


def _noise(ceilings: dict[str, Any]) -> Table:
    """A row a column and kind of noise ceiling."""
    columns = [
        Column("column", "noise ceiling", words=True),
        Column("kind", "", words=True),
        Column("tau_b", format=fixed()),
        Column("spearman", "rho", format=fixed()),
        Column("pearson", "r", format=fixed()),
        Column("n"),
        Column("compared", words=True),
    ]
    rows = [
        estimate | {"column": name, "kind": CEILINGS[kind]}
        for name, estimates in ceilings.items()
        for kind, estimate in (estimates or {}).items()
    ]
    return Table(columns, rows, name="ceilings")
