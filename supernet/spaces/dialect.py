"""Dialects: the ways in which files of others spell an architecture. Each space lists its own (`Space.dialects`).

A dialect reads a text. Tuples, lists and dictionaries are read from their Python or JSON form, as literals: nothing in
them is run.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

LONGEST = 2000  # characters of a spelling
STRING, INDEX, INTS = "string", "index", "ints"  # names that spaces share


@dataclass(frozen=True)
class Dialect:
    """name: for --dialect. what: for a reader. read(text): the architecture, a tuple of ints; ValueError if the text is
    not of this dialect."""

    name: str
    what: str
    read: Callable[[str], tuple[int, ...]]

    def read_all(self, texts: Sequence[str]) -> list[tuple[int, ...]] | None:
        """The architectures; None if one text is not of this dialect."""
        try:
            return [self.read(text) for text in texts]
        except ValueError:
            return None

    def reads(self, text: str) -> bool:
        """Whether the text is of this dialect."""
        try:
            self.read(text)
        except ValueError:
            return False
        return True


def literal(text: str) -> Any:
    """The tuple, list or dictionary that a text spells, in Python or JSON. ValueError if it spells none."""
    if len(text) > LONGEST or not text.lstrip().startswith(("[", "(", "{")):
        raise ValueError(f"{text[:60]!r} is no tuple, list or dictionary")
    if "'" not in text and "(" not in text:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of the parser, on a text that is not Python
            return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ValueError(f"{text[:60]!r} is no tuple, list or dictionary") from None


def integers(text: str, count: int, choices: int) -> tuple[int, ...]:
    """`count` ints below `choices`, as '4 3 3 0 0 0', '4,3,3,0,0,0', or in round or square brackets."""
    inner = text.strip()
    if inner[:1] + inner[-1:] in ("()", "[]"):
        inner = inner[1:-1]
    words = inner.replace(",", " ").split()
    if len(words) != count or not all(len(word) == 1 and word in "0123456789" for word in words):
        raise ValueError(f"{text[:60]!r} is not {count} integers between 0 and {choices - 1}")
    found = tuple(map(int, words))
    if max(found) >= choices:
        raise ValueError(f"{text[:60]!r} is not {count} integers between 0 and {choices - 1}")
    return found


def index_reader(
    entries: Callable[[], Iterable[tuple[int, ...]]], count: int
) -> Callable[[str], tuple[int, ...]]:
    """A reader of positions in the official list of `count` entries, plain numbers without zeros before them."""
    listed: list[tuple[int, ...]] = []

    def read(text: str) -> tuple[int, ...]:
        word = text.strip()
        if not (word.isascii() and word.isdigit() and len(word) < 10 and str(int(word)) == word):
            raise ValueError(f"{text[:60]!r} is no index, a number from 0 to {count - 1}")
        if int(word) >= count:
            raise ValueError(f"index {word} is not between 0 and {count - 1}")
        if not listed:
            listed.extend(entries())
        return listed[int(word)]

    return read
