"""Objects in JSON files, checked against their form when they are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from supernet.files.schema import check


def parse_object(text: str | bytes, form: Any = dict[str, Any]) -> dict[str, Any]:
    """The object that a JSON text holds. ValueError, to follow the name of the file, if it is none of that form."""
    try:
        try:
            content = json.loads(text)
        except ValueError as error:  # among them text that is not UTF-8
            raise ValueError(f"not readable as JSON: {error}") from None
        if not isinstance(content, dict):
            raise ValueError("not a JSON object")
        check(content, form)
    except RecursionError:
        raise ValueError("not readable as JSON: nested too deeply") from None
    return content


def read_object(path: Path, form: Any = dict[str, Any]) -> dict[str, Any]:
    """The object in a JSON file. ValueError naming the file and the field if it is none of that form; OSError if the
    file cannot be read."""
    raw = path.read_bytes()
    try:
        return parse_object(raw, form)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
