"""What a ranking is evaluated on: a set of architectures that all of its own seeds have scored, by a name.

A study says what its runs score: all of the truth table, or its true top-N and a random sample. A run may hold more
than that, since another study or an earlier command asked for it, or less: `studies run STUDY --all --only VARIANT`
has one variant score everything, and the others then hold what they held before. So each ranking is evaluated on the
first of these that all of its finished seeds hold:

1. what the study scores now; 2. what it scored otherwise (study.json: `scored_otherwise`); 3. of studies that were
written before that was recorded, the random sample of the catalogue; 4. what the seeds have in common, which may be a
set of no kind, and whose name says so.

Numbers of different sets are not compared: a difference is of what both sides have.

`points`: architectures with truth and score, one row each, of which scatters and tables of points are made.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.measures.baselines import baseline_scores
from analysis.statistics.pairs import Floats
from analysis.statistics.range_restriction import RangeRestriction
from analysis.statistics.topn import by_score, by_truth
from analysis.store.scored import USUAL, ScoredSet
from analysis.store.study import Study, allowed_rows
from analysis.store.tables import Joined, Table, rows_of_scores
from supernet.files import digest
from supernet.spaces import Space

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreSet:
    """name: for example 'random sample of 1,000'. rows: bool, of the truth table of all of the space. truth: those
    rows. sample (n,): those of them that stand for all that the mask allows. top: the sizes whose true top-N it holds.
    """

    name: str
    rows: Bools
    truth: Table
    sample: Bools
    top: tuple[int, ...]


class ScoreSets:
    """The sets of one space of a study, by the mask of the space, and what else its truth says; read and computed when
    it is asked for."""

    def __init__(self, study: Study, space: Space) -> None:
        self.study, self.space = study, space
        self._known: dict[bytes | ScoredSet, ScoreSet] = {}
        self._samples: dict[ScoredSet, list[int]] = {}
        self._last_rows: tuple[list[str], np.ndarray] = [], np.empty(0, dtype=int)

    @property
    def whole(self) -> Table:
        """The truth table of all of the space."""
        return self.study.table(self.space.name)

    @cached_property
    def allowed(self) -> Bools:
        """Its rows that the mask allows."""
        return allowed_rows(self.whole, self.space)

    @cached_property
    def known(self) -> Table:
        """The rows that the mask allows and that have a truth."""
        return self.whole.only(self.allowed & self.whole.known)

    @cached_property
    def baselines(self) -> pd.DataFrame:
        """The scores of the baselines by the texts of `known`, see baselines.py."""
        return baseline_scores(self.known, self.study.truths[self.space.name].size).set_axis(self.known.texts)

    @cached_property
    def restriction(self) -> RangeRestriction:
        """What a narrow range of truths leaves of a correlation inside the true tops."""
        return RangeRestriction(self.known.numbers, self.study.top)

    @cached_property
    def depends(self) -> list[Any]:
        """What all that is said here depends on, of what JSON has."""
        study, truth = self.study, self.study.truths[self.space.name]
        declared = [asdict(scored) for scored in (study.scored, *study.scored_otherwise)]
        size = None if truth.size is None else asdict(truth.size)
        return [
            self.space.name,
            list(self.space.mask),
            digest(truth.path),
            truth.column,
            size,
            study.top,
            declared,
        ]

    @property
    def first(self) -> ScoreSet:
        """What the study scores now."""
        return self._declared(self.study.scored)

    def of(self, held: Bools) -> ScoreSet:
        """The set on which a ranking is evaluated if all of its seeds hold these rows of the truth."""
        for scored in (self.study.scored, *self.study.scored_otherwise):
            if held[self._declared(scored).rows].all():
                return self._declared(scored)
        return self._common(held & self.allowed)

    def rows_of(self, table: Table) -> np.ndarray:
        """Of each row of the truth the row of a table of scores, -1 for none; most runs score the same ones in the same
        order, so that the last table's rows are kept."""
        if table.texts != self._last_rows[0]:
            rows = rows_of_scores(self.whole, table)[0]
            rows.flags.writeable = False
            self._last_rows = table.texts, rows
        return self._last_rows[1]

    def of_tables(self, tables: Sequence[Table]) -> ScoreSet:
        """The set on which a ranking is evaluated if its seeds have these tables of scores, at least one."""
        return self.of(np.logical_and.reduce([self.rows_of(table) >= 0 for table in tables]))

    def has_none(self, held: Bools) -> bool:
        """Whether there is nothing, among the rows that a seed holds, of what stands for the space in what the study
        scores now."""
        return not held[self._sampled(self.study.scored)].any()

    def in_words(self, judged: ScoreSet) -> list[Any]:
        """A set as a text, from which `in_full` has it again."""
        for place, scored in enumerate((self.study.scored, *self.study.scored_otherwise)):
            if self._known.get(scored) is judged:
                return [place, ""]
        return [-1, b64encode(zlib.compress(np.packbits(judged.rows).tobytes())).decode()]

    def in_full(self, words: list[Any]) -> ScoreSet:
        """The set."""
        place, text = words
        if place >= 0:
            return self._declared((self.study.scored, *self.study.scored_otherwise)[place])
        packed = np.frombuffer(zlib.decompress(b64decode(text)), dtype=np.uint8)
        return self._common(np.unpackbits(packed, count=len(self.allowed)).astype(bool))

    def _sampled(self, scored: ScoredSet) -> list[int]:
        if scored not in self._samples:
            self._samples[scored] = scored.sample(self.allowed)
        return self._samples[scored]

    def _declared(self, scored: ScoredSet) -> ScoreSet:
        if scored not in self._known:
            rows = np.zeros(len(self.allowed), dtype=bool)
            rows[scored.rows(self.whole.numbers, self.allowed)] = True
            sample = np.zeros(len(self.allowed), dtype=bool)
            sample[self._sampled(scored)] = True
            name = f"true top-{scored.top}" if scored.random is None else self._random(sample & rows)
            self._known[scored] = self._set(name, rows, sample & rows, self.study.top)
        return self._known[scored]

    def _common(self, rows: Bools) -> ScoreSet:
        key = rows.tobytes()
        if key not in self._known:
            sample = np.zeros(len(rows), dtype=bool)
            sample[self._sampled(USUAL)] = True
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
        return ScoreSet(name=name, rows=rows, truth=truth, sample=sample[rows], top=top)

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


def pair_points(joined: Joined, seed: int = 0) -> pd.DataFrame:
    """COLUMNS of one pair of columns, and `score_place`: 1 for the highest score, ties at random by the seed. A missing
    score has no point, whatever its rank."""
    kept = joined.scored
    texts, truth, score = joined.frame["arch"][kept].tolist(), joined.truth[kept], joined.score[kept]
    place = np.empty(len(texts), dtype=int)
    place[by_score(score, seed)] = np.arange(1, len(texts) + 1)
    return points(texts, truth, score, np.ones(len(texts), dtype=bool), seeds=0).assign(score_place=place)
