"""Rankings side by side, kept as the orders of their scores (store/kept_rankings.py) and read again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.estimator_scores import Scored, SideBySide
from analysis.measures.score_sets import ScoreSets
from analysis.measures.yardstick import mean_and_error
from analysis.statistics.pairs import Floats, places
from analysis.store import kept_rankings
from analysis.store.costs import COSTS
from analysis.store.scored import ScoredSet
from analysis.store.study import Study, Truth
from supernet.files import digest
from supernet.spaces import Architecture, Space, get_space


def keep(study: Study, groups: Sequence[SideBySide], folder: Path) -> list[Path]:
    """Write the rankings of a study to a folder; the paths, the manifest last.

    Costs are kept as means, details of records not at all."""
    written = [_keep_group(group, folder) for group in groups]
    spaces = {group.space.name for group in groups}
    kept_rankings.write(
        folder,
        {
            "study": study.name,
            "title": study.title,
            "question": study.question,
            "note": study.note,
            "top": list(study.top),
            "truth": {name: _truth(study.truths[name], folder) for name in study.truths if name in spaces},
            "groups": written,
            "command": study.provenance.get("command"),
        },
    )
    files = [one["file"] for group in written for one in (group, group.get("functions")) if one is not None]
    return [*(folder / file for file in files), folder / kept_rankings.FILE]


def _truth(truth: Truth, folder: Path) -> kept_rankings.Truth:
    return {
        "file": os.path.relpath(truth.path, folder),
        "column": truth.column,
        "size": None if truth.size is None else asdict(truth.size),
        "title": truth.title,
        "checksum": digest(truth.path),
        "values": _values(truth),
    }


def _values(truth: Truth) -> str:
    """SHA-256 of the architectures of a table and their values in the column; '' where it has no such column."""
    frame = pd.read_parquet(truth.path)
    if not {"arch", truth.column} <= set(frame):
        return ""
    frame = frame.sort_values("arch")
    found = hashlib.sha256("\n".join(frame["arch"]).encode())
    found.update(frame[truth.column].to_numpy(dtype="<f8").tobytes())
    return found.hexdigest()


def _keep_group(group: SideBySide, folder: Path) -> kept_rankings.Group:
    space = group.space
    forms = [_forms(space, text) for text in group.arch]
    number_of = {form: number for number, form in enumerate(dict.fromkeys(forms))}
    function = np.array([number_of[form] for form in forms], dtype=np.uint32)
    first = np.unique(function, return_index=True)[1]
    columns: dict[str, Any] = {"arch": list(group.arch), "sample": group.sample, "function": function}
    of_functions: dict[str, Any] = {}
    rankings: list[kept_rankings.Ranking] = []
    for number, one in enumerate(group.rankings):
        names = [f"r{number}s{seed}" for seed in range(len(one.scores))]
        orders = [_order(scores) for scores in one.scores]
        shared = bool(orders) and all(
            np.array_equal(row, row[first][function]) for row in (*orders, *one.status)
        )
        rows = first if shared else slice(None)
        (of_functions if shared else columns).update(
            {name: order[rows] for name, order in zip(names, orders, strict=True)}
        )
        rankings.append({
            "variant": one.variant, "measure": one.measure, "kind": one.kind, "seeds": one.seeds, "labels": one.labels,
            "columns": names,
            "statuses": [_statuses(words[rows]) for words in one.status],
            "functions": shared,
            "costs": {name: mean_and_error(one.costs[name])[0] for name in COSTS},
            "prepared": dict(one.prepared),
            "reasons": list(one.reasons),
        })  # fmt: skip
    name = "-".join([space.name, *space.mask])
    files = kept_rankings.write_orders(folder, name, pd.DataFrame(columns))
    found: kept_rankings.Group = {
        "space": space.name,
        "mask": list(space.mask),
        **files,
        "rankings": rankings,
    }
    if of_functions:
        found["functions"] = kept_rankings.write_orders(
            folder, f"{name}-functions", pd.DataFrame(of_functions)
        )
    return found


def _forms(space: Space, text: str) -> tuple[Architecture, Architecture]:
    """What architectures of one function share: with networks that are trained apart, and with what predictors see."""
    architecture = space.parse(text)
    return space.stand_alone_form(architecture), space.stand_alone_form(space.canonical(architecture))


def _order(scores: Floats) -> np.ndarray:
    """(n,) of scores, NaN for none: 1 for the lowest, equal for equal ones, 0 for none."""
    known = np.isfinite(scores)
    order = np.zeros(len(scores), dtype=np.uint32 if len(scores) > np.iinfo(np.uint16).max else np.uint16)
    if known.any():
        order[known] = places(scores[known]).dense + 1
    return order


def _statuses(words: np.ndarray) -> dict[str, list[int]]:
    """The rows without a score, by their status."""
    rows: dict[str, list[int]] = {}
    for row in np.flatnonzero(words != "ok"):
        rows.setdefault(str(words[row]), []).append(int(row))
    return rows


def is_kept(folder: Path) -> bool:
    """Whether a folder holds rankings that were kept."""
    return (folder / kept_rankings.FILE).is_file()


def read_kept(folder: Path) -> tuple[Study, list[SideBySide]]:
    """The rankings that were kept in a folder; the study has no runs.

    Raises ValueError, naming the file, for what is damaged, and for a table of truth that is not there or not the one
    that the rankings were kept with."""
    content = kept_rankings.read(folder)
    truths = {name: _read_truth(truth, folder) for name, truth in content["truth"].items()}
    study = Study(
        folder=folder,
        name=content["study"],
        title=content["title"],
        question=content["question"],
        note=content["note"],
        top=tuple(content["top"]),
        runs=(),
        truths=truths,
        scored=ScoredSet(),
        provenance={"command": content.get("command")},
    )
    return study, [_read_group(study, folder, group) for group in content["groups"]]


def _read_truth(entry: dict[str, Any], folder: Path) -> Truth:
    truth, manifest = Truth.of_entry(entry, folder), folder / kept_rankings.FILE
    if not truth.path.is_file():
        raise ValueError(f"{manifest}: truth: there is no table {truth.path}; put or import it there")
    if digest(truth.path) != entry["checksum"] and _values(truth) != entry.get("values"):
        raise ValueError(f"{manifest}: truth: {truth.path} is not the table that the rankings were kept with")
    return truth


def _read_group(study: Study, folder: Path, group: dict[str, Any]) -> SideBySide:
    space = get_space(group["space"], group["mask"])
    frame, of_functions = kept_rankings.read_orders(folder, group)
    known = ScoreSets(study, space).known
    rows = known.rows_of(frame["arch"].tolist())
    kept = np.zeros(len(known.texts), dtype=bool)
    kept[rows[rows >= 0]] = True
    table = known.only(kept)
    if table.texts != frame["arch"].tolist():
        raise ValueError(
            f"{folder / group['file']}: arch: not rows of {study.truths[space.name].path} in its order"
        )
    return SideBySide(
        space=space,
        table=table,
        known=known,
        sample=frame["sample"].to_numpy(dtype=bool),
        rankings=tuple(_read_ranking(space, frame, of_functions, one) for one in group["rankings"]),
    )


def _read_ranking(
    space: Space, frame: pd.DataFrame, of_functions: pd.DataFrame, one: dict[str, Any]
) -> Scored:
    n = len(frame)
    shared = one.get("functions", False)
    rows = frame["function"].to_numpy() if shared else np.arange(n)
    orders = (of_functions if shared else frame)[one["columns"]].to_numpy(dtype=float)[rows].T.reshape(-1, n)
    status = np.full(orders.shape, "ok", dtype=object)
    for words, statuses in zip(status, one["statuses"], strict=True):
        for word, without in statuses.items():
            words[np.isin(rows, without)] = word
    return Scored(
        space=space,
        variant=one["variant"],
        kind=one["kind"],
        measure=one["measure"],
        seeds=one["seeds"],
        scores=np.where(orders > 0, orders, np.nan),
        status=status,
        costs={name: np.full(n, np.nan if value is None else value) for name, value in one["costs"].items()},
        prepared=one["prepared"],
        reasons=tuple(one["reasons"]),
        labels=one["labels"],
    )
