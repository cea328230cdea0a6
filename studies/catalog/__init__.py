"""The studies, one file a question. A file's name is the study's name; it has a function `study()`."""

from __future__ import annotations

import importlib
import pkgutil

from studies.study import Study


def names() -> list[str]:
    """Names of all studies."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def get(name: str) -> Study:
    """The study of that name. ValueError for an unknown one."""
    if name not in names():
        raise ValueError(f"study: {name!r} is not one of {', '.join(names())}")
    built = importlib.import_module(f"studies.catalog.{name}").study()
    assert isinstance(built, Study)
    return built
