"""The log of a run that has ended, all of it, from the run's files: at the run's end, or any time later."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

import numpy as np
import pandas as pd

from analysis.store import history, milestones, scores
from analysis.store.history import SAMPLES
from analysis.store.study import mask_text
from studies.model.study import Run, Tracking
from studies.tracking.comparison import Comparison, comparison
from studies.tracking.events import Log, can_go_on, event_files
from studies.tracking.links import link, log_folder

# TensorBoard shows groups of tags in the order of their names: learning, ranking, sampling and speed, which are curves,
# before summary, which is single points.
TAGS = {
    "loss": "learning/loss",
    "accuracy": "learning/accuracy",
    "lr": "learning/rate",
    "gradient_norm": "learning/gradient_norm",
    "updates": "learning/updates",
    "seconds": "speed/epoch_s",
}
SHOWN = ("tau_b", "spearman")

Value = float | str


def write_end(run: Run) -> None:
    """The log of a run that has ended, if it is tracked."""
    if run.tracking is None:
        return
    try:
        write_log(run, run.tracking)
    except (OSError, ValueError) as error:
        warn(run, error)


def write_log(run: Run, tracking: Tracking) -> None:
    """Write the run's log and link it to the study: the end alone, if the log has all that comes before it and no end,
    else all of it anew. OSError or ValueError for files that cannot be used.

    ranking/tau_b/SET: at milestones and at the end, on the same small part of a score set. summary/tau_b (of
    the sample, or of all) and summary/tau_b/topN: at the end, on all that was scored. Only the latter are results.
    Of other estimators than supernets: what `write_measures_log` says.
    """
    if not run.variant.estimator.trains_supernet:
        write_measures_log(run, tracking)
        return
    from studies.tracking.figures import pictures  # Matplotlib would cost every worker 80 MB

    rows = history.read(run.folder, run.run_id)
    end = (run.folder / history.FILE).stat().st_mtime
    spent = list(accumulate(row["seconds"] for row in rows))
    when = {int(row["epoch"]): end - spent[-1] + time for row, time in zip(rows, spent, strict=True)}
    last = max(when, default=0)
    compared = comparison(tracking, run.variant)
    found = of_mode(scores.read(run.folder, run.run_id), run)
    taken = of_mode(milestones.read(run.folder, run.run_id), run)
    folder = log_folder(run, tracking)
    there = {"learning/loss": list(when), "ranking/": set(taken["epoch"]), "summary/": ()}
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
            metrics = {f"summary/{name}": value for name, value in compared.whole(column).items()}
            taus = compared.taus(compared.sets(), column)
            inside = {f"summary/tau_b/{name}": tau for name, tau in taus.items() if name != compared.name}
            if len(taken):
                log.scalars(ranks(compared, found, int(taken["budget"].iloc[0])), last, end)
            log.scalars(metrics | inside, last, end)
            for tag, png in pictures(run, compared, column, tracking.column).items():
                log.picture(tag, png, last, end)
        log.hparams(hparams(run), metrics)
    link(run, tracking)


def write_measures_log(run: Run, tracking: Tracking) -> None:
    """The log of an estimator that trains no supernet: no curves, but each of its measures beside the supernets' final
    numbers. Write the run's event file anew and link it to the study. OSError or ValueError for files that cannot be
    used.

    summary/tau_b and so on: of the first measure, so that the hyperparameter page compares it with supernets;
    summary_measures/tau_b/MEASURE: of each. 'rankings', a text: all measures in a table, of how many scores each is,
    and the seconds that its scores took, among them what measures of one computation share.
    """
    path = run.folder / scores.FILE
    end = path.stat().st_mtime if path.exists() else None
    compared, found = comparison(tracking, run.variant), scores.read(run.folder, run.run_id)
    first, by_measure = run.variant.measures[0], dict(list(found.groupby("measure", sort=False)))
    metrics: dict[str, float] = {}
    all_measures: dict[str, float] = {}
    lines = ["| measure | tau-b | Spearman | scores | seconds |", "|---|---|---|---|---|"]
    for measure in run.variant.measures:
        if measure not in by_measure:
            continue
        rows = by_measure[measure]
        whole = compared.whole(compared.column(rows))
        if measure == first:
            metrics = {f"summary/{name}": value for name, value in whole.items()}
        all_measures |= {f"summary_measures/{name}/{measure}": whole[name] for name in SHOWN if name in whole}
        taus = [f"{whole[name]:.3f}" if name in whole else "-" for name in SHOWN]
        scored, seconds = int(rows["score"].notna().sum()), float(rows["seconds"].sum())
        lines.append(f"| {measure} | {' | '.join(taus)} | {scored} of {len(rows)} | {seconds:.1f} |")
    with Log(log_folder(run, tracking)) as log:
        if all_measures or metrics:
            log.scalars(metrics | all_measures, 0, end)
        log.text("rankings", "\n".join(lines), 0, end)
        log.hparams(hparams(run), metrics)
    link(run, tracking)


def of_mode(frame: pd.DataFrame, run: Run) -> pd.DataFrame:
    """The rows of the BN mode that the run is about."""
    return frame[frame["measure"] == run.variant.measures[0]]


def ranks(compared: Comparison, rows: pd.DataFrame, budget: int) -> dict[str, float]:
    """What a milestone shows: tau-b of the small part of the sets, accuracy and loss of the sample's."""
    sets, values = compared.small_sets(budget), compared.column(rows)
    found = {f"ranking/tau_b/{name}": tau for name, tau in compared.taus(sets, values).items()}
    sample = sets[compared.name]
    columns = {"ranking/valid_accuracy": values, "ranking/valid_loss": compared.column(rows, "loss")}
    for tag, column in columns.items():
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


class Curves:
    """Called with the rows of a history (analysis/store/history.py) one after the other; what is not known is left out.

    sampling/NAME: its share, in percent, of all that was drawn so far at all choice points. Under strict fairness the
    shares are equal but for the group that the epoch cut, under uniform sampling they become so with time.
    sampling_POINT/NAME: the same at one choice point.
    """

    def __init__(self) -> None:
        self.drawn: dict[str, Counter[str]] = {}

    def __call__(self, row: Mapping[str, Any]) -> dict[str, float]:
        found = {tag: float(row[name]) for name, tag in TAGS.items() if known(row.get(name))}
        if known(row.get("images")) and row["seconds"] > 0:
            found["speed/images_per_s"] = row["images"] / row["seconds"]
        for name, count in row.items():
            if name.startswith(SAMPLES) and known(count):
                point, operation = name.removeprefix(SAMPLES).split("/")
                for group in ("sampling", f"sampling_{point}"):
                    self.drawn.setdefault(group, Counter())[operation] += count
        for group, counts in self.drawn.items():
            if total := sum(counts.values()):
                found |= {f"{group}/{operation}": 100 * count / total for operation, count in counts.items()}
        return found


def known(value: Any) -> bool:
    """Whether a value is there: a file has no None but a NaN."""
    return value is not None and not math.isnan(value)


def hparams(run: Run) -> dict[str, Value]:
    """'Variant', 'Space', 'Mask', 'Seed' and all that the training depends on, 'training/lr' and so on.

    Numbers are floats, everything else is text. What is None is left out: the dashboard shows the union of the keys. It
    sorts them, capitals first, and shows the first few: those that name the run.
    """
    config = run.variant.config(run.seed)
    names = {
        "Variant": run.variant.name,
        "Space": run.variant.space,
        "Mask": mask_text(run.variant.masked_space),
        "Seed": str(run.seed),  # as a number it would be 0.0000
    }
    return names | {key: value for key, value in _flat(config) if key not in ("space", "mask", "seed")}


def _flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Value]]:
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}/")
        elif isinstance(value, bool):
            yield f"{prefix}{name}", str(value).lower()
        elif isinstance(value, (int, float)):
            yield f"{prefix}{name}", float(value)
        elif isinstance(value, (tuple, list)):
            yield f"{prefix}{name}", ", ".join(map(str, value)) or "-"
        elif value is not None:
            yield f"{prefix}{name}", str(value)


def warn(run: Run, error: OSError | ValueError) -> None:
    """Say that there is no log."""
    print(f"{run.name}: no TensorBoard log: {error}", file=sys.stderr, flush=True)
