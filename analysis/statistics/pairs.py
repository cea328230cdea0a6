"""For each architecture, how the pairs it is in are ordered: what every Kendall tau is made of, in O(n log n).

Counts are exact whole numbers. Values enter by their order alone.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

EACH_WITH_EACH = 600  # architectures; at 1,000 both ways take as long
AT_A_TIME = 2**16  # comparisons: what stays in the processor's cache

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


class Places(NamedTuple):
    """Of each value, (n,): its rank among the distinct values, how many are less, how many equal (with itself)."""

    dense: Counts
    less: Counts
    equal: Counts

    @property
    def mean_ranks(self) -> Floats:
        """Ranks from 1, ties at the mean of the ranks that they take up."""
        return self.less + (self.equal + 1) / 2


def places(values: np.ndarray) -> Places:
    """Places of the values (n,), which are finite numbers."""
    n = len(values)
    order = np.argsort(values)
    rising = values[order]
    new = np.ones(n, dtype=bool)
    np.not_equal(rising[1:], rising[:-1], out=new[1:])
    starts = new.nonzero()[0]
    counts = np.append(starts[1:], n) - starts
    dense = np.empty(n, dtype=np.int64)
    dense[order] = new.cumsum() - 1
    return Places(dense, starts[dense], counts[dense])


def below_in_both(x: Counts, y: Counts) -> Counts:
    """For each i the number of j with x[j] < x[i] and y[j] < y[i]; x and y are dense ranks (n,), so is the result.

    Architectures are put in the order of x (equal x: falling y, so that they do not count each other). Their y
    are then compared bit by bit from the highest: j is below i in y exactly if at the first bit in which they
    differ j has 0 and i has 1. Those that agree so far stay neighbours, a block, in the order of x; so for each
    bit it takes a running count of zeros, and then all zeros go before all ones (a wavelet matrix).

    Source: F. Claude and G. Navarro, "The wavelet matrix" (SPIRE 2012).
    """
    n = len(x)
    where = np.lexsort((-y, x))  # whom each place belongs to
    rest, start, count = y[where], np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for bit in reversed(range(int(y.max()).bit_length())):
        zero = (rest >> bit) & 1 == 0
        before = np.cumsum(zero) - zero  # zeros at earlier places
        before_block = before[start]
        count += np.where(zero, 0, before - before_block)
        start = np.where(zero, before_block, zero.sum() + start - before_block)
        order = np.concatenate([np.flatnonzero(zero), np.flatnonzero(~zero)])
        where, rest, start, count = (values[order] for values in (where, rest, start, count))
    result = np.empty(n, dtype=np.int64)
    result[where] = count
    return result


def pair_balance(x: Places, y: Places) -> Counts:
    """For each architecture, concordant less discordant pairs with all others, (n,); ties count zero.

    Half the sum is Kendall's P - Q. Of the four quarters around an architecture one is counted; the others follow
    from how many are less or equal in x, in y, and in one with ties ordered by the other.
    """
    n = len(x.dense)
    first_x = places(x.dense * n + y.dense)  # less: those below in x, or equal in x and below in y
    first_y = places(y.dense * n + x.dense)
    quarter = below_in_both(x.dense, y.dense)
    one_sided = 2 * (first_x.less + first_y.less) - 4 * (x.less + y.less)
    return 4 * quarter + one_sided + first_x.equal - x.equal - y.equal + n


@lru_cache(maxsize=64)
def _places_of(values: bytes) -> Places:
    """Of a column of floats, as its bytes; read-only. The last ones are kept: many rankings meet one truth."""
    found = places(np.frombuffer(values))
    for array in found:
        array.flags.writeable = False
    return found


@lru_cache(maxsize=16)
def _balance_of(x: bytes, y: bytes) -> Counts:
    """pair_balance of two columns; read-only. The last ones are kept: of each seed several measures need it."""
    balance = pair_balance(_places_of(x), _places_of(y))
    balance.flags.writeable = False
    return balance


class Pair:
    """Two columns (n,) of finite numbers over the same architectures. What measures share is counted once."""

    def __init__(self, x: Floats, y: Floats) -> None:
        self.x, self.y = x, y

    @cached_property
    def places(self) -> tuple[Places, Places]:
        return _places_of(self.x.tobytes()), _places_of(self.y.tobytes())

    @cached_property
    def balance(self) -> Counts:
        """See pair_balance."""
        return _balance_of(self.x.tobytes(), self.y.tobytes())

    @cached_property
    def excess(self) -> int:
        """Concordant less discordant pairs: Kendall's P - Q."""
        if len(self.x) > EACH_WITH_EACH:
            return int(self.balance.sum()) // 2
        return _excess_of_few(*self.places)


def _excess_of_few(x: Places, y: Places) -> int:
    """Each is compared with each, which NumPy does faster than it sorts them bit by bit: pairs below in both are the
    concordant ones, and those with a tie are counted, so that the rest are discordant."""
    n = len(x.dense)
    first, second = (values.dense.astype(np.int16) for values in (x, y))
    concordant, rows = 0, AT_A_TIME // n
    for begin in range(0, n, rows):
        some = slice(begin, begin + rows)
        below = first[some, None] < first
        below &= second[some, None] < second
        concordant += int(np.count_nonzero(below))
    tied = tied_pairs(x) + tied_pairs(y)
    if tied:
        tied -= tied_pairs(places(x.dense * n + y.dense))  # tied in both: counted twice
    return 2 * concordant - (n * (n - 1) // 2 - tied)


def tied_pairs(values: Places) -> int:
    """Number of unordered pairs of equal values."""
    return int((values.equal - 1).sum()) // 2
