"""Several searches from several seeds over one table of ground truth, the estimates shared, and what they found.

Compared are FEAR with and without its cut-off, and short training.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.store.search import COLUMNS
from studies import embedded
from studies.configuration import derived_seed
from studies.estimators import Estimator
from studies.estimators.fear import LEARNER_RECIPE, Fear, HogLearner
from studies.estimators.short_training import RECIPE, ShortTraining
from studies.running.parallel import run_tasks
from studies.search.cut_off import Outcome, random_search
from studies.search.trials import Setting, Trials, estimate, prepare
from studies.search.units import UNITS
from studies.truth.table import TruthTable
from supernet.spaces import Architecture, Size, get_space

SHORT_EPOCHS = {"embedded": 4, "published": 50}


@dataclass(frozen=True, kw_only=True)
class Method:
    """estimates: the name of the file of trials, which methods may share. ratio: of the cut-off, None for none."""

    name: str
    estimates: str
    estimator: Estimator
    ratio: float | None = None
    measure: str = "best_train_accuracy"


def methods(
    space: str, data: str, size: Size, *, ratio: float, threshold: float | None, epochs: int | None
) -> list[Method]:
    """For the embedded task its own trainings, else FEAR's published ones. threshold: in percent, None for the HoG
    learner's. epochs: of the short training, None for 4 (embedded) or 50."""
    is_embedded = data == embedded.DATA
    cells = max(1, round(len(get_space(space).stages(size)) * 4 / 15))  # the paper's share of the cells
    epochs = epochs or SHORT_EPOCHS["embedded" if is_embedded else "published"]
    if is_embedded:
        recipe = embedded.STAND_ALONE[space]
        learner = HogLearner(
            hidden=64,
            training=replace(LEARNER_RECIPE, epochs=12, batch_size=64, augmentation=embedded.AUGMENTATION),
        )
        fear = Fear(
            threshold=threshold or learner,
            stage1=recipe,
            stage2=replace(recipe, epochs=3, batch_size=250),
            unfrozen_cells=cells,
        )
        short = ShortTraining(training=replace(recipe, epochs=epochs))
    else:
        fear = (
            Fear(unfrozen_cells=cells)
            if threshold is None
            else Fear(threshold=threshold, unfrozen_cells=cells)
        )
        fear = replace(fear, stage2=replace(fear.stage2, epochs=10))
        short = ShortTraining(training=replace(RECIPE, epochs=epochs, batch_size=1024))
    return [
        Method(name=f"FEAR, cut-off {ratio:g}", estimates="fear", estimator=fear, ratio=ratio),
        Method(name="FEAR", estimates="fear", estimator=fear),
        Method(name=f"short training, {epochs} epochs", estimates="short-training", estimator=short),
    ]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All methods from each of `seeds`, over the table's architectures that have a value in `column`.

    The architectures that a seed draws, and their order, are the same for all methods. settings: by the name of their
    estimates. budget, unit: of each search.
    """

    table: TruthTable
    column: str
    methods: Sequence[Method]
    settings: dict[str, Setting]
    seeds: Sequence[int]
    budget: float
    unit: str

    @cached_property
    def truth(self) -> dict[Architecture, float]:
        values = zip(self.table.architectures, self.table.frame[self.column].astype(float), strict=True)
        return {architecture: value for architecture, value in values if value == value}

    def order(self, seed: int) -> list[Architecture]:
        """All architectures, drawn without replacement."""
        drawn = sorted(self.truth)
        random.Random(derived_seed("random search", seed)).shuffle(drawn)
        return drawn

    @cached_property
    def trials(self) -> dict[str, Trials]:
        return {name: Trials(setting) for name, setting in self.settings.items()}

    @cached_property
    def orders(self) -> dict[int, list[Architecture]]:
        return {seed: self.order(seed) for seed in self.seeds}

    def key(self, architecture: Architecture) -> str:
        """Architectures that are one function as stand-alone networks share a trial: it would be the same."""
        space = self.table.space
        return space.text(space.stand_alone_form(architecture))

    def search(self, method: Method, seed: int) -> Outcome[Architecture]:
        """The search as far as trials are known."""
        known = self.trials[method.estimates].known
        return random_search(
            self.orders[seed],
            lambda architecture: known.get(self.key(architecture)),
            budget=self.budget,
            unit=self.unit,
            ratio=method.ratio,
        )

    def run(self, workers: int, report: Callable[[int, int], None]) -> pd.DataFrame:
        """Estimate what the searches ask for, then `rows()`. report(searches that are complete, of how many)."""
        prepared: dict[str, dict[str, Any]] = {}
        names = list(self.settings)
        tasks = [(self.settings[name],) for name in names]
        for position, costs in run_tasks(prepare, tasks, min(workers, len(tasks))):
            prepared[names[position]] = costs
        asked: set[tuple[str, str]] = set()
        pending = {(method.name, seed): method for method in self.methods for seed in self.seeds}
        total = len(pending)

        def wanted() -> Iterator[tuple[Setting, str]]:
            for (name, seed), method in list(pending.items()):
                architecture = self.search(method, seed).waits_for
                if architecture is None:
                    del pending[name, seed]
                    continue
                asks = method.estimates, self.key(architecture)
                if asks not in asked:
                    asked.add(asks)
                    yield self.settings[method.estimates], asks[1]

        def then(position: int, line: dict[str, Any]) -> list[tuple[Setting, str]]:
            self.trials[line["name"]].add(line)
            more = list(wanted())
            report(total - len(pending), total)
            return more

        if first := list(wanted()):
            for _ in run_tasks(estimate, first, workers, then):
                pass
        return self.rows(prepared)

    def rows(self, prepared: dict[str, dict[str, Any]]) -> pd.DataFrame:
        """One row a search: what it drew and spent, what it chose and how good that is.

        truth: of the chosen one, in the column's unit; regret: what it lacks of the best in the table. prepare_seconds,
        prepare_steps: spent once for all searches of the method, and no part of the budget."""
        best = max(self.truth.values())
        rows = []
        for method in self.methods:
            costs = prepared[method.estimates]
            for seed in self.seeds:
                outcome = self.search(method, seed)
                value = None if outcome.chosen is None else self.truth[outcome.chosen]
                rows.append(
                    {
                        "method": method.name,
                        "seed": seed,
                        "architecture": None
                        if outcome.chosen is None
                        else self.table.space.text(outcome.chosen),
                        "score": outcome.score,
                        "truth": value,
                        "regret": None if value is None else best - value,
                        "drawn": outcome.drawn,
                        "cut_off": outcome.cut_off,
                        "failed": outcome.failed,
                        **outcome.spent,
                        "prepare_steps": costs["updates"],
                        "prepare_seconds": costs["train_seconds"],
                    }
                )
        return pd.DataFrame(rows).astype({"score": float, "truth": float, "regret": float})

    def events(self) -> pd.DataFrame:
        """The events of all searches (analysis/store/search.py)."""
        found = []
        for method in self.methods:
            for run, seed in enumerate(self.seeds):
                events = self.search(method, seed).ledger.frame()
                drawn = events.pop("subject")
                truth = [self.truth[one] for one in drawn]
                events = events.assign(arch=[self.table.space.text(one) for one in drawn])
                found.append(
                    events.assign(
                        method=method.name, run=run, truth=pd.Series(truth).where(events["value"].notna())
                    )
                )
        return pd.concat(found, ignore_index=True)[[*COLUMNS[:4], *UNITS, *COLUMNS[4:]]]

    def content(self) -> dict[str, Any]:
        """The manifest beside them."""
        values = list(self.truth.values())
        return {
            "table": self.table.path.name,
            "title": self.table.manifest["title"],
            "space": self.table.space.name,
            "mask": [],
            "column": self.column,
            "objective": list(
                dict.fromkeys(f"{method.estimates}: {method.measure}" for method in self.methods)
            ),
            "encodings": "raw",
            "architectures": len(values),
            "unit": self.unit,
            "units": list(UNITS),
            "budget": self.budget,
            "runs": len(self.seeds),
            "best": max(values),
            "mean": sum(values) / len(values),
            "methods": [
                {"name": method.name, "settings": method.estimator.config() | {"ratio": method.ratio}}
                for method in self.methods
            ],
            "exact": None,
            "command": None,
        }


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds by method, with the standard error of the truth's mean; NaN for one seed. No mean of what only
    some searches have."""
    groups = rows.groupby("method", sort=False)
    columns = [
        "regret",
        "drawn",
        "cut_off",
        "failed",
        "steps",
        "seconds",
        "macs",
        "prepare_steps",
        "prepare_seconds",
    ]
    means = groups[["truth", *columns]].agg(_of_all)
    means.insert(1, "truth_sem", groups["truth"].sem().where(means["truth"].notna()))
    means.insert(0, "searches", groups.size())
    return means.reset_index()


def _of_all(values: pd.Series) -> float:
    return float(values.mean(skipna=False))


def default_folder(table: TruthTable) -> Path:
    return Path("runs/search") / table.path.stem
