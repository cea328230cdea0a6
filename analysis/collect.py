"""A study's folder -> tidy frames. Computes every number that figures and report show.

`space`, `mask`, `variant` and `measure` name a group of runs that differ only in their seed. A run that has
not ended, diverged or failed has a row with its state and no numbers: it is counted and never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.correlation import kendall_tau
from analysis.differences import controls, differences
from analysis.pairs import Floats
from analysis.points import COLUMNS, points
from analysis.range_restriction import RangeRestriction
from analysis.references import EXPECTED, METRICS, expected, flat, ranked, references
from analysis.study import (
    GROUP,
    Run,
    Study,
    allowed_rows,
    load_study,
    mask_text,
    read_result,
    read_scores,
    read_truth,
    to_score,
)
from analysis.tables import Table, join
from analysis.topn import by_truth, tau_true_top
from analysis.uncertainty import mean_tau, spread
from supernet.spaces import Space

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Collected:
    """Frames of one study. Accuracies and regrets in percent and percentage points, times in seconds.

    tau_b_loss: the same scoring's loss as the score, the lowest best, instead of its accuracy.
    runs: a row for each run and BatchNorm mode: GROUP, seed, run_id, primary, state, reason, and the numbers. A run
      that is also judged under masks that it was not trained with has rows for each, with `trained_as` (the variant
      that was trained; else none) and `control` (the id of the run trained alike under that mask).
    variants: a row for each GROUP: numbers of runs by state; for each metric its mean and `<metric>_std` over
      seeds; tau_b_low and tau_b_high (95 % over architectures, of the mean over seeds); seedmean_<metric>:
      the metric of the mean score over seeds; of seedmean_tau_b_loss also *_low and *_high, 95 % over architectures.
    top: a row for each run, BatchNorm mode and N: tau_b inside the true top-N, mean_score of it, n scored;
      expected_points, expected_places: tau_b there if the run's error were the same everywhere (range_restriction.py).
    points: a row for each GROUP (primary only) and architecture: truth, score (mean over seeds), place, sampled; no
      rows where they were not asked for.
    references: a row for each space, mask and 'params', 'macs' or kind of ceiling: tau_b, spearman, ..., n.
    top_references: tau_b of the same inside the true top-N, by N, and of third_seed (ceiling.inside_top); expected_* as
      in top, from the reference's tau_b over all.
    Where a study scores its true top-N and a random sample, what is not of the top is of the sample alone.
    differences: for each space the leading variant against every other and against params and macs.
    controls: each variant trained with a mask against one that was only judged under it.
    """

    study: Study
    runs: pd.DataFrame
    variants: pd.DataFrame
    top: pd.DataFrame
    points: pd.DataFrame
    references: pd.DataFrame
    top_references: pd.DataFrame
    differences: pd.DataFrame
    controls: pd.DataFrame

    @property
    def primary(self) -> pd.DataFrame:
        """The rows of `variants` in the BatchNorm mode that each variant is about."""
        return self.variants[self.variants["primary"].astype(bool)]


OVER_SEEDS = (
    *(name for name in METRICS if name != "topn_p"),
    "updates",
    "epochs",
    "train_seconds",
    "score_seconds",
)
BY_LOSS = tuple(f"seedmean_tau_b_loss{end}" for end in ("", "_low", "_high"))
Columns = dict[tuple[str, ...], dict[int, Floats]]  # group -> seed -> a number by the truth's row number
COUNTS = ("n", "missing", "updates", "epochs", "train_seconds", "score_seconds")


def collect(folder: Path, with_points: bool = True) -> Collected:
    """Read a study's folder. Raises ValueError or OSError for what is there and cannot be used.

    with_points: whether to fill `points`, which take up more memory than all else."""
    study = load_study(folder)
    truths: dict[Space, Table] = {}  # what was to be scored
    samples: dict[Space, Bools] = {}  # its rows that stand for the whole space
    whole = {name: read_truth(study.truths[name], name) for name in {run.space.name for run in study.runs}}
    for space in dict.fromkeys(run.space for run in study.runs):
        truths[space], samples[space] = to_score(study, whole[space.name], space)
    rows: list[dict[str, Any]] = []
    top: list[dict[str, Any]] = []
    columns: Columns = {}
    losses: Columns = {}  # minus the loss, of runs that have one of every architecture with a score
    allowed = {space: whole[space.name].only(allowed_rows(whole[space.name], space)) for space in truths}
    restricted = {
        space: RangeRestriction(table.numbers[table.known], study.top) for space, table in allowed.items()
    }
    for run in study.runs:
        for row, inside, column, loss in _run_rows(study, run, truths[run.space], samples[run.space]):
            rows.append(row)
            restriction = restricted[run.space].inside(row.get("tau_b"))
            top += [entry | expected(restriction.get(entry["top"])) for entry in inside]
            key = tuple(row[name] for name in GROUP)
            for kept, values in ((columns, column), (losses, loss)):
                if values is not None:
                    kept.setdefault(key, {})[run.seed] = values
    named = [*GROUP, "trained_as", "control", "seed", "run_id", "primary", "state", "reason"]
    runs = pd.DataFrame(rows, columns=[*named, *COUNTS, *METRICS])
    by_name = {(space.name, mask_text(space)): (truths[space], samples[space]) for space in truths}
    common = {key: pd.DataFrame(columns.pop(key)).dropna() for key in list(columns)}
    reference_rows, top_references = references(study, truths, samples, allowed, restricted)
    by_loss = {key: pd.DataFrame(losses.pop(key)).dropna() for key in list(losses)}
    variants = _variants(study, runs, common, by_loss, by_name)
    sampled = {key: frame[by_name[key[0], key[1]][1][frame.index]] for key, frame in common.items()}
    return Collected(
        study=study,
        runs=runs,
        variants=variants,
        top=pd.DataFrame(
            top,
            columns=[*GROUP, "seed", "primary", "top", "n", "tau_b", "tau_b_loss", "mean_score", *EXPECTED],
        ),
        points=_points(variants, common if with_points else {}, by_name),
        references=reference_rows,
        top_references=top_references,
        differences=differences(study, variants, sampled, truths, samples),
        controls=controls(runs, variants, sampled, truths),
    )


def _run_rows(
    study: Study, run: Run, truth: Table, sample: Bools
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]], Floats | None, Floats | None]]:
    """For each BatchNorm mode of a run: its row, its rows by top-N, its scores and, where it has them all,
    its losses with the sign turned, by the truth's row number."""
    result = read_result(run)
    group = {"space": run.space.name, "mask": mask_text(run.space), "variant": run.variant, "seed": run.seed}
    row = {
        **group,
        "trained_as": run.trained_as,
        "control": run.control,
        "run_id": run.run_id,
        "state": result["status"],
        "reason": result.get("reason"),
        **{name: result.get(name) for name in ("updates", "epochs", "train_seconds", "score_seconds")},
    }
    if result["status"] != "finished":
        yield {**row, "measure": run.measure, "primary": True}, [], None, None
        return
    for mode, table in read_scores(run).items():
        which = {"measure": mode, "primary": mode == run.measure}
        try:
            joined = join(truth, table)
        except ValueError as error:  # not one usable score: the run ended and there is nothing to compare
            yield {**row, **which, "state": "failed", "reason": str(error)}, [], None, None
            continue
        values, scores = joined.truth, joined.score
        inside_sample = sample[joined.positions]
        if not inside_sample.any():
            reason = f"{table.source}: no architecture of the sample has a score"
            yield {**row, **which, "state": "failed", "reason": reason}, [], None, None
            continue
        numbers = ranked(study, values, scores, inside_sample)
        inside = [{**group, **which, "top": int(n), **entry} for n, entry in numbers["top"].items()]
        filled, losses = _filled(scores, joined.positions, len(truth.texts)), None
        own: dict[str, Any] = {"missing": joined.missing, "mean_score": float(scores[inside_sample].mean())}
        if "loss" in table.frame.columns:
            by_loss = -table.frame["loss"].to_numpy(dtype=float)[joined.score_rows]
            if np.isfinite(by_loss).all():  # not every estimator has one
                losses = _filled(by_loss, joined.positions, len(truth.texts))
                own["tau_b_loss"] = kendall_tau(values[inside_sample], by_loss[inside_sample]).value
                best = by_truth(values)
                for entry in inside:
                    entry["tau_b_loss"] = tau_true_top(values, by_loss, entry["top"], best).value
        if "seconds" in table.frame.columns:  # of this way to score alone
            own["score_seconds"] = round(float(table.frame["seconds"].sum()), 2)
        yield {**row, **which, **flat(numbers), **own}, inside, filled, losses


def _filled(values: Floats, positions: npt.NDArray[np.intp], count: int) -> Floats:
    """(count,): the values at these positions, NaN elsewhere."""
    filled = np.full(count, np.nan)
    filled[positions] = values
    return filled


def _variants(
    study: Study,
    runs: pd.DataFrame,
    common: Mapping[tuple[str, ...], pd.DataFrame],
    by_loss: Mapping[tuple[str, ...], pd.DataFrame],
    truths: Mapping[tuple[str, str], tuple[Table, Bools]],
) -> pd.DataFrame:
    rows = []
    numbers = runs[[*OVER_SEEDS, "missing"]].astype(float).to_numpy()
    states = runs["state"].to_numpy(dtype=object)
    groups: dict[tuple[str, ...], list[int]] = {}  # in the order of their first runs
    for place, key in enumerate(runs[GROUP].itertuples(index=False, name=None)):
        groups.setdefault(key, []).append(place)
    for key, places in groups.items():
        group = np.array(places)
        first, finished = runs.iloc[group[0]], group[states[group] == "finished"]
        row: dict[str, Any] = dict(zip(GROUP, key, strict=True)) | {"primary": bool(first["primary"])}
        row |= {"trained_as": first["trained_as"], "runs": len(group), "finished": len(finished)}
        row |= {state: int((states[group] == state).sum()) for state in ("diverged", "failed")}
        row["runs_missing"] = int((states[group] == "missing").sum())
        *metrics, missing = numbers[finished].T
        for name, values in zip(OVER_SEEDS, metrics, strict=True):
            # A metric that some finished run lacks has no mean: the rest would be another set of seeds.
            over_seeds = spread([] if np.isnan(values).any() else values.tolist())
            row |= {name: over_seeds.mean, f"{name}_std": over_seeds.std}
        row["missing"] = int(missing.max()) if len(finished) else None
        row |= dict.fromkeys(("n", "tau_b_low", "tau_b_high", *(f"seedmean_{m}" for m in METRICS), *BY_LOSS))
        if key in common:
            row |= _over_architectures(study, common[key], *truths[(key[0], key[1])])
        if key in by_loss and by_loss[key].shape[1] == len(finished):
            row |= _by_mean_loss(by_loss[key], *truths[(key[0], key[1])])
        rows.append(row)
    return pd.DataFrame(rows)


def _over_architectures(study: Study, scores: pd.DataFrame, truth: Table, sample: Bools) -> dict[str, Any]:
    """What the architectures that every seed scored say: an interval, the metrics of their mean score."""
    inside = sample[scores.index.to_numpy()]
    values = truth.numbers[scores.index.to_numpy()]
    mean = mean_tau(values[inside], [scores[seed].to_numpy()[inside] for seed in scores.columns])
    row = {"n": int(inside.sum()), "tau_b_low": mean.low, "tau_b_high": mean.high}
    if inside.any():
        averaged = scores.mean(axis=1).to_numpy()
        numbers = flat(ranked(study, values, averaged, inside))
        row |= {f"seedmean_{name}": numbers[name] for name in METRICS if name in numbers}
    return row


def _by_mean_loss(scores: pd.DataFrame, truth: Table, sample: Bools) -> dict[str, Any]:
    """BY_LOSS of the architectures that every seed scored. scores: minus their losses, a column a seed."""
    inside = scores[sample[scores.index.to_numpy()]]
    if not len(inside):
        return {}
    found = mean_tau(truth.numbers[inside.index.to_numpy()], [inside.mean(axis=1).to_numpy()])
    return dict(zip(BY_LOSS, (found.value, found.low, found.high), strict=True))


def _points(
    variants: pd.DataFrame,
    common: Mapping[tuple[str, ...], pd.DataFrame],
    truths: Mapping[tuple[str, str], tuple[Table, Bools]],
) -> pd.DataFrame:
    frames = []
    primary = variants[variants["primary"].astype(bool)]
    wanted = set(primary[GROUP].itertuples(index=False, name=None))
    for key, scores in common.items():
        group = dict(zip(GROUP, key, strict=True))
        if key not in wanted:
            continue
        truth, sample = truths[(key[0], key[1])]
        positions = scores.index.to_numpy()
        texts, values = [truth.texts[i] for i in positions], truth.numbers[positions]
        mean = scores.mean(axis=1).to_numpy()
        frames.append(points(texts, values, mean, sample[positions], scores.shape[1]).assign(**group))
    names = [*GROUP, *COLUMNS]
    return pd.concat(frames, ignore_index=True)[names] if frames else pd.DataFrame(columns=names)
