"""The numbers of a figure of the ranking study, from the runs that it shows and no others: cheaper than the whole
report, and equal to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.figures.ranking_study.layouts import SPACE, Line, Mask
from analysis.measures.ceiling import ceiling, inside_top
from analysis.measures.score_sets import ScoreSet, ScoreSets, points
from analysis.statistics.correlation import kendall_tau, pearson, spearman
from analysis.statistics.topn import topn_mean_tau, true_top
from analysis.statistics.uncertainty import spread
from analysis.store.run import Run, read_scores
from analysis.store.study import FULL, Study, mask_text
from analysis.store.tables import Table, join

RANDOM = "random"  # the set that is not of the top
CORRELATIONS = ("tau_b", "spearman", "pearson")
METRICS = ("mean_score", *CORRELATIONS)


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """series: a row for each variant and set of architectures: trained, mask (text), set ('10', ..., 'random'), n, and
    of each of METRICS mean and `<metric>_std` over `seeds`; topn_mean_tau: of the mean score over seeds, the same in
    every row of a variant; ceiling_<metric>: the truth's own seed against seed in that set (the top of one seed, see
    ceiling.inside_top), for the correlations, NaN where the truth has no seeds. Accuracies in percent.
    points: a row for each variant and architecture: truth, score (mean over seeds), place (1: best truth), sampled.
    absent: names of variants that the study does not have. unfinished: of those without a usable run."""

    series: pd.DataFrame
    points: pd.DataFrame
    absent: tuple[str, ...]
    unfinished: tuple[str, ...]


def by_variant(frame: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """The rows of `series` or of `points` by (trained, mask)."""
    groups = frame.groupby(["trained", "mask"], sort=False) if len(frame) else ()
    return {(str(trained), str(mask)): rows for (trained, mask), rows in groups}


def gather(study: Study, lines: Iterable[Line]) -> Gathered:
    """Read the runs behind these lines. Raises ValueError or OSError for what is there and cannot be used."""
    known = _runs_by_variant(study)
    sets: dict[Mask, ScoreSets] = {}
    ceilings: dict[ScoreSet, dict[str, dict[str, float]]] = {}
    series: list[dict[str, object]] = []
    frames: list[pd.DataFrame] = []
    absent, unfinished = [], []
    for line in lines:
        runs = known.get(line.key)
        if not runs:
            absent.append(line.name)
            continue
        if line.mask not in sets:
            sets[line.mask] = ScoreSets(study, runs[0].space)
        finished = [run for run in runs if study.result(run)["status"] == "finished"]
        tables = [read_scores(run)[run.measure] for run in finished]
        judged = sets[line.mask].of_tables(tables) if tables else sets[line.mask].first
        truth, sampled = judged.truth, judged.sample
        columns = _scores(tables, truth)
        if not columns:
            unfinished.append(line.name)
            continue
        if judged not in ceilings:
            of_mask = sets[line.mask]
            inside = of_mask.whole.only(of_mask.allowed)
            ceilings[judged] = _ceilings(truth, inside, judged.top, sampled)
        group = {"trained": line.trained, "mask": mask_text(runs[0].space)}
        for row in _series(judged.top, truth.numbers, columns, sampled):
            series.append(group | row | ceilings[judged][str(row["set"])])
        mean = np.mean(columns, axis=0)
        kept = np.flatnonzero(np.isfinite(mean))  # the architectures that every seed scored
        texts, values = [truth.texts[row] for row in kept], truth.numbers[kept]
        frames.append(points(texts, values, mean[kept], sampled[kept], len(columns)).assign(**group))
    return Gathered(
        series=pd.DataFrame(series),
        points=pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(),
        absent=tuple(absent),
        unfinished=tuple(unfinished),
    )


def _runs_by_variant(study: Study) -> dict[tuple[str, Mask], list[Run]]:
    """The runs of each variant, by how it was trained and its mask; not those evaluated under a further mask."""
    found: dict[tuple[str, Mask], list[Run]] = {}
    for run in study.runs:
        if run.space.name == SPACE and run.trained_as is None:
            suffix = f", without {mask_text(run.space)}" if run.space.mask else f", {FULL}"
            found.setdefault((run.variant.removesuffix(suffix), run.space.mask), []).append(run)
    return found


def _scores(tables: list[Table], truth: Table) -> list[np.ndarray]:
    """Of each table its scores in the truth's order, (n,), NaN where there is none or no truth."""
    columns = []
    for table in tables:
        try:
            joined = join(truth, table)
        except ValueError:  # not one usable score: the run ended and there is nothing to draw
            continue
        column = np.full(len(truth.texts), np.nan)
        column[joined.positions] = joined.frame["score"].to_numpy(dtype=float)
        columns.append(column)
    return columns


def _series(
    top: Sequence[int], truth: np.ndarray, columns: list[np.ndarray], sampled: np.ndarray
) -> list[dict[str, object]]:
    """A row for each true top-N that fits, and one for the random sample, of what every seed has scored."""
    common = np.isfinite(np.stack(columns)).all(axis=0)
    sizes = [size for size in top if size <= common.sum()]
    mean = np.mean(columns, axis=0)[common]
    trend = topn_mean_tau(truth[common], mean, top, permutations=0).value if top else None
    rows: list[dict[str, object]] = []
    for name, size in [*((str(size), size) for size in sizes), (RANDOM, None)]:
        values: dict[str, list[float]] = {metric: [] for metric in METRICS}
        inside = np.flatnonzero(common & sampled) if size is None else np.flatnonzero(common)
        chosen = inside if size is None else inside[true_top(truth[inside], size)]
        for column in columns:
            for metric, value in _metrics(truth[chosen], column[chosen]).items():
                values[metric].append(value)
        row: dict[str, object] = {"set": name, "n": len(chosen), "seeds": len(columns)}
        for metric, over_seeds in values.items():
            # A metric that some seed lacks has no mean: the rest would be another set of seeds.
            result = spread(over_seeds if np.isfinite(over_seeds).all() else [])
            row |= {metric: result.mean, f"{metric}_std": result.std}
        rows.append(row | {"topn_mean_tau": trend})
    return rows


def _ceilings(
    truth: Table, whole: Table, top: Sequence[int], sampled: np.ndarray
) -> dict[str, dict[str, float]]:
    """For each true top-N that fits, and for the random sample, the noise ceiling of each of CORRELATIONS.

    whole: all that the mask allows, from which a seed chooses its top; truth: what is scored of it."""
    known = np.isfinite(truth.numbers)
    sizes = [n for n in top if n <= known.sum()]
    found: dict[str, dict[str, float]] = {str(n): {} for n in [*sizes, RANDOM]}
    between = (ceiling(truth.frame[known & sampled], truth.column) or {}).get("seed_to_seed", {})
    for metric in CORRELATIONS:
        inside = inside_top(whole.frame, whole.column, sizes, metric).get("seed_to_seed", {})
        for name, value in [(RANDOM, between.get(metric)), *((str(n), inside.get(n)) for n in sizes)]:
            found[name][f"ceiling_{metric}"] = np.nan if value is None else value
    return found


def _metrics(truth: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """METRICS of truth and scores (n,); NaN where undefined."""
    if not len(scores):
        return dict.fromkeys(METRICS, np.nan)
    coefficients = (kendall_tau(truth, scores), spearman(truth, scores), pearson(truth, scores))
    values = [np.nan if one.value is None else one.value for one in coefficients]
    return dict(zip(METRICS, [float(scores.mean()), *values], strict=True))
