"""`studies data list | get | check`: list, download and verify images."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import torch

from analysis.tables import Column, Table, fixed, write
from studies.running.progress import Progress
from supernet.data import DataConfig
from supernet.data.catalog import SOURCES, get_source
from supernet.data.dataset import Split
from supernet.data.loading import assemble
from supernet.data.pixels import mean_and_std

COUNT = fixed(0, sign=",")
PARTS = (
    Column("part", words=True),
    Column("images", format=COUNT),
    Column("classes"),
    Column("least", "fewest of a class", format=COUNT),
    Column("most", "most of a class", format=COUNT),
)
SPLITS = (
    Column("split", words=True),
    *(Column(part, format=COUNT) for part in ("train", "valid", "test")),
    Column("note", format=lambda row, key: row.get(key, ""), words=True),
)


def list_data(args: argparse.Namespace) -> int:
    """The data sets, and where their files are."""
    rows = []
    for name, source in SOURCES.items():
        try:
            place = {"found": str(source.find(args.root)), "missing": ""}
        except ValueError as error:
            place = {"found": "", "missing": str(error).removeprefix("data: ")}
        row = {"name": name, "classes": source.classes, "side": f"{source.side}x{source.side}"}
        rows.append(row | {"splits": ", ".join(source.splits)} | place | {"title": source.title})
    columns = [Column(key, words=key != "classes") for key in rows[0]]
    folder = "folder:NAME: any images, the folder NAME of the root with one folder a class"
    print(write(Table(columns, rows, name="data"), args.format, after=f"{folder}\nroot: {args.root}"))
    return 0


def get(args: argparse.Namespace) -> int:
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
    """Print what the files hold; exit code 2 if a split cannot be made of them. ValueError for the first file that is
    not what it should be."""
    source = get_source(args.name)
    config = DataConfig(name=args.name, image_size=args.image_size)
    place = source.find(args.root)
    parts = source.read(args.root, config.side)
    mean, std = ([round(v, 3) for v in values.tolist()] for values in mean_and_std(parts.train.images))
    splits, wrong = [], []
    for split in source.splits:
        try:
            data = assemble(DataConfig(name=args.name, split=split, image_size=config.side), parts, args.root)
            row: dict[str, Any] = {"train": len(data.train), "valid": len(data.valid), "test": len(data.test)}
        except ValueError as error:
            row = {"note": f"not to be had: {error}"}
            if "is not there" not in str(error):
                wrong.append(f"error: split {split}: {error}")
        splits.append({"split": split} | row)
    lines = [
        f"{source.name}: {source.title}",
        f"found: {place}",
        "files: all as they should be",
        f"images: {config.side}x{config.side}, {source.channels} channels of {source.levels} levels",
        f"training images, of 0..{source.levels - 1}: mean {mean}, standard deviation {std}",
    ]
    facts = {"name": source.name, "found": str(place), "side": config.side, "mean": mean, "std": std}
    tables = [
        Table(PARTS, [contents(name, part) for name, part in parts._asdict().items() if part], name="parts"),
        Table(SPLITS, splits, name="splits"),
    ]
    print(write(tables, args.format, facts=facts, before="\n".join(lines)))
    for message in wrong:
        print(message, file=sys.stderr)
    return 2 if wrong else 0


def contents(name: str, part: Split) -> dict[str, Any]:
    """How many images a part has, in all and of each class."""
    counts = torch.bincount(part.labels)
    row = {"images": len(part), "classes": len(counts)}
    return {"part": name} | row | {"least": int(counts.min()), "most": int(counts.max())}
