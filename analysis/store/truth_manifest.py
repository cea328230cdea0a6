"""The manifest beside a ground-truth table, `<table>.json`. studies/truth/table.py writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NotRequired, TypedDict

from supernet.files import read_object


class CurveFacts(TypedDict):
    """Of the values per epoch of one column."""

    epochs: int


class Described(TypedDict):
    """What any reader may use of a manifest."""

    title: NotRequired[str]
    size: NotRequired[dict[str, int | str] | None]


class Manifest(TypedDict):
    """A complete one. Other keys are for people."""

    space: str
    title: str
    data: str | list[str]
    size: dict[str, int | str]
    columns: list[str]
    seeds: int | list[int] | dict[str, list[int]]
    checksum: str
    architectures: NotRequired[int | None]
    curves: NotRequired[dict[str, CurveFacts] | None]
    curves_checksum: NotRequired[str]
    warnings: NotRequired[list[str]]


def read(path: Path, form: Any = Manifest) -> dict[str, Any]:
    """The manifest at `path`. ValueError naming the file and the field that is missing or wrong."""
    return read_object(path, form)
