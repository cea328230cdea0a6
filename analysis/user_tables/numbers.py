"""Cells as numbers whose order is exactly that of what is written, or a refusal.

A float has 53 bits: integers above 2^53, or decimals of more than 17 digits, may be different numbers and one float. A
column in which that happens is refused, as a tie that is not in the file would be made. So are values beyond LARGEST,
whose sums overflow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from analysis.statistics.pairs import Floats
from analysis.user_tables.cells import COMMA, MISSING, THOUSANDS, WHOLE, Cells

LARGEST = 1e300
_INFINITE = frozenset(("inf", "+inf", "-inf", "infinity", "-infinity"))


class NotANumber(ValueError):
    """A cell that is no number; row: which."""

    def __init__(self, row: int, message: str) -> None:
        super().__init__(message)
        self.row = row


def numbers(cells: Cells, name: str) -> Floats:
    """The column as floats (n,); NaN for what is missing (empty, NaN, NA, None, null). Infinities stay.

    Raises ValueError with place and value for a cell that is no number, and for values that floats cannot order."""
    column = cells.columns[name]
    try:
        if isinstance(column, np.ndarray):
            return _of_array(column)
        return _of_texts(_points(cells, cells.texts(name)))
    except NotANumber as error:
        raise ValueError(
            f"{cells.path}: {cells.place(error.row)}: {name or 'the value'} is {error}"
        ) from None


def try_numbers(cells: Cells, name: str) -> Floats | None:
    """numbers(), or None where the column has a cell that is no number."""
    try:
        return numbers(cells, name)
    except ValueError:
        return None


def _of_array(column: np.ndarray) -> Floats:
    values = column.astype(float)
    _refuse_large(values, lambda row: str(column[row]))
    if column.dtype.kind in "iu" or column.dtype.itemsize > 8:
        order = np.argsort(column, kind="stable")
        exact, rounded = column[order], values[order]
        lost = np.flatnonzero((exact[1:] != exact[:-1]) & (rounded[1:] == rounded[:-1]))
        if lost.size:
            one, other = int(order[lost[0]]), int(order[lost[0] + 1])
            raise NotANumber(other, _indistinct(str(column[other]), str(column[one])))
    return values


def _of_texts(texts: Sequence[str]) -> Floats:
    values = np.empty(len(texts))
    for row, text in enumerate(texts):
        try:
            values[row] = float(text)
        except ValueError:
            if text.lower() not in MISSING:
                raise NotANumber(row, f"{text[:60]!r}, which is not a number") from None
            values[row] = np.nan
    joined = "".join(texts)
    if "_" in joined or not joined.isascii():  # float() takes 1_000 and digits of other scripts
        row = next(row for row, text in enumerate(texts) if "_" in text or not text.isascii())
        raise NotANumber(row, f"{texts[row][:60]!r}, which is not a number")
    for row in map(int, np.flatnonzero(np.isinf(values))):
        if texts[row].lower() not in _INFINITE:
            raise NotANumber(row, _too_large(texts[row]))
    _refuse_large(values, lambda row: texts[row])
    first: dict[float, str] = {}
    for row, (value, text) in enumerate(zip(values.tolist(), texts, strict=True)):
        other = first.setdefault(value, text)
        if other != text and value == value and not _equal(other, text):
            raise NotANumber(row, _indistinct(text, other))
    return values


def _equal(one: str, other: str) -> bool:
    """Whether two texts of numbers are the same number."""
    try:
        return Decimal(one) == Decimal(other)
    except ArithmeticError:  # an exponent beyond those of Decimal
        return False


def _refuse_large(values: Floats, text: Callable[[int], str]) -> None:
    large = np.isfinite(values) & (np.abs(values) > LARGEST)
    if large.any():
        row = int(np.flatnonzero(large)[0])
        raise NotANumber(row, _too_large(text(row)))


def _too_large(text: str) -> str:
    return f"{text[:60]}, beyond {LARGEST:g}: sums of such numbers overflow; divide the column by a constant"


def _indistinct(text: str, other: str) -> str:
    return (
        f"{text[:60]} and elsewhere {other[:60]}: different numbers, which are equal in double precision; subtract a"
        " constant, or give ranks"
    )


def _points(cells: Cells, texts: list[str]) -> Sequence[str]:
    """The texts with a decimal point where a decimal comma is meant."""
    commas = any("," in text for text in texts)
    if not commas and not cells.decimal_commas:
        return texts
    if commas:
        for row, text in enumerate(texts):
            if not (COMMA.fullmatch(text) or WHOLE.fullmatch(text) or text.lower() in MISSING):
                raise NotANumber(row, f"{text[:60]!r}, which is not a number")
        if not cells.decimal_commas:
            row = next(row for row, text in enumerate(texts) if "," in text)
            raise NotANumber(row, _either(texts[row]))
        return [text.replace(",", ".") for text in texts]
    for row, text in enumerate(texts):
        if "." in text and THOUSANDS.fullmatch(text):
            raise NotANumber(row, f"{_either(text)}: other columns have a decimal comma")
    return texts


def _either(text: str) -> str:
    return (
        f"{text!r}, where the separator may be that of decimals or of thousands; write decimals with a point"
    )


def mixed_units(values: Floats) -> tuple[int, int] | None:
    """Rows of a fraction and of a percentage where a column of accuracies (n,) holds both; None if it does not.

    Accuracies at chance level may be below 1 % (ImageNet16-120: 0.83), so a value up to 1 is not enough: there must be
    a gap, and a hundred times the small values must look like the large ones."""
    low, high = (values > 0) & (values <= 1), np.isfinite(values) & (values > 1)
    if not low.any() or not high.any():
        return None
    least, most, middle = values[high].min(), values[high].max(), 100 * np.median(values[low])
    if least < 5 * values[low].max() or not 0.5 * least <= middle <= 1.05 * most:
        return None
    return int(np.flatnonzero(low)[0]), int(np.flatnonzero(high)[0])


def refuse_mixed_units(cells: Cells, name: str, values: Floats) -> None:
    """ValueError, with the place of one of each, for a column that holds fractions and percentages."""
    if found := mixed_units(values):
        fraction, percent = found
        raise ValueError(
            f"{cells.path}: {name} holds fractions and percentages: {values[fraction]:g} in {cells.place(fraction)} and"
            f" {values[percent]:g} in {cells.place(percent)}; write all in one unit"
        )


def described(values: Sequence[Any]) -> str:
    """'3, 7 and 9': up to three things of a list, for a message."""
    shown = [str(value) for value in values[:3]]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
