"""The runs of one variant under one mask -> their numbers, all of the architectures that every finished seed has a
usable score of, so that the mean over seeds, its interval and each seed's own value are of one set.

The numbers are kept beside the study (analysis/store/cache.py). Scores are read only where they are not, or where
something else is asked of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.measures.differences import Side, difference
from analysis.measures.estimator_scores import LABELLED
from analysis.measures.references import METRICS, expected, flat, ranked
from analysis.measures.score_sets import Bools, ScoreSet, ScoreSets
from analysis.statistics.correlation import kendall_tau
from analysis.statistics.crossed import columns as interval_columns
from analysis.statistics.pairs import Floats
from analysis.statistics.topn import by_truth, tau_true_top
from analysis.statistics.uncertainty import mean_tau
from analysis.store import costs as record_costs
from analysis.store import scores as score_files
from analysis.store.cache import Cache, key_of
from analysis.store.run import Run, read_scores
from analysis.store.study import GROUP, Study, mask_text
from analysis.store.tables import Joined, Table, join

Key = tuple[str, ...]  # GROUP
NOTHING_SHARED = "no architecture of the sample has a score of every seed"
BY_LOSS = tuple(f"seedmean_tau_b_loss{end}" for end in ("", "_low", "_high"))
FACTS = ("updates", "epochs", "train_seconds", "score_seconds")


class Entry(NamedTuple):
    """One run in one measure. row: of Collected.runs; inside: rows of Collected.top."""

    row: dict[str, Any]
    inside: list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Measured:
    """One measure of the finished runs that have something to compare, by their places.

    judged: the set that the ranking is evaluated on. joined: of each run truth and scores. usable (n,): bool, the rows
    of the set that every one of them has. labelled (n,): bool, those that one of them was told the label of.
    """

    judged: ScoreSet
    tables: Mapping[int, Table]
    joined: Mapping[int, Joined]
    usable: Bools
    labelled: Bools

    @cached_property
    def tops(self) -> dict[int, int]:
        """By the N of each true top-N how many of it are usable, where labelled ones are missing: the true top of what
        is left must not reach below the N-th."""
        if not self.labelled.any():
            return {n: n for n in self.judged.top}
        truth = self.judged.truth
        first = by_truth(np.where(truth.known, truth.numbers, -np.inf))
        counts = {n: int(self.usable[first[:n]].sum()) for n in self.judged.top}
        return {n: count for n, count in counts.items() if count}

    @cached_property
    def rows(self) -> np.ndarray:
        """The usable rows of the set's truth (m,), rising."""
        return np.flatnonzero(self.usable)

    @cached_property
    def sample(self) -> Bools:
        """bool (m,): which of them stand for the space."""
        return self.judged.sample[self.rows]

    @cached_property
    def truth(self) -> Floats:
        """Of the usable rows (m,)."""
        return self.judged.truth.numbers[self.rows]

    def scores(self, place: int) -> Floats:
        """Of the usable rows (m,)."""
        one = self.joined[place]
        return one.score[self.usable[one.positions]]

    def minus_loss(self, place: int) -> Floats | None:
        """Minus the losses of the usable rows (m,); None unless every row with a score has one: not every estimator has
        losses."""
        frame, one = self.tables[place].frame, self.joined[place]
        if "loss" not in frame.columns:
            return None
        values = -frame["loss"].to_numpy(dtype=float)[one.score_rows]
        return values[self.usable[one.positions]] if np.isfinite(values).all() else None

    def by_seed(self, columns: Mapping[int, Floats]) -> pd.DataFrame:
        """(m, seeds), columns by seed, the index the row numbers of the set's truth."""
        return pd.DataFrame(dict(columns), index=self.rows)


class Ranking:
    """The runs of one variant of one space, which differ in their seed.

    Args:
        runs: with one space, variant and measure.
        sets: of their space.
        cache: where their numbers are kept.
    """

    def __init__(self, study: Study, runs: Sequence[Run], sets: ScoreSets, cache: Cache) -> None:
        self.study, self.runs, self.sets, self.cache = study, runs, sets, cache
        self.name, self.measure = runs[0].variant, runs[0].measure
        self._group = (runs[0].space.name, mask_text(runs[0].space), self.name)
        self._results = [study.result(run) for run in runs]
        self._places = [place for place, one in enumerate(self._results) if one["status"] == "finished"]
        self._scores: pd.DataFrame | None = None

    def key(self, measure: str | None = None) -> Key:
        """GROUP, of the measure that the runs are about if none is named."""
        return (*self._group, self.measure if measure is None else measure)

    @cached_property
    def _depends(self) -> str:
        """The key of the numbers."""
        digests = [
            [self.study.look(part).digest(score_files.FILE) for part in run.parts or (run,)]
            for run in (self.runs[place] for place in self._places)
        ]
        first, seeds = self.runs[0], [run.seed for run in self.runs]
        asked = [first.measure, first.measures, first.vote_of]
        return key_of(["ranking", self.sets.depends, asked, seeds, self._places, digests])

    @cached_property
    def numbers(self) -> dict[str, Any]:
        """order: the measures. runs: place, measure, numbers and rows by true top-N of each finished run and measure.
        measures: by name, the set in words (ScoreSets.in_words), its name, and the numbers over seeds."""
        if not self._places:
            return {"order": [], "runs": [], "measures": {}}
        numbers: dict[str, Any] = self.cache.value(self._depends, self._compute, keep=_all_compared)
        return numbers

    @property
    def kept_by(self) -> str | None:
        """What stands for the numbers in the keys of others; None where they are not kept: reasons hold paths."""
        return self._depends if self._places and _all_compared(self.numbers) else None

    def entries(self) -> list[list[Entry]]:
        """Of each run its measures, in the order in which the first run has them."""
        order = self.numbers["order"]
        listed: list[list[tuple[int, Entry]]] = [[] for _ in self.runs]
        for place, run in enumerate(self.runs):
            if place not in self._places:
                row = self._facts(place) | {"measure": run.measure, "primary": True}
                listed[place].append((0, Entry(row, [])))
        for place, measure, numbers, inside in self.numbers["runs"]:
            which = {name: numbers[name] for name in ("measure", "primary", "set") if name in numbers}
            group = dict(zip(GROUP, self.key(measure), strict=True)) | {"seed": self.runs[place].seed} | which
            entry = Entry(self._facts(place) | numbers, [group | row for row in inside])
            listed[place].append((order.index(measure), entry))
        return [[entry for _, entry in sorted(own, key=lambda pair: pair[0])] for own in listed]

    def judged(self, measure: str | None = None) -> ScoreSet:
        """The set that a measure is evaluated on."""
        return self.sets.in_full(self.numbers["measures"][measure or self.measure]["words"])

    @property
    def has_scores(self) -> bool:
        """Whether all finished seeds have scores in common of the measure that the runs are about."""
        return bool(self.numbers["measures"].get(self.measure, {}).get("numbers"))

    @property
    def scores(self) -> pd.DataFrame:
        """Of the measure that the runs are about: a column a seed, by the rows of its set's truth that all have."""
        if self._scores is None:
            measured = self._measured([])[self.measure]
            assert measured is not None
            self._scores = self._by_seed(measured)
        return self._scores

    @cached_property
    def side(self) -> Side:
        """The sample's scores, for a comparison."""
        judged, scores = self.judged(), self.scores
        sampled = judged.sample[scores.index]
        if not sampled.all():  # else they would be in memory twice
            scores = scores[sampled]
        return Side(self.name, judged.truth, scores, judged.name)

    def less(self, other: Ranking) -> dict[str, Any]:
        """The mean tau-b less that of another ranking, see differences.difference."""
        keys = [self.kept_by, other.kept_by]
        key = None if None in keys else key_of(["difference", *keys])
        result: dict[str, Any] = self.cache.value(key, lambda: difference(self.side, other.side))
        return result

    def less_baselines(self) -> dict[str, dict[str, Any]]:
        """The same for each baseline, by its name."""
        key = None if self.kept_by is None else key_of(["baselines", self.kept_by])
        result: dict[str, dict[str, Any]] = self.cache.value(key, self._compute_less_baselines)
        return result

    def _compute_less_baselines(self) -> dict[str, dict[str, Any]]:
        side = self.side
        rows = side.scores.index
        here = self.sets.baselines.loc[[side.truth.texts[row] for row in rows]].set_axis(rows)
        fixed = [Side(str(name), side.truth, here[[name]], side.judged, fixed=True) for name in here]
        return {baseline.name: difference(side, baseline) for baseline in fixed}

    def _facts(self, place: int) -> dict[str, Any]:
        run, result = self.runs[place], self._results[place]
        return {
            **dict(zip(GROUP, self._group, strict=False)),
            "seed": run.seed,
            "trained_as": run.trained_as,
            "control": run.control,
            "run_id": run.run_id,
            "state": result["status"],
            "reason": result.get("reason"),
            **{name: result.get(name) for name in FACTS},
        }

    def _measured(self, failed: list[list[Any]]) -> dict[str, Measured | None]:
        """Read the scores, by measure; None where no run has anything to compare. `failed` gets place, measure, row
        and no row of a top of each run that has not."""
        tables: dict[str, dict[int, Table]] = {}  # by measure, in the order of the first run
        for place in self._places:
            for measure, table in read_scores(self.runs[place]).items():
                tables.setdefault(measure, {})[place] = table
        return {measure: self._join(measure, by_place, failed) for measure, by_place in tables.items()}

    def _join(self, measure: str, tables: dict[int, Table], failed: list[list[Any]]) -> Measured | None:
        which: dict[str, Any] = {"measure": measure, "primary": measure == self.measure}

        def fail(place: int, reason: str) -> None:
            failed.append([place, measure, which | {"state": "failed", "reason": reason}, []])

        rows = {place: self.sets.rows_of(table) for place, table in tables.items()}
        lacking = [place for place, found in rows.items() if self.sets.has_none(found >= 0)]
        for place in lacking:
            fail(place, f"{tables.pop(place).source}: no architecture of the sample has a score")
            del rows[place]
        if not tables:
            return None
        judged = self.sets.of(np.logical_and.reduce([found >= 0 for found in rows.values()]))
        which["set"] = judged.name
        joined: dict[int, Joined] = {}
        for place, table in tables.items():
            try:
                one = join(judged.truth, table, rows=rows[place][judged.rows])
            except ValueError as error:  # not one usable score: the run ended and there is nothing to compare
                fail(place, str(error))
                continue
            if judged.sample[one.positions].any():
                joined[place] = one
            else:
                fail(place, f"{table.source}: no architecture of the sample has a score")
        if not joined:
            return None
        usable = np.ones(len(judged.truth.texts), dtype=bool)
        labelled = np.zeros(len(usable), dtype=bool)
        for place, one in joined.items():
            usable &= np.bincount(one.positions, minlength=len(usable)).astype(bool)
            labelled |= self._labelled(tables[place], rows[place][judged.rows])
        return Measured(judged, tables, joined, usable, labelled)

    @staticmethod
    def _labelled(table: Table, rows: np.ndarray) -> Bools:
        """bool (n,): for which of these rows of a table, -1 for none, its run was told the label."""
        if "status" not in table.frame:
            return np.zeros(len(rows), dtype=bool)
        told = (table.frame["status"] == LABELLED).to_numpy(dtype=bool)
        return np.asarray((rows >= 0) & told[rows])

    def _by_seed(self, one: Measured) -> pd.DataFrame:
        return one.by_seed({self.runs[place].seed: one.scores(place) for place in one.joined})

    def _compute(self) -> dict[str, Any]:
        """`numbers`, from the scores."""
        runs: list[list[Any]] = []
        measured = self._measured(runs)
        measures: dict[str, Any] = {}
        for measure, one in measured.items():
            if one is None:
                continue
            shared = bool(one.sample.any())
            for place in one.joined:
                numbers, inside = self._of_run(measure, one, place, shared)
                runs.append([place, measure, numbers, inside])
            over_seeds = self._over_seeds(one) if shared else {}
            words = self.sets.in_words(one.judged)
            measures[measure] = {"words": words, "name": one.judged.name, "numbers": over_seeds}
            if measure == self.measure and shared:
                self._scores = self._by_seed(one)
        return {"order": list(measured), "runs": runs, "measures": measures}

    def _of_run(
        self, measure: str, one: Measured, place: int, shared: bool
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The numbers of one run's row, and its rows by true top-N."""
        frame = one.tables[place].frame
        row: dict[str, Any] = {"measure": measure, "primary": measure == self.measure, "set": one.judged.name}
        row["missing"] = one.joined[place].missing
        if "seconds" in frame.columns:  # of this way to score alone
            run = self.runs[place]  # a combination's members took most of it
            seconds = record_costs.of_frame(frame, "seconds", run.kind) if run.members else frame["seconds"]
            row["score_seconds"] = round(float(seconds.sum()), 2)
        if not shared:
            return row | {"reason": NOTHING_SHARED}, []
        truth, sample, scores, by_loss = one.truth, one.sample, one.scores(place), one.minus_loss(place)
        numbers = ranked(sorted(set(one.tops.values())), truth, scores, sample, one.judged.top)
        row |= flat(numbers) | {"mean_score": float(scores[sample].mean())}
        restricted = self.sets.restriction.inside(row.get("tau_b"))
        by_size = {int(n): entry for n, entry in numbers["top"].items()}
        inside = [{"top": n, **by_size[count]} for n, count in one.tops.items() if count in by_size]
        for entry in inside:
            entry |= expected(restricted.get(entry["top"]))
        if by_loss is not None:
            row["tau_b_loss"] = kendall_tau(truth[sample], by_loss[sample]).value
            best = by_truth(truth)
            for entry in inside:
                entry["tau_b_loss"] = tau_true_top(truth, by_loss, one.tops[entry["top"]], best).value
        return row, inside

    def _over_seeds(self, one: Measured) -> dict[str, Any]:
        """What the architectures that every seed scored say: an interval, the metrics of their mean score, and of their
        mean loss where every seed has losses."""
        truth, sample, scores = one.truth, one.sample, self._by_seed(one)
        mean = mean_tau(truth[sample], [scores[seed].to_numpy()[sample] for seed in scores.columns])
        row: dict[str, Any] = {"n": int(sample.sum()), "set": one.judged.name} | interval_columns(
            "tau_b_", mean
        )
        row["labelled"] = int((one.labelled & one.judged.sample).sum())
        tops = sorted(set(one.tops.values()))
        numbers = flat(ranked(tops, truth, scores.mean(axis=1).to_numpy(), sample, one.judged.top))
        row |= {f"seedmean_{name}": numbers[name] for name in METRICS if name in numbers}
        losses = {self.runs[place].seed: one.minus_loss(place) for place in one.joined}
        known = {seed: values for seed, values in losses.items() if values is not None}
        if len(known) == len(one.joined):
            of_loss = one.by_seed(known)[sample].mean(axis=1).to_numpy()
            loss = mean_tau(truth[sample], [of_loss])
            row |= dict(zip(BY_LOSS, (loss.value, loss.low, loss.high), strict=True))
        return row


def _all_compared(numbers: dict[str, Any]) -> bool:
    """Whether every finished run has something to compare: reasons why not name files by paths, which may change."""
    return all("state" not in row for _, _, row, _ in numbers["runs"])
