"""All runs of all ways to search over one table: their events, as they are saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd

from analysis.store.search import COLUMNS
from studies.configuration import derived_seed, plain_data
from studies.running.parallel import run_tasks
from studies.search.bench import Bench, Over, Search
from studies.search.methods import SLOW
from studies.search.methods.predictor_guided import BrpNas, PredictorEvolution, SignatureSearch
from studies.search.methods.ranking import Guided
from studies.search.source import Source
from studies.search.units import LOOKED_UP

CHUNK = 10  # runs of one task


def generator(run: int) -> np.random.Generator:
    """Of a run: the same for all methods, so that they begin with the same draws and can be compared in pairs."""
    return np.random.default_rng(derived_seed("search", run))


def one_search(source: Source, search: Search, run: int, budget: float, unit: str) -> pd.DataFrame:
    """The events of a run (analysis/store/search.py), without the name of the method."""
    bench = Bench(source.pool, source.worth(run), budget=budget, unit=unit, number=run)
    with suppress(Over):
        search.run(bench, generator(run))
    events = bench.ledger.frame()
    rows = events.pop("subject").to_numpy(dtype=int)
    texts = np.append(source.truth.frame["arch"].to_numpy(dtype=object), "")
    known = events["value"].notna().to_numpy()
    of_table = np.where(known, source.truth.numbers[rows], np.nan)
    return events.assign(run=run, arch=texts[rows], truth=events["truth"].fillna(pd.Series(of_table)))


def some_searches(source: Source, search: Search, runs: range, budget: float, unit: str) -> pd.DataFrame:
    """The events of some runs."""
    return pd.concat([one_search(source, search, run, budget, unit) for run in runs], ignore_index=True)


def all_searches(
    source: Source,
    searches: Mapping[str, Search],
    *,
    runs: int,
    budget: float,
    unit: str,
    workers: int = 1,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """The events of all runs of all methods, method by method. report(searches that are complete, of how many)."""
    parts = [
        (name, range(start, min(start + chunk, runs)))
        for name in searches
        for chunk in [1 if name in SLOW else CHUNK]
        for start in range(0, runs, chunk)
    ]
    tasks = [(source, searches[name], part, budget, unit) for name, part in parts]
    found: dict[int, pd.DataFrame] = {}
    done = 0

    def enter(place: int, events: pd.DataFrame) -> None:
        nonlocal done
        done += len(parts[place][1])
        found[place] = events.assign(method=parts[place][0])
        report(done, runs * len(searches))

    # Of PyTorch the bits depend on the number of threads; a worker has one.
    learned = any(
        isinstance(search, (BrpNas, PredictorEvolution, SignatureSearch)) for search in searches.values()
    )
    if workers == 1 and not learned:
        for place, task in enumerate(tasks):
            enter(place, some_searches(*task))
    else:
        for place, events in run_tasks(some_searches, tasks, min(workers, len(tasks))):
            enter(place, events)
    whole = pd.concat([found[place] for place in range(len(parts))], ignore_index=True)
    return whole[[*COLUMNS[:4], *LOOKED_UP, *COLUMNS[4:]]]


def content_of(
    source: Source,
    searches: Mapping[str, Search],
    *,
    runs: int,
    budget: float,
    unit: str,
    command: str | None,
) -> dict[str, Any]:
    """The manifest (analysis/store/search.py) without its checksum."""
    truth = source.truth
    values = truth.numbers[source.reachable]
    exact = None
    if unit == "trainings":
        value, of_it = source.exact(int(np.ceil(budget)), runs)
        exact = {"objective": value.tolist(), "truth": of_it.tolist()}
    worth = source.worths[0]
    unknown = {"epochs", "macs"} if worth.epochs is None else set()
    unknown |= {"seconds"} if worth.seconds is None else set()
    prices = [price for one in searches.values() if isinstance(one, Guided) for price in one.prices]
    unknown |= {name for name in LOOKED_UP for price in prices if np.isnan(price.total(name))}
    return {
        "table": truth.path.name,
        "title": truth.title,
        "space": source.space.name,
        "mask": list(source.space.mask),
        "column": truth.column,
        "objective": list(source.objective[: len(source.seen(runs))]),
        "encodings": "unique" if source.pool.unique else "raw",
        "architectures": len(values),
        "unit": unit,
        "units": [name for name in LOOKED_UP if name not in unknown],
        "budget": budget,
        "runs": runs,
        "best": float(values.max()),
        "mean": float(values.mean()),
        "methods": [{"name": name, "settings": _settings(search)} for name, search in searches.items()],
        "exact": exact,
        "command": command,
    }


def _settings(search: Search) -> dict[str, Any]:
    """As they are saved: what a search that is guided says of itself, else all."""
    found: dict[str, Any] = plain_data(search.told if isinstance(search, Guided) else search)
    return found
