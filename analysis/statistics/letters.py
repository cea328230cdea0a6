"""Which of several do not differ significantly, as letters.

Source: H.-P. Piepho, "An Algorithm for a Letter-Based Representation of All-Pairwise Comparisons", Journal of
Computational and Graphical Statistics 13 (2004), 456-466: insert and absorb.
"""

from __future__ import annotations

import string
from collections.abc import Collection, Sequence

LETTERS = string.ascii_letters


def letters_of(names: Sequence[str], differing: Collection[tuple[str, str]]) -> dict[str, str]:
    """Letters by name: two names share one if and only if they are no pair that differs.

    names: the best first, so that its letters begin with a. differing: pairs of them, in any order."""
    columns = [frozenset(names)]
    for pair in sorted(differing):
        split = [one for column in columns for one in _split(column, pair)]
        columns = [one for one in dict.fromkeys(split) if not any(one < other for other in split)]
    place = {name: number for number, name in enumerate(names)}
    columns.sort(key=lambda column: sorted(place[name] for name in column))
    letters = [
        LETTERS[i % len(LETTERS)] + (str(i // len(LETTERS)) if i >= len(LETTERS) else "")
        for i in range(len(columns))
    ]
    return {
        name: "".join(letter for letter, column in zip(letters, columns, strict=True) if name in column)
        for name in names
    }


def _split(column: frozenset[str], pair: tuple[str, str]) -> list[frozenset[str]]:
    """Insert: a column that holds both of a pair becomes two, each without one of them."""
    return [column - {name} for name in pair] if set(pair) <= column else [column]
