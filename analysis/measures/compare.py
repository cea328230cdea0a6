"""Variants of several studies side by side: all on the architectures that every one of them scored.

A training that several studies share is one variant. Studies that are compared with different truths are refused: a
difference would be one between benchmarks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.differences import COLUMNS as PAIR_COLUMNS
from analysis.measures.differences import Side, compare_sides
from analysis.measures.score_sets import ScoreSets
from analysis.statistics.correlation import spearman
from analysis.statistics.crossed import columns as interval_columns
from analysis.statistics.crossed import interval_names
from analysis.statistics.uncertainty import mean_tau, spread, taus
from analysis.store.run import Run, read_scores
from analysis.store.study import Study, load_study, mask_text
from analysis.store.tables import Table, join
from supernet.spaces import Space, get_space

COLUMNS = [
    "space", "variant", "studies", "mask", "measure", "runs", "seeds", "n", "set", "tau_b", "tau_b_std",
    *interval_names("tau_b_"), "spearman", "spearman_std", "mean_score", "epochs", "updates", "train_seconds",
]  # fmt: skip
COSTS = ("epochs", "updates", "train_seconds")


@dataclass(frozen=True, kw_only=True)
class Compared:
    """variants: a row each, numbers over its finished seeds on the n architectures that all variants of the space have;
    the best of each space first. differences: as in Collected, of every pair, without baselines. notes: what was left
    out and why."""

    studies: tuple[Study, ...]
    variants: pd.DataFrame
    differences: pd.DataFrame
    notes: tuple[str, ...]


@dataclass
class _Group:
    """Runs that differ only in their seed. scores: of each finished seed, by the architecture's text. judged, sampled:
    of each study the set that they are evaluated on, by its name and by the texts that stand for the space."""

    name: str
    space: Space
    measure: str
    studies: list[str]
    runs: dict[int, Run]
    scores: dict[int, pd.Series] = field(default_factory=dict)
    results: list[dict[str, Any]] = field(default_factory=list)
    judged: list[str] = field(default_factory=list)
    sampled: list[set[str]] = field(default_factory=list)


def compare(folders: Sequence[Path]) -> Compared:
    """Read the folders of the studies. Raises ValueError for one that is named twice, for no space in common, for
    truths that differ, and where no architecture has a score of every variant."""
    studies = tuple(load_study(folder) for folder in folders)
    names = [study.name for study in studies]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"study: {twice[0]!r} is named twice")
    spaces, notes = _spaces_in_common(studies)
    rows: list[dict[str, Any]] = []
    frames = []
    for name in spaces:
        truth = _truth(studies, name)
        groups = _groups(studies, name)
        sets: dict[tuple[str, Space], ScoreSets] = {}
        for group in groups:
            _read(group, truth, [study for study in studies if study.name in group.studies], sets)
        usable = [group for group in groups if _has_ranking(group)]
        notes += [_left_out(group) for group in groups if group not in usable]
        if not usable:
            notes.append(f"{get_space(name).title}: no variant has a value yet")
            continue
        of_space, sides = _rows(usable, truth)
        rows += of_space
        frames.append(compare_sides(name, sides, usable[0].name))
    filled = [frame for frame in frames if len(frame)]
    return Compared(
        studies=studies,
        variants=pd.DataFrame(rows, columns=COLUMNS),
        differences=pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=PAIR_COLUMNS),
        notes=tuple(notes),
    )


def _spaces_in_common(studies: Sequence[Study]) -> tuple[list[str], list[str]]:
    """The spaces of at least two of the studies (of the study, if it is one), and a note on each of the others."""
    having: dict[str, list[str]] = {}
    for study in studies:
        for name in dict.fromkeys(run.space.name for run in study.runs):
            having.setdefault(name, []).append(study.name)
    common = [name for name, whose in having.items() if len(whose) > 1 or len(studies) == 1]
    if not common:
        spaces = "; ".join(f"{name}: {', '.join(whose)}" for name, whose in having.items())
        raise ValueError(f"study: no space is in two of them ({spaces})")
    return common, [
        f"{get_space(name).title}: only in {whose[0]}, not compared"
        for name, whose in having.items()
        if name not in common
    ]


def _truth(studies: Sequence[Study], name: str) -> Table:
    """The one truth of a space."""
    first: tuple[Study, Table] | None = None
    for study in studies:
        if not any(run.space.name == name for run in study.runs):
            continue
        table = study.table(name)
        if first is None:
            first = study, table
        else:
            _check_same(name, *first, study, table)
    assert first is not None
    return first[1]


def _check_same(name: str, study: Study, table: Table, other: Study, another: Table) -> None:
    column, second = study.truths[name].column, other.truths[name].column
    shared = table.row_of.keys() & another.row_of.keys()
    here, there = (side.numbers[[side.row_of[text] for text in sorted(shared)]] for side in (table, another))
    if column == second and shared and np.array_equal(here, there, equal_nan=True):
        return
    raise ValueError(
        f"truth: {study.name} compares {name} with {column} of {study.truths[name].path.name}, {other.name} with"
        f" {second} of {other.truths[name].path.name}; their accuracies must be the same"
    )


def _groups(studies: Sequence[Study], name: str) -> list[_Group]:
    """The variants of a space; those that share a run are one. Of two with one name each says whose it is."""
    groups: list[_Group] = []
    for study in studies:
        own: dict[tuple[Space, str, str], dict[int, Run]] = {}
        for run in study.runs:
            if run.space.name == name and run.trained_as is None:
                own.setdefault((run.space, run.variant, run.measure), {})[run.seed] = run
        for (space, variant, mode), runs in own.items():
            ids = {run.run_id for run in runs.values()}
            for group in groups:
                shared = ids & {run.run_id for run in group.runs.values()}
                if shared and (group.space, group.measure) == (space, mode):
                    group.runs |= {seed: run for seed, run in runs.items() if seed not in group.runs}
                    group.studies.append(study.name)
                    break
            else:
                groups.append(_Group(variant, space, mode, [study.name], runs))
    names = [group.name for group in groups]
    for group in groups:
        if names.count(group.name) > 1:
            group.name += f" ({', '.join(group.studies)})"
    return groups


def _read(
    group: _Group, truth: Table, studies: Sequence[Study], sets: dict[tuple[str, Space], ScoreSets]
) -> None:
    """Fill in scores and results of the seeds that finished, and the set that they are evaluated on in all of the
    studies that have the variant. sets: those that are known already."""
    tables = []
    for seed, run in sorted(group.runs.items()):
        result = studies[0].result(run)
        if result["status"] != "finished":
            continue
        table = read_scores(run)[run.measure]
        try:
            joined = join(truth, table)
        except ValueError:  # not one usable score
            continue
        tables.append(table)
        group.scores[seed] = pd.Series(joined.score, index=joined.frame["arch"].astype(str).to_numpy())
        group.results.append(result)
    for study in studies if tables else ():
        key = study.name, group.space
        if key not in sets:
            sets[key] = ScoreSets(study, group.space)
        judged = sets[key].of_tables(tables)
        group.judged.append(judged.name)
        group.sampled.append({judged.truth.texts[row] for row in np.flatnonzero(judged.sample)})


def _has_ranking(group: _Group) -> bool:
    return bool(group.scores) and all(np.ptp(scores.to_numpy()) > 0 for scores in group.scores.values())


def _left_out(group: _Group) -> str:
    why = "a seed's scores are all equal" if group.scores else "no finished run"
    return f"“{group.name}” of {', '.join(group.studies)}: left out, {why}"


def _rows(groups: Iterable[_Group], truth: Table) -> tuple[list[dict[str, Any]], list[Side]]:
    """Rows of COLUMNS and what is to be compared, the best first."""
    groups = list(groups)
    scored = [set(scores.index) for group in groups for scores in group.scores.values()]
    shared = set.intersection(*(own for group in groups for own in group.sampled), *scored)
    names = {(name, group.space) for group in groups for name in group.judged}
    judged = names.pop()[0] if len(names) == 1 else "what all of them share"
    texts = [text for text in truth.texts if text in shared]  # the order of the truth
    if not texts:
        raise ValueError(
            f"study: no architecture of {groups[0].space.name} has a score of all {len(groups)} variants"
        )
    places = truth.rows_of(texts)
    values = truth.numbers[places]
    rows = []
    for group in groups:
        frame = pd.DataFrame({seed: scores[texts] for seed, scores in group.scores.items()})
        columns = list(frame.to_numpy(dtype=float).T)
        mean = mean_tau(values, columns)
        constant = any(np.ptp(column) == 0 for column in columns) or np.ptp(values) == 0
        by_seed = spread([] if constant else taus(values, columns))
        rho = spread([] if constant else [spearman(values, column).value or 0.0 for column in columns])
        costs: dict[str, list[Any]] = {name: [result.get(name) for result in group.results] for name in COSTS}
        row = {
            "space": group.space.name,
            "variant": group.name,
            "studies": ", ".join(group.studies),
            "mask": mask_text(group.space),
            "measure": group.measure,
            "runs": len(group.runs),
            "seeds": len(columns),
            "n": len(texts),
            "set": judged,
            "tau_b": by_seed.mean,
            "tau_b_std": by_seed.std,
            **interval_columns("tau_b_", mean),
            "spearman": rho.mean,
            "spearman_std": rho.std,
            "mean_score": float(frame.to_numpy(dtype=float).mean()),
            **{name: None if None in known else sum(known) / len(known) for name, known in costs.items()},
        }
        rows.append((row, Side(group.name, truth, frame.set_axis(places), judged)))
    rows.sort(key=lambda pair: -np.inf if pair[0]["tau_b"] is None else pair[0]["tau_b"], reverse=True)
    return [row for row, _ in rows], [side for _, side in rows]
