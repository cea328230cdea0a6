"""A table of ground truth as something to search: encodings, the networks that they stand for, what these are worth.

An encoding is a tuple of ints, each from the alphabet of its position; a code is its number, the last position running
fastest. Blox has 72^3 encodings of 45^3 models; every encoding of NAS-Bench-201 and NAS-Bench-Macro is an architecture.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from analysis.statistics.pairs import Floats
from supernet.spaces import Architecture, Space, get_space

INVALID = -1  # the row of an encoding that is no model of the space under its mask


@dataclass(frozen=True, kw_only=True)
class Pool:
    """The encodings of a space and the rows (0 .. n - 1) of a table.

    Args:
        space: under the table's mask.
        architectures: n, one a row.
        alphabets: for each position of an encoding the ints that it may hold.
        rows: (codes,) int32, the row of each encoding, INVALID for none.
        missing: encodings of models that the table does not have, INVALID as well.
        unique: whether encodings of one network are one choice: all have the network's first row.
    """

    space: Space
    architectures: Sequence[Architecture]
    alphabets: tuple[tuple[int, ...], ...]
    rows: np.ndarray
    missing: int
    unique: bool

    def __post_init__(self) -> None:
        if not len(self.valid):
            raise ValueError(f"table: no encoding of {self.space.title} is in it")

    @cached_property
    def arity(self) -> tuple[int, ...]:
        """Ints of each position's alphabet."""
        return tuple(map(len, self.alphabets))

    @cached_property
    def strides(self) -> tuple[int, ...]:
        """What a step in each position adds to a code."""
        after = itertools.accumulate(reversed(self.arity[1:]), lambda a, b: a * b, initial=1)
        return tuple(reversed(list(after)))

    @cached_property
    def valid(self) -> np.ndarray:
        """Codes to draw from uniformly, rising: all that have a row; with `unique` one a network."""
        codes = np.flatnonzero(self.rows >= 0)
        if not self.unique:
            return codes
        return np.sort(codes[np.unique(self.rows[codes], return_index=True)[1]])

    @cached_property
    def one_of_each_row(self) -> np.ndarray:
        """The first encoding of each row that has one."""
        return self.valid[np.unique(self.rows[self.valid], return_index=True)[1]]

    @cached_property
    def network_of_row(self) -> np.ndarray:
        """(n,) the number of each row's network, INVALID without an encoding; also where encodings of one network have
        rows of their own."""
        numbers: dict[Architecture, int] = {}
        found = np.full(len(self.architectures), INVALID)
        for row in self.rows[self.one_of_each_row]:
            form = self.space.stand_alone_form(self.architectures[row])
            found[row] = numbers.setdefault(form, len(numbers))
        return found

    @cached_property
    def one_of_each_network(self) -> np.ndarray:
        """An encoding of each network, in the order of their numbers."""
        codes = self.one_of_each_row
        return codes[np.unique(self.network_of_row[self.rows[codes]], return_index=True)[1]]

    @cached_property
    def weights(self) -> np.ndarray:
        """(n,) how often each row is among `valid`: its share when one is drawn."""
        return np.bincount(self.rows[self.valid], minlength=len(self.architectures))

    @cached_property
    def choices(self) -> tuple[tuple[int, int], ...]:
        """(position, other value) of every change of an encoding's position to another value, values counted as the
        step from the present one: 1 to arity - 1."""
        return tuple((place, step) for place, count in enumerate(self.arity) for step in range(1, count))

    def without(self, rows: np.ndarray) -> Pool:
        """The pool without some rows, (n,) bool: what stands for them is invalid."""
        gone = (self.rows >= 0) & rows[self.rows]
        return replace(self, rows=np.where(gone, INVALID, self.rows).astype(np.int32))

    def changed(self, code: int, place: int, step: int) -> int:
        """The encoding with the value at a position moved on by `step` in its alphabet, around its end."""
        stride, count = self.strides[place], self.arity[place]
        value = code // stride % count
        return code + ((value + step) % count - value) * stride

    def values(self, code: int) -> list[int]:
        """What an encoding holds at each position, as places in the alphabets."""
        return [code // stride % count for stride, count in zip(self.strides, self.arity, strict=True)]

    def code_of(self, architecture: Architecture) -> int | None:
        """The code of an architecture; None if an alphabet lacks what it holds (in Blox a masked operation, dead)."""
        if any(value not in alphabet for value, alphabet in zip(architecture, self.alphabets, strict=True)):
            return None
        pairs = zip(self.alphabets, architecture, strict=True)
        return self.code([alphabet.index(value) for alphabet, value in pairs])

    def code(self, values: Sequence[int]) -> int:
        """The inverse of `values`."""
        return sum(value * stride for value, stride in zip(values, self.strides, strict=True))


def alphabets_of(space: Space) -> tuple[tuple[int, ...], ...]:
    """For each position of an encoding the ints that it may hold: operations that the mask leaves there, and all that
    the unmasked space holds where no operation is chosen (Blox's edges)."""
    seen, anywhere = _values(space), _values(get_space(space.name))
    found = []
    for place, values in enumerate(seen):
        point = place % space.cell_length
        if point >= len(space.choice_points):
            found.append(tuple(sorted(anywhere[place])))
            continue
        # A canonical form holds a fixed operation where it is dead, perhaps one that is masked.
        allowed = set(space.allowed_by_point[point])
        found.append(tuple(sorted(values & allowed or allowed)))
    return tuple(found)


def _values(space: Space) -> list[set[int]]:
    """What the space's list of architectures holds at each position."""
    return [set(column) for column in zip(*space.enumerate(), strict=True)]


def make_pool(space: Space, architectures: Sequence[Architecture], *, unique: bool) -> Pool:
    """Find the row of every encoding: its own, else that of another encoding of the same network. The architectures
    must be within the mask."""
    first: dict[Architecture, int] = {}
    for row, architecture in enumerate(architectures):
        first.setdefault(space.stand_alone_form(architecture), row)
    own = {} if unique else {architecture: row for row, architecture in enumerate(architectures)}
    alphabets = alphabets_of(space)
    rows: list[int] = []
    missing = 0
    for encoding in itertools.product(*alphabets):
        row = own.get(encoding, INVALID)
        if row == INVALID:
            row = first.get(space.stand_alone_form(encoding), INVALID)
        if row == INVALID:
            missing += space.index(encoding) is not None and space.in_mask(encoding)
        rows.append(row)
    return Pool(
        space=space,
        architectures=architectures,
        alphabets=alphabets,
        rows=np.array(rows, dtype=np.int32),
        missing=missing,
        unique=unique,
    )


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What the rows of a pool are worth to one search.

    Args:
        objective: (n,) what a whole training says, in percent, the higher the better.
        epochs: of a whole training; None if not known.
        macs: (n,) multiply-accumulates of the network for one image.
        seconds: (n,) of a whole training; None if the table does not say.
        curves: (n, epochs) the objective after every epoch; None if the table has none.
    """

    objective: Floats
    epochs: int | None
    macs: Floats
    seconds: Floats | None = None
    curves: Floats | None = None
