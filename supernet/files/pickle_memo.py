"""What a pickle refers back to, and how much it becomes by that.

Of a pickle that is read piece by piece, texts are kept, each once: later pieces refer back to them. A reference to a
container of a piece long gone is refused; those of `KEPT` pieces are held for it.
"""

from __future__ import annotations

from array import array
from pickle import UnpicklingError
from typing import Any

MOST = 20_000_000  # values of one pickle, those that it refers to several times counted as often
KEPT = 4  # pieces whose dictionaries and lists can still be referred to
_CONTAINERS = (dict, list, tuple, set, frozenset)
_CONTAINER_TYPES = frozenset(_CONTAINERS)


class Memo:
    """What instructions refer back to, by number: texts for ever, each once; everything else for some pieces."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}
        self.by_number: list[str] = []
        self.slots = array("I")  # of each number: 1 + which text, or 0
        self.others: dict[int, Any] = {}
        self.shares = False  # whether the piece refers back to a container
        self.turns = [0] * KEPT  # how many slots there were when each of the last pieces began

    def append(self, value: Any) -> None:
        if type(value) is str:
            self.slots.append(self._text(value))
        else:
            self.others[len(self.slots)] = value
            self.slots.append(0)

    def put(self, number: int, value: Any) -> None:
        if number == len(self.slots):
            self.append(value)
        elif number < len(self.slots) and type(value) is str:
            self.slots[number] = self._text(value)
        else:
            self.others[number] = value

    def _text(self, value: str) -> int:
        number = self.texts.get(value)
        if number is None:
            self.by_number.append(value)
            number = self.texts[value] = len(self.by_number)
        return number

    def get(self, number: int) -> Any:
        text = self.slots[number] if number < len(self.slots) else 0
        if text:
            return self.by_number[text - 1]
        if number not in self.others:
            raise UnpicklingError("it refers to an object of another part of the file")
        self.shares = self.shares or isinstance(self.others[number], _CONTAINERS)
        return self.others[number]

    def turn(self) -> None:
        """A piece has ended. What it shares with the next, the next may refer to."""
        end = self.turns.pop(0)
        gone = [n for n, value in self.others.items() if n < end and not _lasting(value)]
        for number in gone:
            del self.others[number]
        self.turns.append(len(self.slots))

    def forget_numbers(self, rows: list[Any]) -> None:
        """Rows have been read: they and their lists of floats go, which are most of a file. What else rows have in
        common, as parts of the networks that they are about, later ones may refer to."""
        gone = set(map(id, rows))
        for number in range(self.turns[-1], len(self.slots)):
            value = self.others.get(number)
            if type(value) is list and (id(value) in gone or (value and type(value[0]) is float)):
                del self.others[number]
        self.turns[-1] = len(self.slots)


def _lasting(value: Any) -> bool:
    """Functions and array types, which all pieces share."""
    return not isinstance(value, (*_CONTAINERS, float, int, bytes))


def bounded(value: Any) -> Any:
    """The value itself. UnpicklingError if it is more than MOST values once written out: a few bytes can say of sixty
    lists that each holds the last one twice, or of a list that it holds itself."""
    if type(value) in _CONTAINERS:
        bounded_count(value)
    return value


def bounded_count(value: Any, known: dict[int, int] | None = None) -> int:
    """The values in a container once written out. known: the counts of containers, by identity; one that is being
    counted has the most."""
    known = {} if known is None else known
    if id(value) not in known:
        known[id(value)] = MOST
        inner = [*value.keys(), *value.values()] if isinstance(value, dict) else value
        count = 1 + len(inner)
        if not _CONTAINER_TYPES.isdisjoint(map(type, inner)):  # few hold any
            count += sum(bounded_count(item, known) for item in inner if type(item) in _CONTAINERS)
        if count > MOST:
            raise UnpicklingError(f"its parts refer to each other so often that it is over {MOST:,} values")
        known[id(value)] = count
    return known[id(value)]
