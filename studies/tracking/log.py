"""The log of a run that has ended, all of it, from the run's files: at the run's end, or any time later."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np
import pandas as pd

from analysis.store import history, milestones, scores
from studies.model.study import Run
from studies.model.variant import Variant
from studies.tracking.comparison import Comparison, comparison
from studies.tracking.curves import Curves
from studies.tracking.estimates import write_estimate_log
from studies.tracking.events import Log, can_go_on, event_files
from studies.tracking.hparams import hparams
from studies.tracking.settings import Tracking, link, log_folder


def write_log(run: Run, tracking: Tracking) -> None:
    """Write the run's log and link it to the study: the end alone, if the log has all that comes before it and no end,
    else all of it anew. OSError or ValueError for files that cannot be used.

    rank/tau_b/SET: at milestones and at the end, on the same small part of a score set. final/tau_b (of
    the sample, or of all) and final/tau_b/topN: at the end, on all that was scored. Only the latter are results.
    Of other estimators than supernets: what studies/tracking/estimates.py says.
    """
    if not isinstance(run.variant, Variant):
        write_estimate_log(run, tracking)
        return
    from studies.tracking.figures import pictures  # imports Matplotlib

    rows = history.read(run.folder, run.run_id)
    end = (run.folder / history.FILE).stat().st_mtime
    spent = list(accumulate(row["seconds"] for row in rows))
    when = {int(row["epoch"]): end - spent[-1] + time for row, time in zip(rows, spent, strict=True)}
    last = max(when, default=0)
    compared = comparison(tracking, run.variant)
    found = of_mode(scores.read(run.folder, run.run_id), run)
    taken = of_mode(milestones.read(run.folder, run.run_id), run)
    folder = log_folder(run, tracking)
    there = {"train/loss": list(when), "rank/": set(taken["epoch"]), "final/": ()}
    more = bool(when) and can_go_on(folder, there)
    with Log(folder, more) as log:
        curves = Curves()
        for row in () if more else rows:
            log.scalars(curves(row), int(row["epoch"]), when[int(row["epoch"])])
        for _, part in () if more else taken.groupby("epoch", sort=True):
            number, size = int(part["epoch"].iloc[0]), int(part["budget"].iloc[0])
            log.scalars(ranks(compared, part, size), number, when.get(number))
        metrics: dict[str, float] = {}
        if len(found):
            column = compared.column(found)
            metrics = {f"final/{name}": value for name, value in compared.whole(column).items()}
            taus = compared.taus(compared.sets(), column)
            inside = {f"final/tau_b/{name}": tau for name, tau in taus.items() if name != compared.name}
            if len(taken):
                log.scalars(ranks(compared, found, int(taken["budget"].iloc[0])), last, end)
            log.scalars(metrics | inside, last, end)
            for tag, png in pictures(run, compared, column, tracking.column).items():
                log.picture(tag, png, last, end)
        log.hparams(hparams(run), metrics)
    link(run, tracking)


def of_mode(frame: pd.DataFrame, run: Run) -> pd.DataFrame:
    """The rows of the BN mode that the run is about."""
    return frame[frame["measure"] == run.variant.measures[0]]


def ranks(compared: Comparison, rows: pd.DataFrame, budget: int) -> dict[str, float]:
    """What a milestone shows: tau-b of the small part of the sets, accuracy and loss of the sample's."""
    sets, values = compared.small_sets(budget), compared.column(rows)
    found = {f"rank/tau_b/{name}": tau for name, tau in compared.taus(sets, values).items()}
    sample = sets[compared.name]
    for tag, column in (("valid/accuracy", values), ("valid/loss", compared.column(rows, "loss"))):
        if np.isfinite(column[sample]).all():
            found[tag] = float(column[sample].mean())
    return found


def complete(run: Run) -> str:
    """Link the run's log to the study, and write it if it is not there or older than the run's files: 'written', 'there
    before', or 'still running or not begun'. ValueError or OSError for files that cannot be used."""
    assert run.tracking is not None
    if (run.result() or {}).get("status") not in ("finished", "diverged"):
        if event_files(log_folder(run, run.tracking)):
            link(run, run.tracking)
        return "still running or not begun"
    if is_written(run, run.tracking):
        link(run, run.tracking)
        return "there before"
    write_log(run, run.tracking)
    return "written"


def is_written(run: Run, tracking: Tracking) -> bool:
    """Whether the log is there and no older than the files that it is made of."""
    logs = event_files(log_folder(run, tracking))
    sources: list[Any] = [run.folder / name for name in (history.FILE, scores.FILE, milestones.FILE)]
    times = [path.stat().st_mtime for path in sources if path.exists()]
    return bool(logs) and max(path.stat().st_mtime for path in logs) >= max(times, default=0.0)
