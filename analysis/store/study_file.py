"""`study.json`: what the analysis needs to know about a study."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from supernet.files import read_object, write_text

FILE = "study.json"


class Evaluation(TypedDict):
    """A further mask under which a run is judged, and the id of the run that was trained under it."""

    mask: list[str]
    run_id: str


class Entry(TypedDict):
    """One ranking of one run."""

    variant: str
    space: str
    mask: list[str]
    seed: int
    run_id: str
    folder: str
    measure: str
    size: dict[str, int | str]
    kind: NotRequired[str]
    measures: NotRequired[list[str]]
    vote_of: NotRequired[list[str]]
    apart: NotRequired[list[str]]
    parent: NotRequired[str | None]
    members: NotRequired[list[str]]
    part_of: NotRequired[str | None]
    whole: NotRequired[list[str]]
    evaluations: NotRequired[list[Evaluation]]


class TruthEntry(TypedDict):
    """Where the ground truth of one space is."""

    file: str
    column: str
    size: NotRequired[dict[str, int | str] | None]
    title: NotRequired[str | None]


class ScoredEntry(TypedDict):
    """The arguments of analysis.store.scored.ScoredSet."""

    top: NotRequired[int | None]
    random: NotRequired[int | None]
    random_seed: NotRequired[int]


class UserFile(TypedDict):
    """A user's file that says the study. kept: a copy of it as it was then, within the study's folder."""

    path: str
    sha256: str
    kept: str


class Provenance(TypedDict):
    """What the study was made with."""

    command: NotRequired[str | None]
    commit: NotRequired[str | None]
    versions: NotRequired[dict[str, str]]
    file: NotRequired[UserFile]


class StudyContent(TypedDict):
    """The whole file."""

    study: str
    title: str
    question: str
    note: str
    top: list[int]
    scored: ScoredEntry
    runs: list[Entry]
    truth: dict[str, TruthEntry]
    provenance: NotRequired[Provenance]
    scored_otherwise: NotRequired[list[ScoredEntry]]


def write(folder: Path, content: StudyContent) -> None:
    """Write the file of a study."""
    write_text(folder / FILE, json.dumps(content, indent=1) + "\n")


def read(folder: Path) -> dict[str, Any]:
    """The content of a study's file. ValueError naming the file and the field that is wrong."""
    return read_object(folder / FILE, StudyContent)
