"""All rankings of a study in a few small files, to be committed beside what is written about them: a manifest, and for
each space and mask a Parquet file of the orders of its scores. Every measure of rank is a function of these.

`kept.json` (Content); `<space>[-<mask>].parquet`: arch; sample, whether an architecture stands for the space; and a
column of unsigned integers for each seed of each ranking: 1 for the lowest score, equal for equal scores, 0 for none.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pandas as pd

from analysis.store.study_file import TruthEntry
from supernet.files import digest, read_object, write_atomic, write_text

FILE = "kept.json"


class Ranking(TypedDict):
    """One ranking. columns: of the file, one a finished seed; statuses: for each of these, by word, the rows without a
    score. costs: mean of an architecture, by unit, None where it is not known; prepared: before any score."""

    variant: str
    measure: str
    kind: str
    seeds: int
    labels: int
    columns: list[str]
    statuses: list[dict[str, list[int]]]
    costs: dict[str, float | None]
    prepared: dict[str, float | None]
    reasons: list[str]


class Group(TypedDict):
    """One space and mask. checksum: SHA-256 of the file."""

    space: str
    mask: list[str]
    file: str
    checksum: str
    rankings: list[Ranking]


class Truth(TruthEntry):
    """As in a study's file. checksum: SHA-256 of the table."""

    checksum: str


class Content(TypedDict):
    """The whole manifest. command: what repeats the study."""

    study: str
    title: str
    question: str
    note: str
    top: list[int]
    truth: dict[str, Truth]
    groups: list[Group]
    command: NotRequired[str | None]


def write_orders(folder: Path, name: str, frame: pd.DataFrame) -> tuple[str, str]:
    """Write a file of orders; its name and checksum."""
    path = folder / f"{name}.parquet"
    write_atomic(path, lambda file: frame.to_parquet(file, index=False, compression="zstd"))
    return path.name, digest(path)


def write(folder: Path, content: Content) -> None:
    """Write the manifest, after the files that it names."""
    write_text(folder / FILE, json.dumps(content, indent=1, allow_nan=False) + "\n")


def read(folder: Path) -> dict[str, Any]:
    """The manifest. ValueError naming the file and the field that is wrong."""
    return read_object(folder / FILE, Content)


def read_orders(folder: Path, group: dict[str, Any]) -> pd.DataFrame:
    """The file of a group. ValueError if it is not the one that the manifest describes."""
    path = folder / group["file"]
    if digest(path) != group["checksum"]:
        raise ValueError(f"{path} is not the file that {FILE} describes (checksum differs)")
    frame = pd.read_parquet(path)
    wanted = ["arch", "sample", *(name for one in group["rankings"] for name in one["columns"])]
    if lacking := [name for name in wanted if name not in frame]:
        raise ValueError(f"{path} lacks the columns {', '.join(lacking)}")
    return frame
