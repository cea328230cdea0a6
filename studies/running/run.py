"""One run: prepare (train a supernet), score architectures, write the results. Finished work is never done twice.

The run's folder holds `config.json`, `scores.parquet`, `result.json` and what the preparation keeps: of a supernet
`checkpoint.pt` (after every epoch) and `history.csv`. A run that was killed continues from there and from its scores
and ends with the same bits. Its parts, `train`, `score` (several of them, in as many processes) and `finish`, can be
done apart. Whoever works on a run has its lock. What is prepared and scored is the estimator's business.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import torch

from analysis.store import config as config_file
from analysis.store import result as result_file
from analysis.store import scores
from studies.estimators.compute.task import MemberRun, MemberRuns, Task
from studies.estimators.estimator import Pair, Record
from studies.model.study import Run
from studies.model.variant import Variant
from studies.running.lock import Lock, RunLocked, lock_run
from studies.running.progress import Report
from studies.running.provenance import versions
from studies.running.repair import is_complete_and_whole, repair
from studies.running.state import missing
from studies.running.state import record as record_of
from studies.tracking.live import Live
from studies.tracking.log import write_end
from supernet.data.dataset import DataSet, Split
from supernet.data.loading import load_data
from supernet.fast.memory import in_one_line
from supernet.files import remove_stale, write_text
from supernet.network import NetworkConfig
from supernet.spaces import Architecture, Space
from supernet.training import checkpoint
from supernet.training.precision import set_numerics


def run_one(run: Run, architectures: list[Architecture], device: str, report: Report) -> dict[str, Any]:
    """Bring a run to its end; its result, also written to `result.json`.

    result: run_id, status ('finished', 'diverged' or 'failed'), reason, updates, epochs, train_seconds,
    score_seconds, scored (what `is_complete` goes by), and the digests of the run's files. A failure is a result: other
    runs go on, and this one is tried again next time. A result that is not written has status 'held': another process
    has the run.
    """

    def work(lock: Lock) -> dict[str, Any]:
        if is_complete_and_whole(run, architectures):  # since this process looked, by another
            return run.result() or {}
        result = _prepare(run, device, report, lock)
        if result["status"] != "finished":
            return result
        if pairs := to_score(run, architectures):
            _score(run, pairs, (0, 1), device, report)
        return finish(run, result, architectures, lock)

    return _alone(run, work)


def train(run: Run, device: str, report: Report) -> dict[str, Any]:
    """Prepare: train a supernet to the end of its budget. The result so far, written unless scores are to come."""
    return _alone(run, lambda lock: _prepare(run, device, report, lock))


def _alone(run: Run, work: Callable[[Lock], dict[str, Any]]) -> dict[str, Any]:
    """The result of work that has the run to itself, or of its failure."""
    try:
        with lock_run(run.folder) as lock:
            try:
                return work(lock)
            except Exception as error:
                lock.check()
                return failure(run, error)
    except Exception as error:
        return failure(run, error)


def to_score(run: Run, architectures: list[Architecture]) -> list[Pair]:
    """What is left to score, with the files of an interrupted scoring put together."""
    scores.merge(run.folder, run.run_id)
    return missing(run, architectures)


def score(
    run: Run, pairs: list[Pair], part: tuple[int, int], device: str, report: Report
) -> dict[str, Any] | None:
    """Score part k of n of the pairs, by what was prepared; None, or the result of a failure."""
    try:
        _score(run, pairs, part, device, report)
        return None
    except Exception as error:
        return failure(run, error)


def finish(run: Run, result: dict[str, Any], architectures: list[Architecture], lock: Lock) -> dict[str, Any]:
    """Put all scores into one file, add their time to the result of the training, and write it."""
    try:
        lock.check()
        all_scores = scores.merge(run.folder, run.run_id)
        known = (run.result() or {}).get("scored")
        result = result | {
            "score_seconds": round(float(all_scores["seconds"].sum()), 2),
            "scored": record_of(run, architectures, known),
            "versions": versions(),
        }
        write_end(run)
        return result_file.write(run.folder, result)
    except Exception as error:
        return failure(run, error)


def failure(run: Run, error: Exception) -> dict[str, Any]:
    """The result of a run that failed, written down unless it has finished before: what failed then was added. A run
    that another process has did not fail."""
    result = {
        "run_id": run.run_id,
        "status": "held" if isinstance(error, RunLocked) else "failed",
        "reason": in_one_line(error),
    }
    if isinstance(error, RunLocked):
        return result
    if not isinstance(error, (ValueError, OSError)):
        with suppress(OSError):
            write_text(run.folder / "error.log", "".join(traceback.format_exception(error)))
    with suppress(OSError, ValueError):
        if (run.result() or {}).get("status") != "finished":
            return result_file.write(run.folder, result, bind=False)
    return result


def _prepare(run: Run, device: str, report: Report, lock: Lock) -> dict[str, Any]:
    """Do what comes before any score; the result so far. It is written at once if no score will follow."""
    remove_stale(run.folder, age=0)  # nobody else is writing here
    for line in repair(run):
        print(f"note: {run.name}: {line}", file=sys.stderr, flush=True)
    before = run.result()
    if before and before["status"] == "diverged":
        return before
    config_file.write(run.folder, run.variant.config(run.seed))
    lock.check()
    prepared = run.variant.estimator.prepare(task_of(run, device, lock.check), partial(report, "train"))
    nothing = {"status": "finished", "reason": None, "updates": 0, "epochs": 0, "train_seconds": 0.0}
    result = {"run_id": run.run_id, **nothing, **prepared, "score_seconds": 0.0}
    if result["status"] != "finished":
        lock.check()
        write_end(run)
        return result_file.write(run.folder, result)
    return result


def _score(run: Run, pairs: list[Pair], part: tuple[int, int], device: str, report: Report) -> None:
    estimator, space = run.variant.estimator, run.variant.masked_space
    written = scores.Part(run.folder, run.run_id, part[0])
    for record in estimator.score_pairs(task_of(run, device), pairs, part, partial(report, "score")):
        written.add(row_of(record, space, estimator.record_fields))
    written.write()


def row_of(record: Record, space: Space, fields: tuple[str, ...]) -> scores.Row:
    """A record as a row of the file of scores, with these fields; its details as JSON."""
    details = json.dumps(dict(record.details)) if record.details else None
    values = {name: details if name == "details" else getattr(record, name) for name in fields}
    return {"arch": space.text(record.architecture), **values}


def task_of(run: Run, device: str, check: Callable[[], None] = lambda: None) -> Task:
    """The task of the run's architectures; from now on this process computes as the estimator asks.

    check: raises if the run is no longer this process's. ValueError if the networks have not the data's classes, which
    only the data know for a folder of images, or if the supernet to start from is not trained.
    """
    variant, place = run.variant, torch.device(device)
    set_numerics(place, **variant.estimator.numerics)
    data = load_data(variant.data, run.data_root) if variant.estimator.needs_images else _no_images(variant)
    if data.classes != variant.size.classes:
        raise ValueError(
            f"size: classes is {variant.size.classes}, but {data.classes} in the data {data.name!r}"
        )
    return Task(
        space=variant.masked_space,
        size=variant.size,
        data=data.to(place),
        seed=run.seed,
        folder=run.folder,
        device=place,
        noise=variant.evaluation_noise,
        evaluation_batch=variant.evaluation_batch,
        start=None if _has_begun(run) else _parent_checkpoint(run),
        start_config=None if variant.parent is None else _network_config(variant.parent),
        generation=variant.generation,
        members=_members(run),
        run_id=run.run_id,
        check=check,
        watch=partial(Live, run),
    )


def _members(run: Run) -> tuple[MemberRuns, ...]:
    def member_run(other: Run) -> MemberRun:
        kind = other.variant.estimator.kind
        return MemberRun(
            name=other.name, run_id=other.run_id, folder=other.folder, kind=kind, members=_members(other)
        )

    return tuple(
        MemberRuns(
            name=one.name,
            measure=str(one.measure),
            by=one.by,
            equal_functions=one.equal_functions,
            runs=tuple(member_run(run.other(one.variant, seed)) for seed in one.seeds_of(run.seed)),
        )
        for one in run.variant.members
    )


def _has_begun(run: Run) -> bool:
    """Whether a supernet's training has taken over what it needs of the parent."""
    return run.variant.estimator.trains_supernet and (run.folder / result_file.CHECKPOINT).exists()


def _network_config(variant: Variant) -> NetworkConfig:
    options = variant.estimator.network_options
    return NetworkConfig(space=variant.masked_space, size=variant.size, **options)


def _no_images(variant: Variant) -> DataSet:
    """Data of the right form with nothing in it: who only looks something up needs no data set to be downloaded."""
    size = variant.size
    images = torch.zeros((0, size.image_channels, size.image_size, size.image_size), dtype=torch.uint8)
    none = Split(images, torch.zeros(0, dtype=torch.int64))
    mean, std = torch.zeros(size.image_channels), torch.ones(size.image_channels)
    return DataSet(variant.data.name, size.classes, none, none, none, mean, std)


def _parent_checkpoint(run: Run) -> Path | None:
    """The last checkpoint of the parent, if the run has one. ValueError if its training has not finished."""
    parent = run.parent
    if parent is None:
        return None
    path = parent.folder / result_file.CHECKPOINT
    state = checkpoint.load(path, run_id=parent.run_id) if path.exists() else {}
    if state.get("status") != "finished":
        why = (parent.result() or {}).get("reason")
        raise ValueError(
            f"parent: {parent.name} ({parent.folder.name}) has not finished its training"
            f"{f' ({why})' if why else ''}; run it first"
        )
    return path
