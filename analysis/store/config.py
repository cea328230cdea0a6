"""`config.json`: what a run was asked to do. Its hash is the run's id; its form is that of the estimator's
configuration (studies/model), of which this file knows no more than that it is a JSON object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.store.result import CONFIG
from supernet.files import read_object, write_text

FILE = CONFIG


def write(folder: Path, config: Mapping[str, Any]) -> None:
    """Write the configuration of a run."""
    write_text(folder / FILE, json.dumps(config, indent=1, sort_keys=True) + "\n")


def read(folder: Path) -> dict[str, Any] | None:
    """The configuration of a run; None while there is none. ValueError, naming the file, if it is no JSON object."""
    path = folder / FILE
    return read_object(path) if path.is_file() else None


def of_run(folder: Path) -> dict[str, Any]:
    """The configuration of a run. ValueError as of `read`, and where there is none."""
    config = read(folder)
    if config is None:
        raise ValueError(f"run: {folder} is not the folder of a run: it has no {FILE}")
    return config
