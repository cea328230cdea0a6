"""All rankings of a study in a few small files, to be committed beside what is written about them: a manifest, and for
each space and mask a Parquet file of the orders of its scores. Every measure of rank is a function of these.

`kept.json` (Content); `<space>[-<mask>].parquet`: arch; sample, whether an architecture stands for the space; and a
column of unsigned integers for each seed of each ranking: 1 for the lowest score, equal for equal scores, 0 for none.
Rankings that say the same of all architectures of one stand-alone function have their columns in
`<space>[-<mask>]-functions.parquet`, a row for each function; column `function` of the first file is its number there.
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
    score. functions: whether columns and rows are of the file of functions; files of earlier versions have none. costs:
    mean of an architecture, by unit, None where it is not known; prepared: before any score."""

    variant: str
    measure: str
    kind: str
    seeds: int
    labels: int
    columns: list[str]
    statuses: list[dict[str, list[int]]]
    functions: NotRequired[bool]
    costs: dict[str, float | None]
    prepared: dict[str, float | None]
    reasons: list[str]


class File(TypedDict):
    """checksum: SHA-256."""

    file: str
    checksum: str


class Group(File):
    """One space and mask; the file of its architectures, and that of its functions."""

    space: str
    mask: list[str]
    functions: NotRequired[File]
    rankings: list[Ranking]


class Truth(TruthEntry):
    """As in a study's file. checksum: SHA-256 of the table. values: SHA-256 of its architectures and of the column, as
    a table that is imported again need not have the same bytes; files of earlier versions have none."""

    checksum: str
    values: NotRequired[str]


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


def write_orders(folder: Path, name: str, frame: pd.DataFrame) -> File:
    """Write a file of orders, as small as can be: nearly every order is a number of its own, so that a dictionary is
    one more copy of them."""
    path = folder / f"{name}.parquet"
    write_atomic(
        path,
        lambda file: frame.to_parquet(
            file, index=False, compression="brotli", compression_level=11, use_dictionary=False
        ),
    )
    return {"file": path.name, "checksum": digest(path)}


def write(folder: Path, content: Content) -> None:
    """Write the manifest, after the files that it names."""
    write_text(folder / FILE, json.dumps(content, separators=(",", ":"), allow_nan=False) + "\n")


def read(folder: Path) -> dict[str, Any]:
    """The manifest. ValueError naming the file and the field that is wrong."""
    return read_object(folder / FILE, Content)


def read_orders(folder: Path, group: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The files of a group: of its architectures and of its functions. ValueError if one is not the one that the
    manifest describes."""
    rankings = group["rankings"]
    functions = group.get("functions")
    wanted = ["arch", "sample", *_columns(rankings, False), *(["function"] if functions else [])]
    return (
        _read(folder, group, wanted),
        _read(folder, functions, _columns(rankings, True)) if functions else pd.DataFrame(),
    )


def _columns(rankings: list[dict[str, Any]], functions: bool) -> list[str]:
    return [name for one in rankings if one.get("functions", False) == functions for name in one["columns"]]


def _read(folder: Path, file: dict[str, Any], wanted: list[str]) -> pd.DataFrame:
    path = folder / file["file"]
    if digest(path) != file["checksum"]:
        raise ValueError(f"{path} is not the file that {FILE} describes (checksum differs)")
    frame = pd.read_parquet(path)
    if lacking := [name for name in wanted if name not in frame]:
        raise ValueError(f"{path} lacks the columns {', '.join(lacking)}")
    return frame
