"""Whether what a figure is drawn from is there: real, at the smoke size, or what it waits for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from analysis.figures.registry import NamedFigure, Source, figures
from analysis.store import search, study_file
from analysis.store.result import FILE as RESULT
from analysis.store.study import load_study

SMOKE = "-smoke"  # ends the names of studies at that size
EMBEDDED = Path("data")


def state(figure: NamedFigure, runs: Path) -> str:
    """'real (of what)', 'smoke (of what)' or 'waits for ...': looks at names and manifests in `runs` alone, and in the
    checkout's data/."""
    match figure.source:
        case Source.RUNS:
            return _of_study(runs, figure.of)
        case Source.REPORT | Source.RANKINGS:
            return _of_any_study(runs)
        case Source.TABLE:
            names = [path.stem for path, one in _tables(runs) if figure.of in ("", one.get("space"))]
            return _real(names, f"a table of {figure.of or 'any space'}")
        case Source.TABLES:
            return _of_tables(figure.of.split(","), list(_tables(runs)))
        case Source.SEARCH:
            names = [path.name for path, one in _searches(runs) if figure.of in ("", one.get("space"))]
            return _real(names, f"studies search on a table of {figure.of or 'any space'}")
        case Source.TWO_PHASES:
            tuned = {path.name for path, one in _tables(runs) if one.get("fine_tuned")}
            if not tuned:
                return "waits for a table of truth build --finetune-from"
            names = [path.name for path, one in _searches(runs) if one.get("table") in tuned]
            return _real(names, f"studies search on {sorted(tuned)[0]}")


def overview(runs: Path) -> str:
    """A line for each figure: its name, what it is drawn from, what it shows, its state."""
    rows = [(one.name, one.drawn_from, one.title, state(one, runs)) for one in figures().values()]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    return "\n".join(
        "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=False)) + f"  {row[3]}"
        for row in rows
    )


def _real(names: list[str], waits: str) -> str:
    return (
        f"real ({', '.join(names[:2])}{', ...' if len(names) > 2 else ''})" if names else f"waits for {waits}"
    )


def _of_tables(kinds: list[str], tables: list[tuple[Path, dict[str, Any]]]) -> str:
    """Of one table a kind, see `figure`: students are of a teacher each."""
    names, lacking, teachers = [], [], {None}
    for space, _, students in (kind.partition(":") for kind in kinds):
        for path, one in tables:
            teacher = one.get("fine_tuned", {}).get("teacher")
            if one.get("space") == space and (teacher not in teachers if students else teacher is None):
                names.append(path.stem)
                teachers.add(teacher)
                break
        else:
            lacking.append(
                f"a table of truth build --space {space} --finetune-from, of another teacher"
                if students
                else f"runs/truth/{space}.parquet (truth import {space})"
            )
    return f"waits for {', '.join(dict.fromkeys(lacking))}" if lacking else _real(names, "")


def _of_study(runs: Path, name: str) -> str:
    finished, count = _finished(runs / name)
    if finished:
        return f"real ({name}{'' if finished == count else f', {finished} of {count} runs'})"
    return (
        f"smoke ({name}{SMOKE})" if _finished(runs / f"{name}{SMOKE}")[0] else f"waits for studies run {name}"
    )


def _of_any_study(runs: Path) -> str:
    names = [path.parent.name for path in sorted(runs.glob(f"*/{study_file.FILE}"))]
    names = [name for name in names if _finished(runs / name)[0]]
    real = [name for name in names if not name.endswith(SMOKE)]
    if not real and names:
        return f"smoke ({names[0]})"
    return _real(real, "a study")


def _finished(folder: Path) -> tuple[int, int]:
    """Runs with a result, of how many; none of a study that cannot be read."""
    if not (folder / study_file.FILE).is_file():
        return 0, 0
    try:
        study = load_study(folder)
    except (ValueError, OSError):
        return 0, 0
    return sum((run.folder / RESULT).is_file() for run in study.runs), len(study.runs)


def _tables(runs: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Tables of ground truth with their manifests."""
    for folder in (runs / "truth", EMBEDDED):
        for path in sorted(folder.glob("*.json")):
            table = path.with_suffix(".parquet")
            if table.is_file():
                yield table, _object(path)


def _searches(runs: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted((runs / "search").glob(f"*/{search.FILE}")):
        yield path.parent, _object(path)


def _object(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty for what is none: its reader says what is wrong with it."""
    try:
        found = json.loads(path.read_text())
    except (ValueError, OSError):
        return {}
    return found if isinstance(found, dict) else {}
