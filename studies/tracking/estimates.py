"""The log of another estimator's run: no curves, but each of its measures beside the supernets' final numbers."""

from __future__ import annotations

from analysis.store import scores
from studies.model.study import Run
from studies.tracking.comparison import comparison
from studies.tracking.events import Log
from studies.tracking.hparams import hparams
from studies.tracking.settings import Tracking, link, log_folder

SHOWN = ("tau_b", "spearman")


def write_estimate_log(run: Run, tracking: Tracking) -> None:
    """Write the run's event file anew and link it to the study. OSError or ValueError for files that cannot be used.

    final/tau_b and so on: of the first measure, so that the hyperparameter page compares it with supernets;
    measures/tau_b/MEASURE: of each. 'rankings', a text: all measures in a table, of how many scores each is, and the
    seconds that its scores took, among them what measures of one computation share.
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
            metrics = {f"final/{name}": value for name, value in whole.items()}
        all_measures |= {f"measures/{name}/{measure}": whole[name] for name in SHOWN if name in whole}
        taus = [f"{whole[name]:.3f}" if name in whole else "-" for name in SHOWN]
        scored, seconds = int(rows["score"].notna().sum()), float(rows["seconds"].sum())
        lines.append(f"| {measure} | {' | '.join(taus)} | {scored} of {len(rows)} | {seconds:.1f} |")
    with Log(log_folder(run, tracking)) as log:
        if all_measures or metrics:
            log.scalars(metrics | all_measures, 0, end)
        log.text("rankings", "\n".join(lines), 0, end)
        log.hparams(hparams(run), metrics)
    link(run, tracking)
