"""`studies truth build`: ground truth trained by this project."""

from __future__ import annotations

import argparse
from pathlib import Path

from studies.commands import data_root

HELP = "train stand-alone networks and append to a table; resumable"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--space", required=True, help="nasbench201 or blox")
    parser.add_argument("--data", default="digits", help="digits (default), synthetic or synthetic4")
    parser.add_argument(
        "--architectures", type=count, required=True, help="how many, without replacement; or all"
    )
    parser.add_argument("--seeds", type=int, required=True, help="trainings of each architecture")
    parser.add_argument("--sample-seed", type=int, default=0, help="which random sample (default: 0)")
    parser.add_argument("--mask", default="", help="operations that no architecture uses: OP,OP")
    parser.add_argument(
        "--curves", action="store_true", help="also keep the validation accuracy after every epoch"
    )
    parser.add_argument("--out", type=Path, help="Parquet file (default: runs/truth/SPACE-DATA.parquet)")
    data_root.add_argument(parser, "--data-root")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    parser.add_argument(
        "--workers", type=int, help="processes of one thread (default: one a core, one on a GPU)"
    )
    parser.add_argument(
        "--export", action="store_true", help="train nothing; write the table from what is there"
    )


def count(text: str) -> int | None:
    """A number of architectures; None for 'all'."""
    if text == "all":
        return None
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor 'all'")
    return int(text)


def main(args: argparse.Namespace) -> int:
    from studies.parallel import default_workers
    from studies.progress import Progress
    from studies.truth.build import Builder
    from supernet.data import DataConfig, ready
    from supernet.spaces import get_space

    space = get_space(args.space, [name for name in args.mask.split(",") if name])
    path = args.out or Path("runs/truth") / f"{args.space}-{args.data}.parquet"
    if path.suffix != ".parquet":
        raise ValueError(f"--out: {str(path)!r} does not end in .parquet")
    builder = Builder(
        space,
        args.data,
        args.architectures,
        args.seeds,
        args.sample_seed,
        path,
        root=args.data_root,
        device=args.device,
        curves=args.curves,
    )
    if args.export:
        frame = builder.export()
    else:
        ready(DataConfig(name=args.data), args.data_root)
        workers = args.workers or default_workers(args.device, len(builder.to_train))
        progress = Progress(f"networks of {space.title}", len(builder.to_train) * args.seeds)
        try:
            frame = builder.run(workers, lambda done, total: progress.update(done))
        finally:
            progress.close()
    print(f"{len(frame)} architectures x {args.seeds} seeds: {path}")
    return 0
