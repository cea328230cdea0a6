"""What a study with blockwise distillation says of blocks, and of models that were fine-tuned from a teacher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.blocks import blocks_of, contributions
from analysis.statistics.correlation import spearman
from analysis.statistics.pairs import Floats
from analysis.statistics.uncertainty import Interval, interval
from analysis.store import config, signatures
from analysis.store.run import Run, read_scores
from analysis.store.study import Study
from analysis.store.tables import Table, join
from analysis.store.truth_table import described
from supernet.spaces import Size, Space

BLOCKWISE, COLUMN = "blockwise", "table-column"  # kinds of runs
WORDS = ("best", "median", "worst")
SCRATCH = "from scratch"
OWN = "block"  # a student for each


@dataclass(frozen=True, kw_only=True)
class Distilled:
    """All blocks of a finished run. teacher: its text; name: 'best' and so on where it was chosen by rank. epochs: of
    distillation. frame: of analysis/store/signatures.py."""

    teacher: str
    name: str
    epochs: int
    seed: int
    frame: pd.DataFrame

    @cached_property
    def added(self) -> Mapping[str, Mapping[tuple[int, str], float]]:
        """By measure what each block adds to a sum; higher is better."""
        return contributions(self.frame)


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """The table's models, of blocks distilled from one teacher, after fine-tuning. test, valid: (n,) accuracy in
    percent, in the truth's order, NaN for a model that was not fine-tuned; valid None where it was not looked up."""

    variant: str
    teacher: str
    epochs: int
    distillation_epochs: int
    test: Floats
    valid: Floats | None


@dataclass(frozen=True)
class BlockwiseStudy:
    """truth: the table of models trained from scratch, `size` its networks'."""

    study: Study
    space: Space
    size: Size
    truth: Table

    @classmethod
    def of(cls, study: Study) -> BlockwiseStudy | None:
        """None for a study without a run of blockwise distillation that has finished."""
        if not (runs := finished(study, BLOCKWISE)):
            return None
        return cls(study, runs[0].space, Size(**runs[0].size), study.table(runs[0].space.name))

    @cached_property
    def blocks(self) -> list[tuple[str, ...]]:
        """Of each of the truth's models, the block at each stage."""
        assert self.truth.parsed is not None
        return [blocks_of(self.space, architecture, self.size) for architecture in self.truth.parsed[1]]

    @cached_property
    def distilled(self) -> tuple[Distilled, ...]:
        """In the study's order, each run once, where each block was a student of its own."""
        found = []
        for run in self._runs(BLOCKWISE):
            estimator = config.of_run(run.folder)["estimator"]
            if estimator["distillation"].get("students", OWN) != OWN:
                continue
            found.append(
                Distilled(
                    teacher=self.study.result(run)["teacher"]["arch"],
                    name=estimator["teacher"] if estimator["teacher"] in WORDS else "named",
                    epochs=estimator["distillation"]["epochs"],
                    seed=run.seed,
                    frame=signatures.read(run.folder, run.run_id),
                )
            )
        return tuple(found)

    @cached_property
    def tuned(self) -> tuple[Tuned, ...]:
        """In the study's order, each table once."""
        found: dict[str, Tuned] = {}
        for run in self._runs(COLUMN):
            facts = self.study.look(run).result.get("fine_tuned")
            variant = run.variant.partition(": ")[0]
            if facts is None or variant in found:
                continue
            columns = self._columns(run)
            (test,) = (values for name, values in columns.items() if "_test" in name)
            found[variant] = Tuned(
                variant=variant,
                teacher=facts["teacher"],
                epochs=facts["fine_tuning"]["epochs"],
                distillation_epochs=facts["distillation"]["epochs"],
                test=test,
                valid=next((values for name, values in columns.items() if "_valid" in name), None),
            )
        return tuple(found.values())

    @cached_property
    def names(self) -> dict[str, str]:
        """Of each teacher in the study, by its text: 'best' and so on, or its text."""
        return {one.teacher: one.name for one in self.distilled}

    @cached_property
    def trained(self) -> str:
        """How the truth's models were trained: 'from scratch', or 'fine-tuned, best teacher'."""
        facts = described(self.study.truths[self.space.name].path).get("fine_tuned")
        if facts is None:
            return SCRATCH
        return f"fine-tuned, {self.names.get(facts['teacher'], 'another')} teacher"

    def tuned_from(self, name: str) -> list[Tuned]:
        """From the teacher of that name, the longest first."""
        own = [one for one in self.tuned if self.names.get(one.teacher) == name]
        return sorted(own, key=lambda one: -one.epochs)

    def longest(self) -> list[Distilled]:
        """Of each teacher and seed, the blocks that were distilled longest."""
        found: dict[tuple[str, int], Distilled] = {}
        for one in sorted(self.distilled, key=lambda one: one.epochs):
            found[one.name, one.seed] = one
        order = [one.name for one in self.distilled]
        return sorted(found.values(), key=lambda one: (order.index(one.name), one.seed))

    def accuracy(self, text: str) -> float:
        """Of a model trained from scratch; NaN where the truth does not have it."""
        return dict(zip(self.truth.texts, self.truth.numbers, strict=True)).get(text, np.nan)

    def sums(self, one: Distilled, measure: str) -> Floats:
        """(n,): of each of the truth's models, the sum of its blocks' signatures."""
        of = one.added[measure]
        return np.array([sum(of.get(place, np.nan) for place in enumerate(own)) for own in self.blocks])

    def _runs(self, kind: str) -> list[Run]:
        return finished(self.study, kind)

    def _columns(self, run: Run) -> dict[str, Floats]:
        frame: dict[str, Any] = {}
        every = [one for one in self.study.runs if one.run_id == run.run_id]
        for one in every:
            for measure, table in read_scores(one).items():
                joined = join(self.truth, table)
                values = np.full(len(self.truth.texts), np.nan)
                values[joined.positions] = joined.score
                frame[measure] = values
        return frame


def finished(study: Study, kind: str) -> list[Run]:
    """The finished runs of that kind, each once, of all the rankings that it gives the first."""
    runs: dict[str, Run] = {}
    for run in study.runs:
        if run.kind == kind and run.trained_as is None and study.look(run).result["status"] == "finished":
            runs.setdefault(run.run_id, run)
    return list(runs.values())


def rho(x: Floats, y: Floats) -> tuple[float, Interval, int]:
    """Spearman's rho, its 95 % interval over architectures, and their number; NaN where it is undefined."""
    both = np.isfinite(x) & np.isfinite(y)
    value = spearman(x[both], y[both]).value
    return np.nan if value is None else value, interval(x[both], y[both], "spearman"), int(both.sum())


def epochs_of(count: int) -> str:
    """'1 epoch', '4 epochs'."""
    return f"{count} epoch{'s' * (count != 1)}"
