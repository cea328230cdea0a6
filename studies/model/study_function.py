"""A study that a module says: its function `study()` is called; mistakes are reported by file and line."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from studies.model.study import Study

FUNCTION = "study"


class Broken(ValueError):
    """A study's file that gives no study."""


def study_of(load: Callable[[], ModuleType], path: Path) -> Study:
    """The study of the module that `load` gives, whose file is `path`: what its function `study()` returns. Broken,
    which names the file, the line and what is wrong, if it gives none."""
    try:
        module = load()
        function = getattr(module, FUNCTION, None)
        if function is None:
            raise Broken(f"study: {path}: {_without_function(module)}")
        built = function()
    except Broken:
        raise
    except (Exception, SystemExit) as error:  # whatever somebody wrote there
        raise Broken(f"study: {path}{_line(error, path)}: {_said(error)}") from error
    if not isinstance(built, Study):
        several = (
            isinstance(built, (list, tuple)) and len(built) > 1 and all(isinstance(s, Study) for s in built)
        )
        what = f"{len(built)} studies; a file has one" if several else f"{type(built).__name__}, not a Study"
        raise Broken(f"study: {path}: {FUNCTION}() gives {what}")
    return built


def _without_function(module: ModuleType) -> str:
    """Why a module without the function gives no study."""
    names = [name for name, value in vars(module).items() if isinstance(value, Study)]
    there = f"; return one of {', '.join(names)} from it" if names else ""
    return f"has no function {FUNCTION}() that returns a Study{there}"


def _line(error: BaseException, path: Path) -> str:
    """', line 12': the last line of the study's file that the error passed through."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f", line {error.lineno}"
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path
    ]
    return f", line {lines[-1]}" if lines else ""


def _said(error: BaseException) -> str:
    """A mistake in a configuration says which in its own words; others need their kind."""
    said = " ".join(f"{error.msg if isinstance(error, SyntaxError) else error}".split())
    return said if isinstance(error, ValueError) and said else f"{type(error).__name__}: {said}"
