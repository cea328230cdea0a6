"""A study, or a single run, as tidy frames: what it scored, its truth, its training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.store import config, history, result, scores
from analysis.store.run import ONE_SHOT, Run, look, read_scores
from analysis.store.study import Study, mask_text
from analysis.store.tables import Table, rows_of_scores
from supernet.spaces import get_space

RUN = ["study", "space", "mask", "variant", "seed", "run_id"]
SCORES = [*RUN, "arch", "measure", "score", "loss", "status", "truth"]
TRUTH = ["space", "arch", "truth", "place"]


def load_run(folder: str | Path) -> Run:
    """A run by its own folder alone, whatever studies it is of; `variant` is then its id.

    Raises:
        ValueError: there is no run, it has not finished, or a file of it cannot be used.
    """
    folder = Path(folder)
    settings = config.of_run(folder)
    seen = look(folder, folder.name)
    if seen.result["status"] != "finished":
        raise ValueError(f"run: {folder} is {seen.result['status']} ({seen.result.get('reason')})")
    measures = scores.read_file(folder / scores.FILE, folder.name)["measure"]
    try:
        space = get_space(settings["space"], settings["mask"])
        size, seed = dict(settings["size"]), int(settings["seed"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"run: {folder / config.FILE}: {error}") from None
    first = str(measures.iloc[0]) if len(measures) else ""
    return Run(
        variant=folder.name,
        space=space,
        seed=seed,
        run_id=folder.name,
        folder=folder,
        measure=first,
        size=size,
        kind=settings.get("estimator", {}).get("kind", ONE_SHOT),
    )


def each_run(study: Study) -> Iterator[Run]:
    """The study's runs that have finished and have scores of their own; one evaluated under a further mask has none."""
    for run in study.runs:
        if run.trained_as is None and study.result(run)["status"] == "finished":
            yield run


def scores_of(study: Study, run: Run) -> pd.DataFrame:
    """SCORES of one run, in the order of its file: a row for each architecture and measure.

    score: NaN unless status is 'ok'. loss: NaN where the estimator has none. truth: NaN for what the truth lacks."""
    truth = study.table(run.space.name)
    parts = [_scored(table, truth, measure) for measure, table in read_scores(run).items()]
    return _named(pd.concat(parts, ignore_index=True), study, run)


def _named(frame: pd.DataFrame, study: Study, run: Run) -> pd.DataFrame:
    """The frame after the columns RUN."""
    facts: tuple[Any, ...] = (
        study.name,
        run.space.name,
        mask_text(run.space),
        run.variant,
        run.seed,
        run.run_id,
    )
    for place, (name, value) in enumerate(zip(RUN, facts, strict=True)):
        frame.insert(place, name, value)
    return frame


def _scored(table: Table, truth: Table, measure: str) -> pd.DataFrame:
    rows = rows_of_scores(truth, table)[0]
    there = rows >= 0
    values = np.full(len(table.texts), np.nan)
    values[rows[there]] = truth.numbers[there]
    none = np.full(len(values), np.nan)
    ok = (table.frame["status"] == "ok").to_numpy(dtype=bool)
    loss = table.frame["loss"].to_numpy(dtype=float) if "loss" in table.frame else none
    columns = {
        "arch": table.frame["arch"],
        "measure": measure,
        "score": np.where(ok, table.numbers, np.nan),
        "loss": loss,
        "status": table.frame["status"],
        "truth": values,
    }
    return pd.DataFrame(columns)


def scores_frame(source: Study | Run) -> pd.DataFrame:
    """SCORES of all finished runs of a study; of a single run the columns from `arch` on that its file has.

    A whole study in memory: 15,625 architectures are 2 MB a run and measure; `analysis scores` writes them run by run.
    """
    if isinstance(source, Run):
        tables = [table.frame for table in read_scores(source).values()]
        return pd.concat(tables, ignore_index=True)
    frames = [scores_of(source, run) for run in each_run(source)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=SCORES)


def truth_frame(study: Study) -> pd.DataFrame:
    """TRUTH of every architecture that has one; place: 1 for the best of its space, ties by the table's order."""
    frames = []
    for space in study.truths:
        table = study.table(space)
        known = table.only(table.known)
        columns = {"space": space, "arch": known.texts, "truth": known.numbers, "place": known.places + 1}
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)[TRUTH] if frames else pd.DataFrame(columns=TRUTH)


def history_frame(source: Study | Run) -> pd.DataFrame:
    """Every epoch of every finished training (analysis/store/history.py), after RUN; of a single run without RUN.

    What trains no supernet has none."""
    if isinstance(source, Run):
        return pd.DataFrame(history.read(source.folder, source.run_id))
    frames = [pd.DataFrame(columns=[*RUN, *history.COLUMNS])]
    for run in each_run(source):
        for part in run.parts or (run,):
            if (part.folder / result.HISTORY).is_file():
                frames.append(_named(history_frame(part), source, part))
    return pd.concat(frames[1:] or frames, ignore_index=True)
