"""`studies data list | get | check`: the images that there are, how to get them, whether they are right."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from studies.commands import data_root

if TYPE_CHECKING:
    from supernet.data.dataset import Split

HELP = "list, get and check data sets"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|get|check")
    for action, text in (
        ("list", "names, classes, image sizes, splits, and where they were found"),
        ("get", "download or generate a data set"),
        ("check", "verify every checksum; counts, mean and deviation, balance and splits"),
    ):
        one = actions.add_parser(action, help=text, description=text)
        if action != "list":
            one.add_argument("name", help="a data set of `python -m studies data list`")
        if action == "check":
            one.add_argument(
                "--image-size", type=int, help="of a folder of images, which may have any size: pixels a side"
            )
        data_root.add_argument(one, "--root")


def main(args: argparse.Namespace) -> int:
    return {"list": list_, "get": get, "check": check}[args.action](args)


def list_(args: argparse.Namespace) -> int:
    from supernet.data import SOURCES

    for name, source in SOURCES.items():
        print(f"{name}: {source.title}")
        print(f"  {source.classes} classes, {source.side}x{source.side}; splits: {', '.join(source.splits)}")
        try:
            print(f"  found: {source.find(args.root)}")
        except ValueError as error:
            print(f"  missing: {str(error).removeprefix('data: ')}")
    print("folder:NAME: any images, the folder NAME of the root with one folder a class")
    print(f"root: {args.root}")
    return 0


def get(args: argparse.Namespace) -> int:
    from studies.running.progress import Progress
    from supernet.data import get_source

    source = get_source(args.name)
    progress: list[Progress] = []

    def report(done: int, total: int) -> None:
        if not progress:
            progress.append(Progress(f"{source.name}: images drawn", total))
        progress[0].update(done)

    try:
        source.get(args.root, report)
    finally:
        for bar in progress:
            bar.close()
    print(f"{source.name}: {source.find(args.root)}")
    return 0


def check(args: argparse.Namespace) -> int:
    """Print what the files hold. ValueError for the first that is not what it should be."""
    from supernet.data import DataConfig, get_source
    from supernet.data.loading import assemble
    from supernet.data.pixels import mean_and_std

    source = get_source(args.name)
    config = DataConfig(name=args.name, image_size=args.image_size)
    print(f"{source.name}: {source.title}\nfound: {source.find(args.root)}")
    parts = source.read(args.root, config.side)
    print("files: all as they should be")
    print(f"images: {config.side}x{config.side}, {source.channels} channels of {source.levels} levels")
    for name, part in zip(parts._fields, parts, strict=True):
        if part is not None:
            print(f"{name}: {contents(part)}")
    mean, std = ([round(v, 3) for v in values.tolist()] for values in mean_and_std(parts.train.images))
    print(f"training images, of 0..{source.levels - 1}: mean {mean}, standard deviation {std}")
    wrong = 0
    for split in source.splits:
        try:
            found = assemble(
                DataConfig(name=args.name, split=split, image_size=config.side), parts, args.root
            )
            sizes = f"{len(found.train):,} train, {len(found.valid):,} valid, {len(found.test):,} test"
        except ValueError as error:
            sizes = f"not to be had: {error}"
            wrong += "is not there" not in str(error)
        print(f"split {split}: {sizes}", file=sys.stderr if wrong else sys.stdout)
    return 2 if wrong else 0


def contents(part: Split) -> str:
    """How many images a part has, in all and of each class."""
    import torch

    counts = torch.bincount(part.labels)
    low, high = int(counts.min()), int(counts.max())
    each = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return f"{len(part):,} images, {len(counts)} classes of {each}"
