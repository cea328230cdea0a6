"""The studies, one file a question. A file's name is the study's name; it has a function `study()`."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from pathlib import Path

from studies.model.study import Study
from studies.model.study_function import study_of


def names() -> list[str]:
    """Names of all studies."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def get(name: str) -> Study:
    """The study of that name. ValueError for an unknown one; Broken, which names the file, the line and what is wrong,
    if the file gives no study."""
    if name not in names():
        there = f"; for the file {name}.py give its name with .py" if Path(f"{name}.py").is_file() else ""
        raise ValueError(f"study: {name!r} is not one of {', '.join(names())}{there}")
    spec = importlib.util.find_spec(f"studies.catalog.{name}")
    path = Path(spec.origin if spec and spec.origin else name)
    return study_of(lambda: importlib.import_module(f"studies.catalog.{name}"), path)
