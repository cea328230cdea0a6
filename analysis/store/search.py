"""What `studies search` found: `search.json` (Content), and `events.parquet`, every event of every search.

The columns of the events: method, run (from 0), kind ('drawn', 'trained', 'supernet', 'scored' and so on; what they
mean: studies/search/ledger.py), arch ('' for an invalid encoding, and where an event is of no single architecture), one
for each of `units`, what the event cost in it; value, the objective that the search saw, and truth, the column of the
table, both NaN where the event has no value. Events of one search are in their order.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import pandas as pd

from supernet.files import digest, read_object, write_atomic, write_text

FILE, EVENTS = "search.json", "events.parquet"
COLUMNS = ("method", "run", "kind", "arch", "value", "truth")


class Method(TypedDict):
    """name: in the events. settings: as they were used."""

    name: str
    settings: dict[str, Any]


class Exact(TypedDict):
    """Random search in expectation after 1, 2, ... trainings: its objective, and the truth of what has it."""

    objective: list[float]
    truth: list[float]


class Content(TypedDict):
    """The whole manifest.

    column: of the truth. objective: columns that searches see, run r the one at r modulo their number. unit: of the
    budget. units: columns of cost that are known. best, mean: of the truth over the so many `architectures` that can be
    found. encodings: 'raw' or 'unique'. exact: None where it is not known. command: that repeats the searches, None for
    those that cannot say. checksum: SHA-256 of the events."""

    table: str
    title: str
    space: str
    mask: list[str]
    column: str
    objective: list[str]
    encodings: str
    architectures: int
    unit: str
    units: list[str]
    budget: float
    runs: int
    best: float
    mean: float
    methods: list[Method]
    exact: Exact | None
    command: str | None
    checksum: str


@dataclass(frozen=True)
class SearchResults:
    """A folder that was read. content: as Content. events: as above."""

    folder: Path
    content: dict[str, Any]
    events: pd.DataFrame

    @property
    def methods(self) -> list[str]:
        """Names in the order in which they were asked for."""
        return [method["name"] for method in self.content["methods"]]


def write(folder: Path, content: dict[str, Any], events: pd.DataFrame) -> Path:
    """Write the events, then the manifest, which gets their checksum; its path."""
    kept = events.astype(dict.fromkeys(("method", "kind", "arch"), "category"))
    write_atomic(folder / EVENTS, lambda file: kept.to_parquet(file, index=False, compression="zstd"))
    whole = content | {"checksum": digest(folder / EVENTS)}
    write_text(folder / FILE, json.dumps(whole, indent=1, allow_nan=False, ensure_ascii=False) + "\n")
    return folder / FILE


def _check(path: Path, content: dict[str, Any], events: pd.DataFrame) -> None:
    """ValueError for a manifest that is not of these events."""
    names = [one.get("name") for one in content["methods"]]
    runs, budget = content["runs"], content["budget"]
    if runs < 1 or not budget > 0:
        raise ValueError(f"search: {path} has runs {runs} and budget {budget}; both are above 0")
    if {"method", "run"} <= set(events):
        for name in sorted(set(events["method"]) - set(names)):
            raise ValueError(f"search: {path} does not have the method {name!r} of {EVENTS}")
        if not events["run"].between(0, runs - 1).all():
            raise ValueError(f"search: {path} has {runs} runs, {EVENTS} run {events['run'].max()}, from 0")


def read(folder: Path) -> SearchResults:
    """Read a folder. ValueError naming the file and what is wrong with it."""
    if not (folder / FILE).is_file():
        raise ValueError(f"search: {folder} has no {FILE}; `python -m studies search` writes one")
    content = read_object(folder / FILE, Content)
    path = folder / EVENTS
    if not path.is_file() or digest(path) != content["checksum"]:
        raise ValueError(f"search: {path} is not the file that {FILE} describes (checksum differs)")
    events = pd.read_parquet(path)
    _check(folder / FILE, content, events)
    if lacking := [name for name in (*COLUMNS, *content["units"]) if name not in events]:
        raise ValueError(f"search: {path} lacks the columns {', '.join(lacking)}")
    return SearchResults(folder, content, events)
