"""Which architecture each row of a table is: its column of names, and the dialect that all of them are spelled in.

A dialect is recognised where only one can be meant. Where several read every row (six small ints), or the file has rows
that it does not read, the user is asked; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.user_tables.cells import NAME_COLUMNS, UNNAMED, Cells, listed
from supernet.spaces import SPACES, Architecture, Space, get_space
from supernet.spaces.dialect import INDEX, Dialect

KEY = "the key"  # of an object, or the position in an array: what names a row without a column
NAMED_LINES = 3  # rows that a message names


@dataclass(frozen=True, kw_only=True)
class Names:
    """The spelling of each row (n,), and what its column is called. asked: whether the user chose that column."""

    cells: Cells
    column: str
    texts: list[str]
    asked: bool = False

    @property
    def counts_rows(self) -> bool:
        """Whether the names are 0, 1, 2, ... in a column without name, as pandas writes before any table."""
        return (
            self.column == UNNAMED
            and not self.asked
            and self.texts == [str(i) for i in range(len(self.texts))]
        )


@dataclass(frozen=True, kw_only=True)
class Read:
    """The architectures of the rows (n,), in a space, and the dialect that they were spelled in."""

    space: Space
    dialect: Dialect
    architectures: list[Architecture]


def names_of(cells: Cells, column: str | None = None) -> Names:
    """The names of the rows. column: None is one of NAME_COLUMNS, else a first column without name."""
    chosen = column or _name_column(cells)
    if chosen is None:
        assert cells.names is not None
        return Names(cells=cells, column=KEY, texts=cells.names)
    if chosen not in cells.columns:
        raise ValueError(f"arch-column: {cells.path} has no column {chosen!r}; it has {_columns(cells)}")
    texts = cells.texts(chosen)
    for row, text in enumerate(texts):
        if not text:
            raise ValueError(f"{cells.path}: {cells.place(row)}: {chosen} is empty")
    return Names(cells=cells, column=chosen, texts=texts, asked=column is not None)


def _name_column(cells: Cells) -> str | None:
    """None: the names are beside the columns."""
    if cells.names is not None and not cells.by_position:
        return None
    found = [name for name in NAME_COLUMNS if name in cells.columns]
    texts = [name for name in found if name != "index"]
    if len(texts) > 1:
        raise ValueError(
            f"{cells.path}: {' and '.join(texts)} may name the architectures; choose one with --arch-column"
        )
    if found:
        return (texts or found)[0]
    if cells.names is not None:
        return None
    if UNNAMED in cells.columns:
        return UNNAMED
    raise ValueError(
        f"{cells.path}: no column {', '.join(map(repr, NAME_COLUMNS[:3]))} or {NAME_COLUMNS[3]!r}; it has"
        f" {_columns(cells)}; say which names the architectures with --arch-column"
    )


def _columns(cells: Cells) -> str:
    return listed([name or "one column of values without name" for name in cells.columns])


def recognise(names: Names, spaces: Sequence[Space], dialect: str | None = None) -> Read | None:
    """The one space and dialect that reads every row. dialect: decides where several do.

    spaces: to look in; a single one is known to be meant, so that its index counts too, and it must read the table.
    None where no space reads a row: then the names are names. ValueError with lines where some rows are read and some
    not, and where several dialects read all."""
    known = len(spaces) == 1
    looked = [
        (space, one)
        for space in spaces
        for one in space.dialects
        if known or one.name != INDEX or dialect == INDEX
    ]
    fits = [
        Read(space=space, dialect=one, architectures=found)
        for space, one in looked
        if (found := one.read_all(names.texts)) is not None
    ]
    named = [read for read in fits if read.dialect.name == dialect]
    if len(named or fits) > 1:
        kinds = "; ".join(f"{read.dialect.name}: {read.dialect.what}" for read in named or fits)
        option = "--space" if named else "--dialect"
        raise ValueError(
            f"{names.cells.path}: {names.texts[0]!r} and all other rows may be spelled in several dialects; choose one"
            f" with {option} ({kinds})"
        )
    if not fits:
        _refuse_mixture(names, looked, spaces[0] if known else None)
        return None
    read = (named or fits)[0]
    if read.dialect.name == INDEX:
        _refuse_short_order(names, read.space)
    return read


def all_spaces() -> list[Space]:
    """Every space, unmasked."""
    return [get_space(name) for name in SPACES]


def check_dialect(name: str | None) -> None:
    """ValueError unless a space has a dialect of that name, or none is asked for."""
    known = list(dict.fromkeys(one.name for space in all_spaces() for one in space.dialects))
    if name is not None and name not in known:
        raise ValueError(f"dialect: {name!r} is not one of {', '.join(known)}")


def _refuse_mixture(names: Names, looked: Sequence[tuple[Space, Dialect]], known: Space | None) -> None:
    """ValueError where some rows are architectures and others are not; of a known space where none are."""
    texts, cells = names.texts, names.cells
    reads = [(space, one, [one.reads(text) for text in texts]) for space, one in looked]
    groups: dict[tuple[int, ...], list[str]] = {}  # dialects that read the same rows
    for _, one, found in reads:
        rows = tuple(row for row, read in enumerate(found) if read)
        if rows:
            groups.setdefault(rows, []).append(one.name)
    if not groups and known is None:
        return
    unread = [row for row in range(len(texts)) if not any(found[row] for _, _, found in reads)]
    title = f" of {known.title}" if known else ""
    if not groups:
        kinds = ", ".join(one.name for _, one in looked)
        raise ValueError(
            f"{cells.path}: {cells.place(0)}: {texts[0][:80]!r} is no architecture{title} in any dialect ({kinds}),"
            " nor is any other row"
        )
    said = "; ".join(
        f"{' or '.join(dict.fromkeys(dialects))} reads {len(rows)} of {len(texts)} rows"
        for rows, dialects in groups.items()
    )
    ordered = sorted(groups, key=len)
    shown = unread or [row for row in range(len(texts)) if row not in set(ordered[-1])]
    lines = ", ".join(f"{cells.place(row)} ({texts[row][:60]!r})" for row in shown[:NAMED_LINES])
    more = f" and {len(shown) - NAMED_LINES} more" if len(shown) > NAMED_LINES else ""
    what = f"no architecture{title}" if unread else "not of the dialect of the others"
    raise ValueError(f"{cells.path}: {lines}{more}: {what}; {said}, and all rows must be of one dialect")


def _refuse_short_order(names: Names, space: Space) -> None:
    """ValueError for positions that need not be the benchmark's index: of an array or of pandas, and fewer than all."""
    count = sum(1 for _ in space.enumerate())
    if len(names.texts) == count:
        return
    cells = names.cells
    if names.column == KEY and cells.by_position:
        raise ValueError(
            f"{cells.path}: {len(cells)} values without names are not in the order of {space.title}'s index, which has"
            f" {count}; give each its architecture"
        )
    if names.counts_rows:
        raise ValueError(
            f"{cells.path}: its first column has no name and only counts the rows; if that is {space.title}'s index,"
            f" say --arch-column {UNNAMED}"
        )
