"""Runs that are one ranking together: the parts of a space, each scored by a supernet of its own.

What a part's supernet cost is that of the whole: the trainings that it started from count once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.store.study import Run

UNFINISHED = ("failed", "diverged", "missing")  # the state of the whole is the first of these that a part has
TRAINING_COSTS = ("updates", "epochs", "train_seconds")


def with_ancestors(runs: Sequence[Run], entries: Sequence[Mapping[str, Any]]) -> tuple[Run, ...]:
    """The runs with those that each started from, as study.json's entries of them name their parents. ValueError if
    one starts from itself."""
    parents = {run.run_id: entry.get("parent") for run, entry in zip(runs, entries, strict=True)}
    by_id = {run.run_id: run for run in runs}

    def before(run_id: str) -> tuple[Run, ...]:
        found: list[Run] = []
        while (parent := parents.get(run_id)) in by_id:
            if len(found) == len(by_id):
                raise ValueError(f"runs: {run_id} starts from itself")
            found.insert(0, by_id[parent])
            run_id = parent
        return tuple(found)

    return tuple(replace(run, before=before(run.run_id)) for run in runs)


def join_parts(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The runs, with one for all that are parts of one ranking with one seed, where the first of them was."""
    groups: dict[tuple[str, str, int], list[Run]] = {}
    joined: dict[int, list[Run]] = {}
    for place, run in enumerate(runs):
        if run.part_of is None:
            joined[place] = [run]
        elif (key := (run.space.name, run.part_of, run.seed)) in groups:
            groups[key].append(run)
        else:
            groups[key] = joined[place] = [run]
    return tuple(parts[0] if parts[0].part_of is None else _whole(parts) for parts in joined.values())


def _whole(parts: Sequence[Run]) -> Run:
    first = parts[0]
    assert first.part_of is not None
    assert first.whole is not None
    return replace(
        first,
        variant=first.part_of,
        space=first.whole,
        run_id=f"{first.run_id} +{len(parts) - 1}",
        before=tuple({run.run_id: run for part in parts for run in part.before}.values()),
        parts=tuple(parts),
    )


def joined_result(parts: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """One result.json for those of the parts, by their names. Not finished unless all are; reason says which."""
    left = {name: result for name, result in parts.items() if result["status"] != "finished"}
    if left:
        status = next(s for s in UNFINISHED if any(result["status"] == s for result in left.values()))
        reasons = "; ".join(
            f"{name}: {result.get('reason') or result['status']}" for name, result in left.items()
        )
        return {"status": status, "reason": f"{len(left)} of {len(parts)} parts: {reasons}"}
    names = (*TRAINING_COSTS, "score_seconds")
    return {"status": "finished", "reason": None} | {n: _sum(parts.values(), n) for n in names}


def with_costs_of(result: dict[str, Any], before: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The result with the costs of the trainings that it started from."""
    if not before or result["status"] != "finished":
        return result
    return result | {name: _sum([result, *before], name) for name in TRAINING_COSTS}


def _sum(results: Any, name: str) -> float | None:
    """None if one of them does not tell: a part of a sum would be taken for the whole."""
    values = [result.get(name) for result in results]
    return None if None in values else sum(values)
