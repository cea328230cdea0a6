"""What a ranking is judged on: a set of architectures that all of its own seeds have scored, by a name.

A study says what its runs score: all of the truth table, or its true top-N and a random sample. A run may hold more
than that, since another study or an earlier command asked for it, or less: `studies run STUDY --all --only VARIANT`
has one variant score everything, and the others then hold what they held before. So each ranking is judged on the
first of these that all of its finished seeds hold:

1. what the study scores now; 2. what it scored otherwise (study.json: `scored_otherwise`); 3. of studies that were
written before that was recorded, the random sample of the catalogue; 4. what the seeds have in common, which may be a
set of no kind, and whose name says so.

Numbers of different sets are not compared: a difference is of what both sides have.

`points`: architectures with truth and score, one row each, of which scatters and tables of points are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.statistics.pairs import Floats
from analysis.statistics.topn import by_truth
from analysis.store.scored import USUAL, ScoredSet
from analysis.store.study import Study, allowed_rows
from analysis.store.tables import Table, rows_of_scores
from supernet.spaces import Space

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreSet:
    """name: for example 'random sample of 1,000'. truth: its rows of the truth table. sample (n,): those that stand for
    all that the mask allows. top: the sizes whose true top-N it holds."""

    name: str
    truth: Table
    sample: Bools
    top: tuple[int, ...]


class ScoreSets:
    """The sets of one space of a study, by the mask of the space. whole: the truth table of all of the space."""

    def __init__(self, study: Study, whole: Table, space: Space) -> None:
        self.study, self.whole = study, whole
        self.allowed = allowed_rows(whole, space)
        self._known: dict[bytes | ScoredSet, ScoreSet] = {}

    @property
    def first(self) -> ScoreSet:
        """What the study scores now."""
        return self._declared(self.study.scored)

    def of(self, tables: Sequence[Table]) -> ScoreSet:
        """The set on which a ranking is judged whose seeds have these tables of scores, at least one."""
        held = np.logical_and.reduce([rows_of_scores(self.whole, table)[0] >= 0 for table in tables])
        for scored in (self.study.scored, *self.study.scored_otherwise):
            if held[scored.rows(self.whole.numbers, self.allowed)].all():
                return self._declared(scored)
        return self._common(held & self.allowed)

    def has_none(self, table: Table) -> bool:
        """Whether a table of scores has no row of what stands for the space in what the study scores now."""
        rows = rows_of_scores(self.whole, table)[0] >= 0
        return not rows[self.study.scored.sample(self.allowed)].any()

    def _declared(self, scored: ScoredSet) -> ScoreSet:
        if scored not in self._known:
            rows = np.zeros(len(self.allowed), dtype=bool)
            rows[scored.rows(self.whole.numbers, self.allowed)] = True
            sample = np.zeros(len(self.allowed), dtype=bool)
            sample[scored.sample(self.allowed)] = True
            name = f"true top-{scored.top}" if scored.random is None else self._random(sample & rows)
            self._known[scored] = self._set(name, rows, sample & rows, self.study.top)
        return self._known[scored]

    def _common(self, rows: Bools) -> ScoreSet:
        key = rows.tobytes()
        if key not in self._known:
            sample = np.zeros(len(rows), dtype=bool)
            sample[USUAL.sample(self.allowed)] = True
            if (rows & sample).sum() == sample.sum():
                name = self._random(sample)
            else:
                sample = rows
                name = f"{rows.sum():,} of {self.allowed.sum():,}, of no declared sample"
            order = self._order
            held = [n for n in self.study.top if n <= len(order) and rows[order[:n]].all()]
            self._known[key] = self._set(name, rows, sample, tuple(held))
        return self._known[key]

    @staticmethod
    def _random(sample: Bools) -> str:
        return f"random sample of {sample.sum():,}"

    def _set(self, name: str, rows: Bools, sample: Bools, top: tuple[int, ...]) -> ScoreSet:
        if (sample == self.allowed).all():
            name = f"all {self.allowed.sum():,}"
        truth = self.whole if rows.all() else self.whole.only(rows)
        return ScoreSet(name=name, truth=truth, sample=sample[rows], top=top)

    @cached_property
    def _order(self) -> np.ndarray:
        """Rows with a truth that the mask allows, from the highest truth down."""
        values = np.where(self.allowed, self.whole.numbers, np.nan)
        order: np.ndarray = np.argsort(-values, kind="stable")[: int(np.isfinite(values).sum())]
        return order


COLUMNS = ["arch", "truth", "score", "seeds", "place", "sampled"]


def points(
    texts: Sequence[str], truth: Floats, score: Floats, sampled: np.ndarray, seeds: int
) -> pd.DataFrame:
    """COLUMNS of architectures with truth, score and sampled, (n,) each. score: mean over so many seeds. place: 1 for
    the best truth, ties by order. sampled: whether it is of the sample that stands for the space."""
    place = np.empty(len(truth), dtype=int)
    place[by_truth(truth)] = np.arange(1, len(truth) + 1)
    columns = (list(texts), truth, score, seeds, place, sampled)
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
