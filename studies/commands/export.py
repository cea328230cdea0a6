"""`studies export RUN --out FILE`: the weights of a run's supernet, or of a sub-network of it, with all that loads
them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from studies.running.export import FORMATS, Export
from studies.running.trained import TrainedRun, trained_run
from supernet.data.dataset import DataSet

BN = (
    "# .eval(): BN by the running statistics of the training, which all paths share.",
    "# .train(): BN by the batch's own statistics, as the measure 'batch' takes them.",
)


def export(args: argparse.Namespace) -> int:
    """Write the file and print the lines that load it."""
    run = trained_run(run_folder(args.runs, args.run), averaged=args.averaged)
    architecture = None if args.arch is None else run.network.space.parse(args.arch)
    data = run.data(args.data_root) if args.recalibrate else _data(run, args.data_root)
    form = args.format or args.out.suffix.removeprefix(".")
    if form not in FORMATS:
        raise ValueError(
            f"--out: the suffix of {str(args.out)!r} is none of {', '.join(FORMATS)}; say --format"
        )
    exported = Export(run=run, architecture=architecture, form=form, data=data, recalibrate=args.recalibrate)
    print(exported.write(args.out))
    if form == "pt" and not args.recalibrate:
        print("\n".join(BN))
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB", file=sys.stderr)
    return 0


def run_folder(runs: Path, name: str) -> Path:
    """The folder of a run that is named by its id, as `studies show` prints it, or by its path. ValueError if there is
    none."""
    for folder in (runs / "trainings" / name, Path(name)):
        if folder.is_dir():
            return folder.resolve()
    known = sorted(path.name for path in (runs / "trainings").glob("*") if path.is_dir())
    shown = ", ".join(known[:10]) + (f" and {len(known) - 10} more" if len(known) > 10 else "")
    raise ValueError(f"run: {name!r} is no run in {runs / 'trainings'}; runs there: {shown or 'none'}")


def _data(run: TrainedRun, data_root: Path) -> DataSet | None:
    """None, and a note, where the images are not at hand: the weights are of use without them."""
    try:
        return run.data(data_root)
    except (OSError, ValueError) as error:
        print(f"note: the file does not say how pixels are normalised: {error}", file=sys.stderr)
        return None
