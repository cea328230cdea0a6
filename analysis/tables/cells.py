"""Cells: what is shown of a value, and the number behind it with all its digits, by which a column is sorted.

A format makes a cell of a row and a column's key. What it shows is set for print (a true minus, an en dash for what is
missing); writers for terminals and files put their own signs there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
ONE_SEED = "\N{DEGREE SIGN}"  # after an interval without the part of the trainings: of one seed

Row = Mapping[Any, Any]


@dataclass(frozen=True)
class Cell:
    """content: what is shown, a text or Html. value: the number behind it, None if there is none; it goes to the end of
    any order."""

    content: object
    value: float | None = None


Format = Callable[[Row, str], object]  # of a row and a column's key: a Cell, a text or Html


def missing(value: Any) -> bool:
    """Whether the value is None, NaN or pandas' NA."""
    try:
        return value is None or bool(value != value)
    except TypeError:  # NA, which compares as neither
        return True


def number(value: Any, digits: int = 3, sign: str = "") -> Cell:
    """A number with so many digits after the point, a dash for none; sign: '+' for one before positive numbers too, ','
    for one between thousands."""
    if missing(value):
        return Cell(DASH)
    return Cell(f"{value:{sign}.{digits}f}".replace("-", MINUS), float(value))


def significant(value: Any, digits: int = 3) -> Cell:
    """A number with so many significant digits, thousands in full; a dash for none."""
    if missing(value):
        return Cell(DASH)
    text = f"{value:.0f}" if abs(value) >= 10**digits - 0.5 else f"{value:.{digits}g}"
    return Cell(text.replace("-", MINUS), float(value))


def interval(low: Any, high: Any, digits: int = 3, sign: str = "") -> Cell:
    """[low, high], a dash without either; in the order of the lower end."""
    ends = number(low, digits, sign), number(high, digits, sign)
    if any(end.value is None for end in ends):
        return Cell(DASH)
    return Cell(f"[{ends[0].content}, {ends[1].content}]", ends[0].value)


def general(row: Row, key: str) -> object:
    """A format for any value: texts as they are, whole numbers from 10 on without a point, others with three digits."""
    value = row.get(key)
    if missing(value):
        return Cell(DASH)
    if isinstance(value, float):
        return number(value, 0 if value.is_integer() and abs(value) >= 10 else 3)
    if isinstance(value, int) and not isinstance(value, bool):
        return Cell(str(value).replace("-", MINUS), float(value))
    return str(value)


def fixed(digits: int = 3, sign: str = "") -> Format:
    """The format of `number`."""
    return lambda row, key: number(row.get(key), digits, sign)


def with_std(row: Row, key: str, digits: int = 3) -> Cell:
    """A format: row[key] ± row[key_std], the latter where there is one; in the order of the former."""
    mean, std = number(row.get(key), digits), number(row.get(f"{key}_std"), digits)
    if mean.value is None or std.value is None:
        return mean
    return Cell(f"{mean.content} ± {std.content}", mean.value)


def interval_of(row: Row, key: str, digits: int = 3) -> Cell:
    """A format for the interval of a mean over seeds, from row[key] to the upper end; key ends in _low. Marked ONE_SEED
    where row has no part of the trainings (analysis/statistics/crossed.py)."""
    name = key.removesuffix("_low")
    cell = interval(row.get(key), row.get(f"{name}_high"), digits)
    if cell.value is None or not missing(row.get(f"{name}_trainings_low")):
        return cell
    return Cell(f"{cell.content}{ONE_SEED}", cell.value)
