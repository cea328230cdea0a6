"""Tables of one row an architecture, joined by architecture. Files of others become such tables in user_tables.

Two tables need not spell architectures alike: where every text of both is read by one known search space, rows
meet by that space's official number (`Space.index`), or by the parsed architecture where it has none. So spellings
that mean the same entry of the benchmark meet, and entries that the benchmark lists apart stay apart. Otherwise
the exact text decides.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.statistics.topn import by_truth
from analysis.store import sealed
from supernet.spaces import SPACES, Architecture, Space, get_space

MISSING = ("drop", "worst")


@dataclass(frozen=True, kw_only=True)
class Table:
    """One row an architecture. frame: has 'arch' (text, unique) and `column` (float; NaN for none).

    source: what the reader should be told about where it came from, for example 'scores.csv:score'.
    """

    frame: pd.DataFrame
    column: str
    source: str

    def __post_init__(self) -> None:
        for name in ("arch", self.column):
            if name not in self.frame.columns:
                raise ValueError(f"{self.source}: no column {name!r}; {_columns(self.frame)}")
        if not pd.api.types.is_numeric_dtype(self.frame[self.column]):
            raise ValueError(f"{self.source}: column {self.column!r} is not numeric; {_columns(self.frame)}")
        if self.frame.empty:
            raise ValueError(f"{self.source}: no rows")
        empty = self.frame["arch"].isna().to_numpy()
        if empty.any():
            raise ValueError(f"{self.source}: arch is empty in row {int(np.flatnonzero(empty)[0]) + 1}")
        self._refuse_duplicates(self.texts)

    def _refuse_duplicates(self, keys: Sequence[Hashable]) -> None:
        if len(set(keys)) == len(keys):
            return
        seen: dict[Hashable, str] = {}
        for key, text in zip(keys, self.texts, strict=True):
            if key in seen:
                other = "" if seen[key] == text else f" (also written {seen[key]!r})"
                hint = ""
                if "measure" in self.frame.columns and len(set(self.frame["measure"])) > 1:
                    hint = "; it has several rows an architecture, one for each measure: choose one"
                raise ValueError(f"{self.source}: arch {text!r}{other} is in more than one row{hint}")
            seen[key] = text

    @cached_property
    def texts(self) -> list[str]:
        return list(map(str, self.frame["arch"].to_numpy(dtype=object)))

    @cached_property
    def numbers(self) -> np.ndarray:
        """The column as floats (n,); NaN where the table has no finite number."""
        values = self.frame[self.column].to_numpy(dtype=float, na_value=np.nan)
        return np.where(np.isfinite(values), values, np.nan)

    @cached_property
    def parsed(self) -> tuple[Space, list[Architecture]] | None:
        """The known space that reads every text, and the architectures; None if there is no such space."""
        for name in SPACES:
            space = get_space(name)
            try:
                return space, [space.parse(text) for text in self.texts]
            except ValueError:
                continue
        return None

    @cached_property
    def keys(self) -> list[Hashable]:
        """What distinguishes two architectures: the official number, else the architecture, else the text."""
        if self.parsed is None:
            return list(self.texts)
        space, architectures = self.parsed
        numbers = [space.index(architecture) for architecture in architectures]
        keys: list[Hashable] = [
            architecture if number is None else number
            for architecture, number in zip(architectures, numbers, strict=True)
        ]
        self._refuse_duplicates(keys)
        return keys

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each text."""
        return {text: row for row, text in enumerate(self.texts)}

    def rows_of(self, texts: Sequence[str]) -> np.ndarray:
        """The row of each of the texts (n,), -1 where there is none."""
        row_of = self.row_of
        return np.fromiter((row_of.get(text, -1) for text in texts), dtype=int, count=len(texts))

    @cached_property
    def known(self) -> np.ndarray:
        """bool (n,): whether the number is finite."""
        return np.isfinite(self.numbers)

    @cached_property
    def places(self) -> np.ndarray:
        """Place (n,) of each row by falling number, from 0, ties in file order and missing ones last."""
        places = np.empty(len(self.numbers), dtype=int)
        places[by_truth(np.where(self.known, self.numbers, -np.inf))] = np.arange(len(places))
        return places

    def only(self, mask: np.ndarray) -> Table:
        """The rows where `mask` (n,) is true."""
        rows = Table(frame=self.frame[mask].reset_index(drop=True), column=self.column, source=self.source)
        if "parsed" in self.__dict__ and self.parsed is not None:  # else each text would be read again
            space, architectures = self.parsed
            rows.__dict__["parsed"] = space, [architectures[row] for row in np.flatnonzero(mask)]
        return rows


def _columns(frame: pd.DataFrame) -> str:
    numeric = [str(name) for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])]
    if not numeric:
        return "it has no numeric columns"
    return f"numeric columns: {', '.join(numeric)}"


def read_frame(path: Path) -> pd.DataFrame:
    """A Parquet file of this project as a frame. Files of others: user_tables."""
    if path.suffix != ".parquet":
        raise ValueError(f"{path}: the name does not end in .parquet")
    with path.open("rb"):  # a missing file or a folder is said in the same words for every format
        pass
    return sealed.read(path)


@dataclass(frozen=True, kw_only=True)
class Joined:
    """The rows to compare, in the order of the truth table.

    positions (n,): of the rows in the truth table; score_rows (n,): in the table of scores, -1 where there is none.
    truth, score (n,): their numbers; scored (n,): false where the row is ranked worst for want of a score.
    missing: architectures with truth and no score. unknown: rows of scores that the truth does not have.
    truth_missing: rows of the truth without a finite value, left out. space: the space of both, or None.
    """

    table: Table
    positions: np.ndarray
    score_rows: np.ndarray
    truth: np.ndarray
    score: np.ndarray
    scored: np.ndarray
    missing: int
    unknown: int
    truth_missing: int
    space: Space | None

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The truth's own columns, 'truth', 'score', 'scored' and 'place' (see Table.places)."""
        own = {"truth": self.truth, "score": self.score, "scored": self.scored}
        rows = self.table.frame.iloc[self.positions].reset_index(drop=True)
        return rows.assign(**own, place=self.table.places[self.positions])

    def only(self, mask: np.ndarray) -> Joined:
        """The rows where `mask` (n,) is true; the counts stay those of the whole."""
        names = ("positions", "score_rows", "truth", "score", "scored")
        return replace(self, **{name: getattr(self, name)[mask] for name in names})

    @cached_property
    def architectures(self) -> list[Architecture]:
        """Of the rows; none without a space."""
        if self.space is None or self.table.parsed is None:
            return []
        return [self.table.parsed[1][row] for row in self.positions]


def rows_of_scores(truth: Table, scores: Table) -> tuple[np.ndarray, int, bool]:
    """The row of scores for each row of truth, -1 for none, (n,); how many rows of scores are in no row of truth;
    whether they met by more than their texts."""
    if truth.parsed is not None:
        at = truth.rows_of(scores.texts)
        if at.min() >= 0:  # spelled alike: to read every text again would be most of the work
            assert truth.keys  # says so if the truth names an architecture twice
            rows = np.full(len(truth.texts), -1)
            rows[at] = np.arange(len(at))
            return rows, 0, True
    same = truth.parsed is not None and scores.parsed is not None and scores.parsed[0] == truth.parsed[0]
    truth_keys: Sequence[Hashable] = truth.keys if same else truth.texts
    score_keys: Sequence[Hashable] = scores.keys if same else scores.texts
    row_of = {key: row for row, key in enumerate(score_keys)}
    rows = np.array([row_of.get(key, -1) for key in truth_keys])
    return rows, len(set(score_keys) - set(truth_keys)), same


def join(truth: Table, scores: Table, missing: str = "drop", rows: np.ndarray | None = None) -> Joined:
    """Rows of truth and scores that name the same architecture.

    A row of scores counts if its value is finite and its `status`, where there is such a column, is 'ok'.
    missing: what becomes of an architecture with truth and no score: 'drop' leaves it out; 'worst' ranks it
    below every score, tied with the other missing ones. rows: of each row of truth the row of scores, -1 for none,
    where a known space reads both and that was found out before; `unknown` is then not counted.
    """
    if missing not in MISSING:
        raise ValueError(f"missing: {missing!r} is not one of {', '.join(MISSING)}")
    unknown, same = 0, True
    if rows is None:
        rows, unknown, same = rows_of_scores(truth, scores)
    values = scores.numbers
    if "status" in scores.frame.columns:
        values = np.where((scores.frame["status"] == "ok").to_numpy(dtype=bool), values, np.nan)
    if missing == "worst":
        raw = scores.frame[scores.column].to_numpy(dtype=float, na_value=np.nan)
        if len(high := np.flatnonzero(raw == np.inf)):
            raise ValueError(
                f"{scores.source}: the score of {scores.texts[high[0]]!r} is infinite, which counts as none, and the"
                " highest cannot be ranked worst: leave it out"
            )
    score = np.where(rows < 0, np.nan, values[rows])
    known, scored = truth.known, np.isfinite(score)
    both = known & scored
    if not both.any():
        raise ValueError(
            f"{scores.source}: no architecture has both a score and a truth in {truth.source}; the first are"
            f" {scores.texts[0]!r} and {truth.texts[0]!r}"
        )
    positions = np.flatnonzero(both if missing == "drop" else known)
    worst = np.nextafter(score[both].min(), -np.inf)  # less by 1 would be no less at 1e17
    return Joined(
        table=truth,
        positions=positions,
        score_rows=rows[positions],
        truth=truth.numbers[positions],
        score=np.where(scored, score, worst)[positions],
        scored=scored[positions],
        missing=int((known & ~scored).sum()),
        unknown=unknown,
        truth_missing=int((~known).sum()),
        space=truth.parsed[0] if same and truth.parsed else None,
    )
