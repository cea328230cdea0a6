"""A file of truth and a file of scores, in one space: what `correlate` compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from analysis.store.tables import Table
from analysis.user_tables.arrays import of_frame
from analysis.user_tables.names import Read, all_spaces, names_of, recognise
from analysis.user_tables.numbers import described, refuse_mixed_units
from analysis.user_tables.table import (
    UserTable,
    chosen_rows,
    lower_may_be_better,
    read_cells,
    turned,
)
from supernet.spaces import Space, get_space
from supernet.spaces.dialect import STRING

ACCURACY = ("acc", "accuracy", "top1", "test", "valid", "val")  # words in the names of accuracies


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the user says of one file. spec: FILE:COLUMN. frame: what FILE stands for where it is no file. where:
    COLUMN=VALUE, all of which a row must meet. arch_column: what names the architectures; arch_column_if_there: what
    does where the file has such a column."""

    spec: str
    frame: pd.DataFrame | None = None
    where: Sequence[str] = ()
    arch_column: str | None = None
    arch_column_if_there: str | None = None
    dialect: str | None = None
    lower_is_better: bool = False

    def split(self) -> tuple[Path, str]:
        """File and column; FILE itself may contain ':'."""
        name, colon, column = self.spec.rpartition(":")
        if not (name and colon and column):
            raise ValueError(f"{self.spec!r} is not FILE:COLUMN")
        return Path(name), column

    @property
    def source(self) -> str:
        """For a reader: FILE:COLUMN, and which rows."""
        return f"{self.spec}{' where ' if self.where else ''}{', '.join(self.where)}"


@dataclass(frozen=True, kw_only=True)
class TablePair:
    """truth, scores: higher is better in both. notes: what a reader of the result has to know of the files."""

    truth: Table
    scores: Table
    notes: list[str]


def read_table(asked: Asked | str, space: str | None = None, average: bool = False) -> Table:
    """The table and column of one file. Raises ValueError for what cannot be used, OSError for what cannot be read."""
    asked = Asked(spec=asked) if isinstance(asked, str) else asked
    one = _opened(asked)
    spaces = all_spaces() if space is None else [get_space(space)]
    one = replace(one, read=recognise(one.names, spaces, asked.dialect))
    return _finished(one, asked, average)[0]


def read_pair(
    truth: Asked, scores: Asked, *, space: str | None = None, average: bool = False, partial: bool = False
) -> TablePair:
    """Both files, their architectures read in one space and their columns turned so that higher is better.

    space: its name; None: the one that reads a file of the two, else names are compared as they are. average: repeated
    rows become their mean. partial: allow that fewer than half of the smaller file's architectures are in the other.
    Raises ValueError for what cannot be used, OSError for what cannot be read."""
    opened = (_opened(truth), _opened(scores))
    reads = _recognised(opened, (truth, scores), space)
    sides = [replace(one, read=read) for one, read in zip(opened, reads, strict=True)]
    tables, notes = [], []
    for one, asked, word in zip(sides, (truth, scores), ("truth", "scores"), strict=True):
        table, said = _finished(one, asked, average)
        tables.append(table)
        notes += _of_column(one, asked, table.column, word) + said
    notes += _losses(sides[0], sides[1], partial)
    return TablePair(truth=tables[0], scores=tables[1], notes=notes)


def pair_frames(
    truth: pd.DataFrame,
    scores: pd.DataFrame,
    truth_column: str,
    score_column: str,
    *,
    arch_column: str | None = None,
    truth_arch_column: str | None = None,
    dialect: str | None = None,
    lower_is_better: bool = False,
    truth_lower_is_better: bool = False,
    space: str | None = None,
    average: bool = False,
    partial: bool = False,
) -> TablePair:
    """Two frames, joined by architecture as `analysis correlate` joins two files; its options have the same names.

    Args:
        truth: with a column, or an index, of architectures in any spelling that docs/guides/own-scores.md names.
        scores: as truth.
        truth_column: the numbers to compare.
        score_column: the numbers to compare.
        arch_column: what names the architectures (arch, arch_str, architecture, index, else a first column without a
            name); of the truth too where it has such a column and `truth_arch_column` does not say otherwise.
        dialect: of both, where the spelling of architectures does not tell it.
        lower_is_better: whether the scores are a loss, an error, a rank.
        truth_lower_is_better: whether the truth is.

    Raises:
        ValueError: for what cannot be compared, naming the frame, 'truth' or 'scores', and the row.
    """
    of_truth = Asked(
        spec=f"truth:{truth_column}",
        frame=truth,
        arch_column=truth_arch_column,
        arch_column_if_there=arch_column,
        dialect=dialect,
        lower_is_better=truth_lower_is_better,
    )
    of_scores = Asked(
        spec=f"scores:{score_column}",
        frame=scores,
        arch_column=arch_column,
        dialect=dialect,
        lower_is_better=lower_is_better,
    )
    return read_pair(of_truth, of_scores, space=space, average=average, partial=partial)


def _opened(asked: Asked) -> UserTable:
    path, _ = asked.split()
    held = read_cells(path) if asked.frame is None else of_frame(asked.frame, str(path))
    cells = chosen_rows(held, asked.where)
    column = asked.arch_column
    if column is None and asked.arch_column_if_there in cells.columns:
        column = asked.arch_column_if_there
    return UserTable(names=names_of(cells, column), read=None, source=asked.source)


def _recognised(opened: Sequence[UserTable], asked: Sequence[Asked], space: str | None) -> list[Read | None]:
    """What each file's rows are, all in one space; None for both where no space is known."""
    spaces = all_spaces() if space is None else [get_space(space)]
    reads = [recognise(one.names, spaces, say.dialect) for one, say in zip(opened, asked, strict=True)]
    found: dict[str, Space] = {read.space.name: read.space for read in reads if read}
    if len(found) > 1:
        one, other = (
            f"{side.cells.path} of {read.space.title}"
            for side, read in zip(opened, reads, strict=True)
            if read
        )
        raise ValueError(f"the architectures of {one} and those of {other} have nothing in common")
    if found and None in reads:  # what only the other file's space makes readable: its index
        reads = [
            read or recognise(one.names, list(found.values()), say.dialect)
            for one, say, read in zip(opened, asked, reads, strict=True)
        ]
    used = {read.dialect.name for read in reads if read}
    for say in asked:
        if say.dialect is not None and say.dialect not in used:
            there = " and ".join(sorted(used)) or "none that is known"
            raise ValueError(f"dialect: {say.dialect!r}: no file is spelled in it; they are in {there}")
    return reads


def _finished(one: UserTable, asked: Asked, average: bool) -> tuple[Table, list[str]]:
    _, column = asked.split()
    values = one.values(column)
    if any(word in column.lower().replace("-", "_").split("_") for word in ACCURACY):
        refuse_mixed_units(one.cells, column, values)
    frame, notes = one.frame(column, average)
    if asked.lower_is_better:
        frame = turned(frame, column)
    return Table(frame=frame, column=column, source=one.source), notes


def _of_column(one: UserTable, asked: Asked, column: str, word: str) -> list[str]:
    notes = []
    called = lower_may_be_better(column)
    flag = "--truth-lower-is-better" if word == "truth" else "--lower-is-better"
    if asked.lower_is_better:
        notes.append(f"{word}: lower is better in {column!r}; its sign is turned, in all that is shown")
    elif called:
        notes.append(
            f"{word}: the column is called {column!r}, in which lower may be better; it is compared as higher is"
            f" better unless {flag} is given"
        )
    if one.read is not None and one.read.dialect.name != STRING:
        notes.append(f"{word}: architectures are read as {one.read.dialect.name} ({one.read.dialect.what})")
    return notes


def _losses(truth: UserTable, scores: UserTable, partial: bool) -> list[str]:
    """Notes on architectures that only one file has. ValueError where too few are in both."""
    keys = [set(one.keys) for one in (truth, scores)]
    both = len(keys[0] & keys[1])
    notes = []
    for word, other, one, there in (
        ("truth", "scores", truth, keys[1]),
        ("scores", "truth", scores, keys[0]),
    ):
        lost = [row for row, key in enumerate(one.keys) if key not in there]
        if lost:
            shown = described([one.shown(row) for row in lost])
            notes.append(
                f"{word}: {len(lost):,} of {len(one.keys):,} rows are not in the {other}, for example {shown}"
                if len(lost) > 3
                else f"{word}: {len(lost)} of {len(one.keys):,} rows are not in the {other}: {shown}"
            )
    if 2 * both < min(map(len, keys)) and not partial:
        why = "" if truth.read else " (no known space reads them: they are compared as texts)"
        raise ValueError(
            f"only {both:,} architectures are in both {truth.source} ({len(keys[0]):,}) and {scores.source}"
            f" ({len(keys[1]):,}){why}; {'; '.join(notes)}; if that is meant, say --partial"
        )
    return notes
