"""A study's folder -> tidy frames. Computes every number that figures and report show.

`space`, `mask`, `variant` and `measure` name a group of runs that differ only in their seed. A run that has
not ended, diverged or failed has a row with its state and no numbers: it is counted and never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.differences import controls, differences
from analysis.measures.rankings import BY_LOSS, FACTS, Entry, Key, Ranking
from analysis.measures.references import EXPECTED, METRICS, references
from analysis.measures.score_sets import COLUMNS, ScoreSets, points
from analysis.statistics.crossed import interval_names
from analysis.statistics.uncertainty import spread
from analysis.store.cache import FOLDER, Cache
from analysis.store.study import GROUP, Study, load_study
from supernet.spaces import Space


@dataclass(frozen=True, kw_only=True)
class Collected:
    """Frames of one study. Accuracies and regrets in percent and percentage points, times in seconds.

    Where a study scores its true top-N and a random sample, what is not of the top is of the sample alone. In every
    frame
    `set` is the score set that a ranking is evaluated on (score_sets.py): its architectures of which all finished seeds
    have a
    usable score. `tau_b_loss` takes the loss of the same scoring, the lowest best, instead of the accuracy.

    Attributes:
        study: what `study.json` says.
        runs: a row for each run and BatchNorm mode: GROUP, seed, run_id, primary, state, reason, set, and the numbers.
            A run that is also evaluated under masks that it was not trained with has rows for each, with `trained_as`
            (the variant that was trained; else none) and `control` (the id of the run trained alike under that mask).
        variants: a row for each GROUP: numbers of runs by state; for each metric its mean and `<metric>_std` over
            seeds; `tau_b_low` and `tau_b_high`, 95 % of the mean over seeds, over architectures and trainings, of one
            seed over architectures alone; the parts, `tau_b_architectures_*` and `tau_b_trainings_*` (crossed.py);
            labelled: architectures of the sample that a seed was told the label of, which are left out of its numbers
            and of every comparison with it; `seedmean_<metric>`: the metric of the mean score over seeds, for
            `seedmean_tau_b_loss` also `*_low` and `*_high`, 95 % over architectures.
        top: a row for each run, BatchNorm mode and N: tau_b within the true top-N, its mean_score, n scored;
            expected_points, expected_places: tau_b there if the run's error were the same everywhere
            (range_restriction.py).
        points: a row for each GROUP (primary only) and architecture: truth, score (mean over seeds), place, sampled; no
            rows where they were not asked for.
        references: a row for each space, mask, set, and baseline or kind of ceiling: tau_b, spearman, ..., n.
        top_references: tau_b of the same within the true top-N, by N, and of third_seed (ceiling.inside_top);
            `expected_*` as in top, from the reference's tau_b over all.
        differences: for each space the variants against each other and against its baselines.
        controls: each variant trained with a mask against one that was only evaluated under it.
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

    def only(self, *variants: str, space: str | None = None) -> Collected:
        """The same of some variants, all if none is named, and of one space, all if None: for a figure of these.

        Numbers stay what they are; references are those of the space. Raises ValueError for a name that is not there.
        """
        there = list(dict.fromkeys(self.variants[["space", "variant"]].itertuples(index=False, name=None)))
        for word, asked, known in (
            ("space", [space] if space else [], [of for of, _ in there]),
            ("variant", variants, [name for _, name in there]),
        ):
            for name in asked:
                if name not in known:
                    raise ValueError(f"{word}: {name!r} is not one of {', '.join(dict.fromkeys(known))}")
        kept = {
            (of, name) for of, name in there if space in (None, of) and (not variants or name in variants)
        }
        gone = set(there) - kept

        def rows(frame: pd.DataFrame) -> pd.DataFrame:
            keep = np.ones(len(frame), dtype=bool)
            for role in {"variant", "leader", "other"} & set(frame.columns):
                pairs = zip(frame["space"], frame[role], strict=True)
                keep &= np.fromiter((pair not in gone for pair in pairs), dtype=bool, count=len(frame))
            if space is not None:
                keep &= (frame["space"] == space).to_numpy(dtype=bool)
            return frame[keep].reset_index(drop=True)

        frames = {item.name: rows(getattr(self, item.name)) for item in fields(self) if item.name != "study"}
        runs = tuple(run for run in self.study.runs if (run.space.name, run.variant) in kept)
        return replace(self, study=replace(self.study, runs=runs), **frames)


OVER_SEEDS = (*(name for name in METRICS if name != "topn_p"), *FACTS)
INTERVAL = tuple(interval_names("tau_b_"))
COUNTS = ("n", "missing", *FACTS)
RUNS = [
    *GROUP,
    "trained_as",
    "control",
    "seed",
    "run_id",
    "primary",
    "state",
    "reason",
    "set",
    *COUNTS,
    *METRICS,
]
TOP = [*GROUP, "seed", "primary", "top", "n", "tau_b", "tau_b_loss", "mean_score", *EXPECTED]
CACHE = "rankings"


def collect(folder: str | Path, with_points: bool = True) -> Collected:
    """Read a study's folder.

    Args:
        folder: RUNS/NAME.
        with_points: whether to fill `points`, which take up more memory than all else.

    Raises:
        ValueError: for what is there and cannot be used.
        OSError: for what cannot be read.
    """
    folder = Path(folder)
    study = load_study(folder)
    cache = Cache(folder / FOLDER / CACHE)
    spaces = {space: ScoreSets(study, space) for space in dict.fromkeys(run.space for run in study.runs)}
    groups: dict[tuple[Space, str, str], list[int]] = {}
    for place, run in enumerate(study.runs):
        groups.setdefault((run.space, run.variant, run.measure), []).append(place)
    rankings: list[Ranking] = []
    entries: list[tuple[int, list[Entry]]] = []
    for places in groups.values():
        runs = [study.runs[place] for place in places]
        rankings.append(Ranking(study, runs, spaces[runs[0].space], cache))
        entries += zip(places, rankings[-1].entries(), strict=True)
    entries.sort(key=lambda pair: pair[0])
    listed = [entry for _, of_run in entries for entry in of_run]
    runs_frame = pd.DataFrame([entry.row for entry in listed], columns=RUNS)
    variants = _variants(runs_frame, rankings)
    by_key = {ranking.key(): ranking for ranking in rankings}
    reference_rows, top_references = references(_used(spaces, rankings), cache)
    collected = Collected(
        study=study,
        runs=runs_frame,
        variants=variants,
        top=pd.DataFrame([row for entry in listed for row in entry.inside], columns=TOP),
        points=_points(variants, by_key if with_points else {}),
        references=reference_rows,
        top_references=top_references,
        differences=differences(variants, by_key),
        controls=controls(runs_frame, variants, by_key),
    )
    cache.save()
    return collected


def _used(spaces: Mapping[Space, ScoreSets], rankings: Sequence[Ranking]) -> dict[ScoreSets, list[list[Any]]]:
    """The sets on which rankings of each space are evaluated, in words; where there is no ranking yet, what the study
    scores."""
    used: dict[ScoreSets, list[list[Any]]] = {sets: [] for sets in spaces.values()}
    for ranking in rankings:
        for one in ranking.numbers["measures"].values():
            if one["words"] not in used[ranking.sets]:
                used[ranking.sets].append(one["words"])
    return {sets: listed or [sets.in_words(sets.first)] for sets, listed in used.items()}


def _variants(runs: pd.DataFrame, rankings: Sequence[Ranking]) -> pd.DataFrame:
    over_seeds = {
        ranking.key(measure): one["numbers"]
        for ranking in rankings
        for measure, one in ranking.numbers["measures"].items()
    }
    rows = []
    numbers = runs[[*OVER_SEEDS, "missing"]].astype(float).to_numpy()
    states = runs["state"].to_numpy(dtype=object)
    trained_as, is_primary = runs["trained_as"].to_numpy(dtype=object), runs["primary"].to_numpy(dtype=bool)
    groups: dict[tuple[str, ...], list[int]] = {}  # in the order of their first runs
    for place, key in enumerate(runs[GROUP].itertuples(index=False, name=None)):
        groups.setdefault(key, []).append(place)
    empty = dict.fromkeys(("n", "set", *INTERVAL, *(f"seedmean_{m}" for m in METRICS), *BY_LOSS))
    for key, places in groups.items():
        group = np.array(places)
        finished = group[states[group] == "finished"]
        row: dict[str, Any] = dict(zip(GROUP, key, strict=True)) | {"primary": bool(is_primary[group[0]])}
        row |= {"trained_as": trained_as[group[0]], "runs": len(group), "finished": len(finished)}
        row |= {state: int((states[group] == state).sum()) for state in ("diverged", "failed")}
        row["runs_missing"] = int((states[group] == "missing").sum())
        *metrics, missing = numbers[finished].T
        for name, values in zip(OVER_SEEDS, metrics, strict=True):
            # A metric that some finished run lacks has no mean: the rest would be another set of seeds.
            mean = spread([] if np.isnan(values).any() else values.tolist())
            row |= {name: mean.mean, f"{name}_std": mean.std}
        row["missing"] = int(missing.max()) if len(finished) else None
        rows.append(row | empty | {"labelled": 0} | over_seeds.get(key, {}))
    return pd.DataFrame(rows)


def _points(variants: pd.DataFrame, rankings: Mapping[Key, Ranking]) -> pd.DataFrame:
    frames = []
    primary = variants[variants["primary"].astype(bool)]
    wanted = set(primary[GROUP].itertuples(index=False, name=None))
    for key, ranking in rankings.items():
        if key not in wanted or not ranking.has_scores:
            continue
        judged, scores = ranking.judged(), ranking.scores
        positions = scores.index.to_numpy()
        texts, values = [judged.truth.texts[i] for i in positions], judged.truth.numbers[positions]
        mean, sample = scores.mean(axis=1).to_numpy(), judged.sample[positions]
        group = dict(zip(GROUP, key, strict=True))
        frames.append(points(texts, values, mean, sample, scores.shape[1]).assign(**group))
    names = [*GROUP, *COLUMNS]
    return pd.concat(frames, ignore_index=True)[names] if frames else pd.DataFrame(columns=names)
