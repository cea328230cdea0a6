"""Searches in two phases: many networks trained a little, then the best of them trained more, all looked up.

Phase 1 is what `studies search` found on a table of networks that were fine-tuned for a few epochs. At a cost, the
networks that a search has trained by then are trained anew in the order of what the search saw of them, as another
table says. The unit of cost is one training from scratch.

Source: Chau et al., BLOX (NeurIPS 2022), figures 11, 12 and 20, table 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.iterations import ITERATED, iterated_methods
from analysis.measures.search import NEARLY, incumbents
from analysis.statistics.pairs import Floats
from analysis.store import column_names, search
from analysis.store.search import SearchResults
from analysis.store.truth_table import described
from analysis.user_tables.truth_file import TruthFile, read_truth_file
from supernet.spaces import get_space
from supernet.spaces.sums import terms

SEARCHED = "as searched"
TEACHERS = "iterative teacher"


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A table of networks, and how they were trained. manifest: the table's."""

    truth: TruthFile
    manifest: Mapping[str, Any]

    @property
    def teacher(self) -> str | None:
        """None where networks are trained from scratch."""
        tuned = self.manifest.get("fine_tuned")
        return None if tuned is None else str(tuned["teacher"])

    @cached_property
    def price(self) -> float:
        """Of one network, in trainings from scratch: its share of the epochs."""
        if self.teacher is None:
            return 1.0
        return float(
            self.manifest["fine_tuned"]["fine_tuning"]["epochs"] / self.manifest["training"]["epochs"]
        )

    @cached_property
    def distillation(self) -> float:
        """Of the teacher's blocks, in trainings from scratch; an epoch of a block counts as a network's, as there."""
        if self.teacher is None:
            return 0.0
        space = get_space(self.truth.space.name, self.manifest.get("mask", ()))
        places = [
            set(column) for column in zip(*(terms(space, one) for one in space.enumerate()), strict=True)
        ]
        epochs = self.manifest["fine_tuned"]["distillation"]["epochs"] / self.manifest["training"]["epochs"]
        return float(sum(map(len, places)) * epochs)

    @property
    def name(self) -> str:
        """How networks are trained, for a legend."""
        if self.teacher is None:
            return "from scratch"
        return f"{self.truth.path.stem}, {self.manifest['fine_tuned']['fine_tuning']['epochs']} epochs"

    @cached_property
    def rows(self) -> dict[str, int]:
        return {text: row for row, text in enumerate(self.truth.frame["arch"])}

    @cached_property
    def objectives(self) -> list[Floats]:
        """What a search sees, a column a seed where there are several."""
        own = column_names.parse(self.truth.column)
        names = [
            str(name)
            for name in self.truth.frame
            if own is not None
            and (one := column_names.parse(str(name))) is not None
            and one.seed is not None
            and one._replace(seed=None) == own._replace(part="valid", seed=None)
        ]
        names = names or self.truth.with_other(part="valid") or [self.truth.column]
        return [self.truth.frame[name].to_numpy(dtype=float) for name in names]


@dataclass(frozen=True, kw_only=True)
class TwoPhases:
    """results: of phase 1. short: the table that was searched. longer: those that phase 2 may train by. iterated:
    searches by the iterative teacher, which compute both phases themselves."""

    results: SearchResults
    short: Trained
    longer: tuple[Trained, ...]
    iterated: tuple[SearchResults, ...] = ()

    @cached_property
    def end(self) -> float:
        """The cost up to which phase 1 searched."""
        return float(self.events["at"].max())

    @cached_property
    def events(self) -> pd.DataFrame:
        """Those with a value, with 'at', the cost of a search up to each."""
        events = self.results.events
        spent = events.groupby(["method", "run"], observed=True)["trainings"].cumsum()
        at = self.short.distillation + spent * self.short.price
        found = events.assign(at=at)
        return found[found["value"].notna()]

    def curves(self, costs: Sequence[float], switch: float) -> dict[tuple[str, str], Floats]:
        """By method and how phase 2 trains (SEARCHED: phase 1 goes on), (runs, costs) the truth of the incumbent; NaN
        before the first, and of SEARCHED after `end`. Incumbent of phase 2: of the networks trained in it. A teacher
        whose blocks are not there yet has them distilled first."""
        events, runs, grid = self.events, self.results.content["runs"], np.asarray(costs, dtype=float)
        found: dict[tuple[str, str], Floats] = {}
        groups: Any = events.groupby(["method", "run"], observed=True, sort=False)
        for (method, run), group in groups:
            at, value, truth = (group[name].to_numpy(dtype=float) for name in ("at", "value", "truth"))
            first = _incumbents(at, value, truth, grid)
            _row(found, (method, SEARCHED), runs, len(grid))[run] = np.where(
                grid <= self.end * NEARLY, first, np.nan
            )
            early = group[at <= switch * NEARLY].drop_duplicates("arch")
            order = early.sort_values("value", ascending=False, kind="stable")["arch"].tolist()
            for longer in self.longer:
                place = np.array([longer.rows[str(text)] for text in order], dtype=int)
                begin = self._begin(longer, switch)
                seen = longer.objectives[run % len(longer.objectives)][place]
                later: Floats = begin + longer.price * np.arange(1.0, len(place) + 1)
                second = _incumbents(later, seen, longer.truth.numbers[place], grid)
                both = np.where(
                    np.isnan(second), _incumbents(*_until(at, value, truth, switch), grid), second
                )
                _row(found, (method, longer.name), runs, len(grid))[run] = both
        return found

    def _begin(self, longer: Trained, switch: float) -> float:
        return switch + (longer.distillation if longer.teacher != self.short.teacher else 0.0)

    def costs(self, switch: float, others: Sequence[SearchResults] = ()) -> list[float]:
        """All costs at which any of the curves can rise, and those of other searches, whose unit is the training."""
        early = self.events[self.events["at"] <= switch * NEARLY]
        most = (
            int(early.groupby(["method", "run"], observed=True)["arch"].nunique().max()) if len(early) else 0
        )
        later = [self._begin(one, switch) + one.price * np.arange(1.0, most + 1) for one in self.longer]
        spent = [spent_of(one) for one in (*self.iterated, *others)]
        whole = np.concatenate([self.events["at"].to_numpy(), *later, *spent])
        rounded = np.ceil(whole * 1e9) / 1e9  # a sum in another order is the same cost
        return np.unique(rounded).tolist()

    def iterative_curves(self, costs: Sequence[float]) -> dict[tuple[str, str], Floats]:
        """The same of the iterative teachers: their own searches, from no cost on, with all that their ledgers hold;
        NaN after their end."""
        return {
            (method, TEACHERS): np.where(
                np.asarray(costs) <= spent_of(results).max() * NEARLY, values, np.nan
            )
            for results in self.iterated
            for method, values in incumbents(results, "trainings", costs).items()
            if method.startswith(ITERATED)
        }


def spent_of(results: SearchResults) -> Floats:
    """What each search had spent after each of its events, in trainings."""
    groups = results.events.groupby(["method", "run"], observed=True)
    return groups["trainings"].cumsum().to_numpy(dtype=float)


def _row(found: dict[tuple[str, str], Floats], key: tuple[str, str], runs: int, count: int) -> Floats:
    return found.setdefault(key, np.full((runs, count), np.nan))


def _until(at: Floats, value: Floats, truth: Floats, switch: float) -> tuple[Floats, Floats, Floats]:
    kept = at <= switch * NEARLY
    return at[kept], value[kept], truth[kept]


def _incumbents(at: Floats, value: Floats, truth: Floats, grid: Floats) -> Floats:
    """The truth of the highest value so far at each cost of the grid; NaN before the first."""
    found = np.full(len(grid), np.nan)
    known = np.flatnonzero(~np.isnan(value))
    if not len(known):
        return found
    best = np.maximum.accumulate(value[known])
    rises = known[np.concatenate(([True], best[1:] > best[:-1]))]
    place = np.searchsorted(at[rises], grid * NEARLY, side="right") - 1
    found[place >= 0] = truth[rises[place[place >= 0]]]
    return found


def cost_to_reach(curve: Floats, costs: Sequence[float], target: float) -> float | None:
    """The first of the costs at which the mean over runs (runs, costs) is at least the target; None if none is."""
    with np.errstate(invalid="ignore"):
        mean = curve.mean(0)  # NaN while a run has no incumbent
    there = np.flatnonzero(mean >= target)
    return float(costs[int(there[0])]) if len(there) else None


def read_two_phases(folder: Path, tables: Sequence[Path]) -> TwoPhases:
    """Read a folder of `studies search` and tables, one of them the one that was searched; what is a folder among the
    tables has searches by the iterative teacher.

    Raises ValueError where they do not belong together."""
    results = search.read(folder)
    column, searched = results.content["column"], results.content["table"]
    if "trainings" not in results.content["units"]:
        raise ValueError(f"search: {folder} does not count trainings")
    iterated = tuple(_iterated(path, results) for path in tables if path.is_dir())
    tables = [path for path in tables if not path.is_dir()]
    trained = {
        path: Trained(truth=read_truth_file(path, column), manifest=described(path)) for path in tables
    }
    short = next((one for path, one in trained.items() if path.name == searched), None)
    longer = tuple(one for path, one in trained.items() if path.name != searched)
    if short is None or not longer:
        lacks = f"{searched}, which was searched" if short is None else "a table to train the best anew by"
        raise ValueError(f"tables: {', '.join(map(str, tables)) or 'none'} lack {lacks}")
    met = set(results.events["arch"].astype(str)) - {""}
    for one in longer:
        unknown = len(met - set(one.rows))
        if unknown:
            raise ValueError(
                f"table: {one.truth.path} lacks {unknown:,} of the {len(met):,} networks of {folder}"
            )
        if len({other.name for other in longer}) < len(longer):
            raise ValueError(f"tables: two are named {one.name!r}")
    return TwoPhases(results=results, short=short, longer=longer, iterated=iterated)


def _iterated(folder: Path, results: SearchResults) -> SearchResults:
    found = search.read(folder)
    if not iterated_methods(found):
        raise ValueError(f"search: {folder} has no search by the iterative teacher")
    for name in ("space", "mask", "column"):
        own, other = results.content[name], found.content[name]
        if own != other:
            raise ValueError(f"search: {folder} has the {name} {other!r}, {results.folder} {own!r}")
    return found
