"""`ranked.parquet`: the fixed set of architectures that a combination or a predictor ranks, with their scores; and
`ranked.json`, what they were made of.

A rank depends on who else is ranked. So the set is kept with the run: a run that is killed, resumed or scored in parts
looks its scores up here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import pandas as pd

from analysis.store import sealed
from analysis.store.result import RANKED
from supernet.files import digest, read_object, write_text

FILE, FACTS = RANKED, "ranked.json"


@dataclass(frozen=True, kw_only=True)
class RankedScore:
    """A row: one architecture of the set.

    arch: official text. score: NaN unless status is 'ok'. seconds: this ranking's own. alone_*: with all that its
    members took for this architecture; NaN where they do not tell."""

    arch: str
    score: float
    status: str
    seconds: float
    alone_seconds: float
    alone_steps: float
    alone_macs: float


COLUMNS = [field.name for field in fields(RankedScore)]


class Facts(TypedDict):
    """inputs: a digest of all that the scores follow from. architectures, set: number of those that have a score, and
    the digest of their sorted texts. file: SHA-256 of the scores. result: what the run's result is to say."""

    inputs: str
    architectures: int
    set: str
    file: str
    result: dict[str, Any]


class Ranked(NamedTuple):
    """The rows (COLUMNS) and what is known of them."""

    frame: pd.DataFrame
    facts: Facts


def write(frame: pd.DataFrame, folder: Path, run_id: str, inputs: str, result: dict[str, Any]) -> Facts:
    """Write rows of COLUMNS, then what is known of them: a kill in between leaves nothing that `read` takes."""
    sealed.write(frame[COLUMNS], folder / FILE, run_id)
    known = frame[frame["status"] == "ok"]
    content: Facts = {
        "inputs": inputs,
        "architectures": len(known),
        "set": set_digest(known["arch"]),
        "file": digest(folder / FILE),
        "result": result,
    }
    write_text(folder / FACTS, json.dumps(content, indent=1) + "\n")
    return content


def read(folder: Path, run_id: str | None = None) -> Ranked | None:
    """What a run ranks; None while it has not been prepared, or only in part. ValueError for a damaged file."""
    if not ((folder / FILE).is_file() and (folder / FACTS).is_file()):
        return None
    facts: Any = read_object(folder / FACTS, Facts)
    if facts["file"] != digest(folder / FILE):
        return None
    return Ranked(sealed.read(folder / FILE, run_id), facts)


def set_digest(texts: Iterable[str]) -> str:
    """Twelve hex digits that name a set of architectures."""
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()[:12]
