"""Cells of a table: what is shown, rounded, and the number behind it in full, by which the column is sorted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
ONE_SEED = "\N{DEGREE SIGN}"  # behind what lacks the share of the trainings, for want of a second seed


@dataclass(frozen=True)
class Cell:
    """content: what is shown. value: the number behind it, None if there is none; it goes to the end of any order."""

    content: object
    value: float | None = None


@dataclass(frozen=True)
class Head:
    """A column's title. column: the name of the same number in the CSV of the study, if it is there. title: what it is,
    for a reader who rests on it."""

    label: object
    column: str = ""
    title: str = ""


def number(value: Any, digits: int = 3, sign: str = "") -> Cell:
    """A number with so many digits, a dash for none; sign: '+' for one before positive numbers too."""
    if value is None or pd.isna(value):
        return Cell(DASH)
    return Cell(_text(value, digits, sign), float(value))


def with_std(row: Mapping[Any, Any], name: str, digits: int = 3) -> Cell:
    """row[name] ± row[name_std], the latter where there is one; in the order of the former."""
    mean, std = number(row.get(name), digits), row.get(f"{name}_std")
    if mean.value is None or std is None or pd.isna(std):
        return mean
    return Cell(f"{mean.content} ± {_text(std, digits)}", mean.value)


def interval(low: Any, high: Any, digits: int = 3) -> Cell:
    """[low, high], a dash without either; in the order of the lower end."""
    ends = number(low, digits), number(high, digits)
    if any(end.value is None for end in ends):
        return Cell(DASH)
    return Cell(f"[{ends[0].content}, {ends[1].content}]", ends[0].value)


def interval_of(row: Mapping[Any, Any], name: str, digits: int = 3) -> Cell:
    """The interval of a mean over seeds, row[name_low] to row[name_high]; marked ONE_SEED where row has no part of the
    trainings (analysis/statistics/crossed.py)."""
    cell = interval(row.get(f"{name}_low"), row.get(f"{name}_high"), digits)
    part = row.get(f"{name}_trainings_low")
    if cell.value is None or (part is not None and not pd.isna(part)):
        return cell
    return Cell(f"{cell.content}{ONE_SEED}", cell.value)


def _text(value: Any, digits: int, sign: str = "") -> str:
    return f"{value:{sign}.{digits}f}".replace("-", MINUS)
