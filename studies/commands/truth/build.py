"""`studies truth build`: ground truth trained by this project."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from studies.commands import data_root
from studies.commands.run import DEVICES, choose_device

if TYPE_CHECKING:
    from supernet.spaces import Architecture, Space

ALL = "all"
HELP = "train stand-alone networks and append to a table; resumable"

# What may differ from the default of images and networks of one's own.
ASKED: dict[str, tuple[type, str]] = {
    "recipe": (str, "nasbench201 or blox: how networks are trained (default: the space's own)"),
    "split": (str, "which images train, which validate (default: the recipe's, else the data set's)"),
    "subset": (int, "this many training images, balanced over the classes (default: all)"),
    "valid-subset": (int, "this many validation images (default: all)"),
    "image-size": (int, "pixels a side (default: the images' own; needed for a folder)"),
    "epochs": (int, "of each training (default: the recipe's 200)"),
    "batch-size": (int, "images of a mini-batch (default: the recipe's 256)"),
    "channels": (int, "of the first stage (default: the benchmark's)"),
    "cells": (int, "searchable cells a stage (default: the benchmark's)"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--space", required=True, help="nasbench201 or blox")
    parser.add_argument(
        "--data",
        default="digits",
        help="digits (default), synthetic, synthetic4; cifar10, cifar100, imagenet16 or folder:NAME, with the "
        "benchmark's networks and recipe",
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--architectures", type=count, help="how many, without replacement; or all")
    which.add_argument("--arch", action="append", metavar="ARCH", help="this architecture; may be repeated")
    parser.add_argument("--seeds", type=int, required=True, help="trainings of each architecture")
    parser.add_argument("--sample-seed", type=int, default=0, help="which random sample (default: 0)")
    parser.add_argument("--mask", default="", help="operations that no architecture uses: OP,OP")
    parser.add_argument(
        "--curves", action="store_true", help="also keep the validation accuracy after every epoch"
    )
    for name, (kind, text) in ASKED.items():
        parser.add_argument(f"--{name}", type=kind, help=text)
    parser.add_argument("--out", type=Path, help="Parquet file (default: runs/truth/SPACE-DATA.parquet)")
    data_root.add_argument(parser, "--data-root")
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="default: cpu")
    parser.add_argument(
        "--workers", type=int, help="processes of one thread (default: one a core, one on a GPU)"
    )
    parser.add_argument(
        "--export", action="store_true", help="train nothing; write the table from what is there"
    )


def count(text: str) -> int | str:
    """A number of architectures, or 'all'."""
    if text == ALL:
        return text
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor 'all'")
    return int(text)


def named(space: Space, texts: list[str]) -> list[Architecture]:
    """The architectures of the texts. ValueError for one that is none of the space under its mask, or repeated."""
    found: dict[Architecture, str] = {}
    for text in texts:
        architecture = space.parse(text)
        if space.index(architecture) is None:
            raise ValueError(f"--arch: {text!r} is no valid architecture of {space.title}")
        architecture = space.supernet_form(architecture)
        if not space.in_mask(architecture):
            raise ValueError(f"--arch: {text!r} uses what the mask {', '.join(space.mask)} leaves out")
        if architecture in found:
            raise ValueError(
                f"--arch: {text!r} and {found[architecture]!r} are one architecture; leave one out"
            )
        found[architecture] = text
    return list(found)


def main(args: argparse.Namespace) -> int:
    from studies.running.parallel import default_workers
    from studies.running.progress import Progress
    from studies.truth.build import Builder
    from studies.truth.tasks import Asked, get_task
    from supernet.data import ready
    from supernet.spaces import get_space

    space = get_space(args.space, [name for name in args.mask.split(",") if name])
    asked = Asked(**{name.replace("-", "_"): getattr(args, name.replace("-", "_")) for name in ASKED})
    task = get_task(args.space, args.data, asked, args.data_root)
    path = args.out or Path("runs/truth") / f"{args.space}-{task.label}.parquet"
    if path.suffix != ".parquet":
        raise ValueError(f"--out: {str(path)!r} does not end in .parquet")
    if args.workers is not None and args.workers < 1:
        raise ValueError(f"--workers: {args.workers} is not a positive integer")
    builder = Builder(
        space,
        task,
        named(space, args.arch) if args.arch else None if args.architectures == ALL else args.architectures,
        args.seeds,
        args.sample_seed,
        path,
        root=args.data_root,
        device=choose_device(args.device),
        curves=args.curves,
        asked=asked,
    )
    if args.export:
        frame = builder.export()
    else:
        ready(task.data, args.data_root)
        workers = args.workers or default_workers(builder.device, len(builder.to_train))
        progress = Progress(f"networks of {space.title}", len(builder.to_train) * args.seeds)
        try:
            frame = builder.run(workers, lambda done, total: progress.update(done))
        finally:
            progress.close()
    print(f"{len(frame)} architectures x {args.seeds} seeds: {path}")
    return 0
