"""The studies, one file a question. A file's name is the study's name; it has a function `study()`."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import traceback
from pathlib import Path

from studies.model.study import Study


def names() -> list[str]:
    """Names of all studies."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


class Broken(ValueError):
    """A study's file that gives no study."""


def get(name: str) -> Study:
    """The study of that name. ValueError for an unknown one; Broken, which names the file, the line and what is wrong,
    if the file gives no study."""
    if name not in names():
        raise ValueError(f"study: {name!r} is not one of {', '.join(names())}")
    spec = importlib.util.find_spec(f"studies.catalog.{name}")
    path = Path(spec.origin if spec and spec.origin else name)
    try:
        built = importlib.import_module(f"studies.catalog.{name}").study()
    except Exception as error:  # whatever somebody wrote there
        raise Broken(f"study: {path}{_line(error, path)}: {_said(error)}") from error
    if not isinstance(built, Study):
        raise Broken(f"study: {path}: study() gives {type(built).__name__}, not a Study")
    return built


def _line(error: Exception, path: Path) -> str:
    """', line 12': the last line of the study's file that the error passed through."""
    if isinstance(error, SyntaxError):
        return f", line {error.lineno}"
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path
    ]
    return f", line {lines[-1]}" if lines else ""


def _said(error: Exception) -> str:
    """A mistake in a configuration says which in its own words; others need their kind."""
    said = " ".join(f"{error.msg if isinstance(error, SyntaxError) else error}".split())
    return said if isinstance(error, ValueError) and said else f"{type(error).__name__}: {said}"
