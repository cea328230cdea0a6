"""`studies truth show`: what a table is, and how noisy."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "what a table is, and its noise ceilings"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("table", help="a Parquet file with its manifest, or a name that `truth list` has")
    parser.add_argument("--json", action="store_true", help="print JSON")


def main(args: argparse.Namespace) -> int:
    import json

    import numpy as np

    from analysis.ceiling import ceiling
    from studies.truth import table

    found = table.load(table.resolve(args.table))
    manifest, frame = found.manifest, found.frame
    metrics = [name for name in manifest["columns"] if "_seed" not in name]
    ceilings = {name: ceiling(frame, name) for name in metrics}
    facts = {key: value for key, value in manifest.items() if not isinstance(value, (dict, list))}
    here = Path.cwd()
    shown = found.path.relative_to(here) if found.path.is_relative_to(here) else found.path
    facts = {"file": shown, **facts}
    quantiles = {
        name: [round(float(q), 2) for q in np.nanquantile(frame[name], (0, 0.1, 0.5, 0.9, 1))]
        for name in metrics
        if frame[name].notna().any()
    }
    if args.json:
        print(
            json.dumps(manifest | {"quantiles": quantiles, "ceilings": ceilings}, indent=1, allow_nan=False)
        )
        return 0
    for key, value in facts.items():
        print(f"{key:<14} {value}")
    for key in ("size", "training", "evaluation", "versions"):
        if key in manifest:
            print(f"{key:<14} {_flat(manifest[key])}")
    print(f"{'columns':<14} {', '.join(manifest['columns'])}\n")
    for name in metrics:
        missing = int(frame[name].isna().sum())
        values = " ".join(f"{q:.2f}" for q in quantiles.get(name, []))
        print(
            f"{name}: {len(frame)} architectures, {missing} missing; min, 10 %, median, 90 %, max: {values}"
        )
        for kind, estimate in (ceilings[name] or {}).items():
            values = ", ".join(
                f"{measure} {estimate[measure]:.3f}"
                for measure in ("tau_b", "spearman", "pearson")
                if estimate.get(measure) is not None
            )
            print(
                f"  ceiling, {kind.replace('_', ' ')}: {values} (n {estimate['n']}; {estimate['compared']})"
            )
    return 0


def _flat(value: dict[str, object]) -> str:
    """A nested manifest entry on one line."""
    parts = (f"{k} {_flat(v) if isinstance(v, dict) else v}" for k, v in value.items() if v is not None)
    return "(" + ", ".join(parts) + ")"
