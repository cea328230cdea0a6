"""A study's folder -> tidy frames. Computes every number that figures and report show.

`space`, `mask`, `variant` and `measure` name a group of runs that differ only in their seed. A run that has
not ended, diverged or failed has a row with its state and no numbers: it is counted and never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.baselines import baseline_scores
from analysis.measures.differences import controls, differences
from analysis.measures.ranked_runs import Key, Ranked, ranked_runs
from analysis.measures.references import EXPECTED, METRICS, expected, flat, ranked, references
from analysis.measures.score_sets import COLUMNS, ScoreSet, ScoreSets, points
from analysis.statistics.crossed import columns, interval_names
from analysis.statistics.range_restriction import RangeRestriction
from analysis.statistics.uncertainty import mean_tau, spread
from analysis.store.study import GROUP, Study, load_study, mask_text, read_truth
from supernet.spaces import Space


@dataclass(frozen=True, kw_only=True)
class Collected:
    """Frames of one study. Accuracies and regrets in percent and percentage points, times in seconds.

    tau_b_loss: the same scoring's loss as the score, the lowest best, instead of its accuracy.
    set: the score set that a ranking is judged on (score_sets.py); every number of it is of those of its architectures
      that all its finished seeds have a usable score of.
    runs: a row for each run and BatchNorm mode: GROUP, seed, run_id, primary, state, reason, set, and the numbers. A
      run that is also judged under masks that it was not trained with has rows for each, with `trained_as` (the variant
      that was trained; else none) and `control` (the id of the run trained alike under that mask).
    variants: a row for each GROUP: numbers of runs by state; for each metric its mean and `<metric>_std` over
      seeds; tau_b_low and tau_b_high, 95 % of the mean over seeds, over architectures and trainings, of one seed over
      architectures alone, and the parts, tau_b_architectures_* and tau_b_trainings_* (crossed.py); seedmean_<metric>:
      the metric of the mean score over seeds; of seedmean_tau_b_loss also *_low and *_high, 95 % over architectures.
    top: a row for each run, BatchNorm mode and N: tau_b inside the true top-N, mean_score of it, n scored;
      expected_points, expected_places: tau_b there if the run's error were the same everywhere (range_restriction.py).
    points: a row for each GROUP (primary only) and architecture: truth, score (mean over seeds), place, sampled; no
      rows where they were not asked for.
    references: a row for each space, mask, set that a ranking is judged on, and baseline or kind of ceiling: tau_b,
      spearman, ..., n.
    top_references: tau_b of the same inside the true top-N, by N, and of third_seed (ceiling.inside_top); expected_* as
      in top, from the reference's tau_b over all.
    Where a study scores its true top-N and a random sample, what is not of the top is of the sample alone.
    differences: for each space the variants against each other and against its baselines.
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
INTERVAL = tuple(interval_names("tau_b_"))
COUNTS = ("n", "missing", "updates", "epochs", "train_seconds", "score_seconds")
Columns = dict[Key, pd.DataFrame]  # of each GROUP a column a seed, by the row number of its score set's truth


def collect(folder: Path, with_points: bool = True) -> Collected:
    """Read a study's folder. Raises ValueError or OSError for what is there and cannot be used.

    with_points: whether to fill `points`, which take up more memory than all else."""
    study = load_study(folder)
    whole = {name: read_truth(study.truths[name], name) for name in {run.space.name for run in study.runs}}
    spaces = dict.fromkeys(run.space for run in study.runs)
    sets = {space: ScoreSets(study, whole[space.name], space) for space in spaces}
    known = {space: own.whole.only(own.allowed & own.whole.known) for space, own in sets.items()}
    restricted = {space: RangeRestriction(table.numbers, study.top) for space, table in known.items()}
    read: list[Ranked] = []
    groups: dict[tuple[Space, str, str], list[int]] = {}
    for place, run in enumerate(study.runs):
        groups.setdefault((run.space, run.variant, run.measure), []).append(place)
    judged: dict[Key, ScoreSet] = {}
    common: Columns = {}
    by_loss: Columns = {}
    for places in groups.values():
        group = ranked_runs([study.runs[place] for place in places], sets[study.runs[places[0]].space])
        read += [one._replace(place=places[one.place]) for one in group.runs]
        judged |= group.judged
        common |= group.scores
        by_loss |= group.losses
    read.sort(key=lambda one: one.place)
    rows = [one.row for one in read]
    top = [
        entry
        | expected(restricted[study.runs[one.place].space].inside(one.row.get("tau_b")).get(entry["top"]))
        for one in read
        for entry in one.inside
    ]
    named = [*GROUP, "trained_as", "control", "seed", "run_id", "primary", "state", "reason", "set"]
    runs = pd.DataFrame(rows, columns=[*named, *COUNTS, *METRICS])
    used = {
        space: list(dict.fromkeys(one for key, one in judged.items() if key[:2] == _key(space)))
        or [sets[space].first]
        for space in spaces
    }
    baselines = {
        space: baseline_scores(table, study.truths[space.name].size).set_axis(table.texts)
        for space, table in known.items()
    }
    reference_rows, top_references = references(study, used, baselines, known, restricted)
    variants = _variants(study, runs, common, by_loss, judged)
    sampled = {key: frame[judged[key].sample[frame.index]] for key, frame in common.items()}
    sides = {key: (judged[key], frame) for key, frame in sampled.items()}
    return Collected(
        study=study,
        runs=runs,
        variants=variants,
        top=pd.DataFrame(
            top,
            columns=[*GROUP, "seed", "primary", "top", "n", "tau_b", "tau_b_loss", "mean_score", *EXPECTED],
        ),
        points=_points(variants, common if with_points else {}, judged),
        references=reference_rows,
        top_references=top_references,
        differences=differences(variants, sides, {_key(space): own for space, own in baselines.items()}),
        controls=controls(runs, variants, sides),
    )


def _key(space: Space) -> tuple[str, str]:
    return space.name, mask_text(space)


def _variants(
    study: Study,
    runs: pd.DataFrame,
    common: Mapping[Key, pd.DataFrame],
    by_loss: Mapping[Key, pd.DataFrame],
    judged: Mapping[Key, ScoreSet],
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
        row |= dict.fromkeys(("n", "set", *INTERVAL, *(f"seedmean_{m}" for m in METRICS), *BY_LOSS))
        if key in common:
            row |= {"set": judged[key].name} | _interval_and_mean(study, common[key], judged[key])
        if key in by_loss and by_loss[key].shape[1] == len(finished):
            row |= _by_mean_loss(by_loss[key], judged[key])
        rows.append(row)
    return pd.DataFrame(rows)


def _interval_and_mean(study: Study, scores: pd.DataFrame, judged: ScoreSet) -> dict[str, Any]:
    """What the architectures that every seed scored say: an interval, the metrics of their mean score."""
    inside = judged.sample[scores.index.to_numpy()]
    values = judged.truth.numbers[scores.index.to_numpy()]
    mean = mean_tau(values[inside], [scores[seed].to_numpy()[inside] for seed in scores.columns])
    row: dict[str, Any] = {"n": int(inside.sum())} | columns("tau_b_", mean)
    if inside.any():
        averaged = scores.mean(axis=1).to_numpy()
        numbers = flat(ranked(judged.top, values, averaged, inside))
        row |= {f"seedmean_{name}": numbers[name] for name in METRICS if name in numbers}
    return row


def _by_mean_loss(scores: pd.DataFrame, judged: ScoreSet) -> dict[str, Any]:
    """BY_LOSS of the architectures that every seed scored. scores: minus their losses, a column a seed."""
    inside = scores[judged.sample[scores.index.to_numpy()]]
    if not len(inside):
        return {}
    found = mean_tau(judged.truth.numbers[inside.index.to_numpy()], [inside.mean(axis=1).to_numpy()])
    return dict(zip(BY_LOSS, (found.value, found.low, found.high), strict=True))


def _points(
    variants: pd.DataFrame, common: Mapping[Key, pd.DataFrame], judged: Mapping[Key, ScoreSet]
) -> pd.DataFrame:
    frames = []
    primary = variants[variants["primary"].astype(bool)]
    wanted = set(primary[GROUP].itertuples(index=False, name=None))
    for key, scores in common.items():
        group = dict(zip(GROUP, key, strict=True))
        if key not in wanted:
            continue
        truth, sample = judged[key].truth, judged[key].sample
        positions = scores.index.to_numpy()
        texts, values = [truth.texts[i] for i in positions], truth.numbers[positions]
        mean = scores.mean(axis=1).to_numpy()
        frames.append(points(texts, values, mean, sample[positions], scores.shape[1]).assign(**group))
    names = [*GROUP, *COLUMNS]
    return pd.concat(frames, ignore_index=True)[names] if frames else pd.DataFrame(columns=names)
