"""`studies truth build | show`: ground truth trained by this project, and what a table is."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "build ground truth; show what a table is and how noisy"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="build|show")
    build = actions.add_parser("build", help="train stand-alone networks and append to a table; resumable")
    build.add_argument("--space", required=True, help="nasbench201 or blox")
    build.add_argument("--data", default="digits", help="data set (default: digits)")
    build.add_argument(
        "--architectures", type=count, required=True, help="how many, without replacement; or all"
    )
    build.add_argument("--seeds", type=int, required=True, help="trainings of each architecture")
    build.add_argument("--sample-seed", type=int, default=0, help="which random sample (default: 0)")
    build.add_argument("--mask", default="", help="operations that no architecture uses: OP,OP")
    build.add_argument("--out", type=Path, help="Parquet file (default: runs/truth/SPACE-DATA.parquet)")
    build.add_argument("--workers", type=int, help="processes of one thread (default: one a core)")
    build.add_argument(
        "--export", action="store_true", help="train nothing; write the table from what is there"
    )
    show = actions.add_parser("show", help="what a table is, and its noise ceiling")
    show.add_argument("table", help="a Parquet file with its manifest, or the name of an embedded table")
    show.add_argument("--json", action="store_true", help="print JSON")


def count(text: str) -> int | None:
    """A number of architectures; None for 'all'."""
    if text == "all":
        return None
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor 'all'")
    return int(text)


def main(args: argparse.Namespace) -> int:
    return build(args) if args.action == "build" else show(args)


def build(args: argparse.Namespace) -> int:
    from studies.parallel import default_workers
    from studies.progress import Progress
    from studies.truth.build import Builder
    from supernet.spaces import get_space

    space = get_space(args.space, [name for name in args.mask.split(",") if name])
    path = args.out or Path("runs/truth") / f"{args.space}-{args.data}.parquet"
    if path.suffix != ".parquet":
        raise ValueError(f"--out: {str(path)!r} does not end in .parquet")
    builder = Builder(space, args.data, args.architectures, args.seeds, args.sample_seed, path)
    if args.export:
        frame = builder.export()
    else:
        workers = args.workers or default_workers("cpu", len(builder.to_train))
        progress = Progress(f"networks of {space.title}", len(builder.to_train) * args.seeds)
        try:
            frame = builder.run(workers, lambda done, total: progress.update(done))
        finally:
            progress.close()
    print(f"{len(frame)} architectures x {args.seeds} seeds: {path}")
    return 0


def show(args: argparse.Namespace) -> int:
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
