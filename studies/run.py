"""One run: train a supernet, score architectures, write the results. Finished work is never done twice.

The run's folder holds `config.json`, `checkpoint.pt` (after every epoch), `history.csv`, `scores.parquet` and
`result.json`. A run that was killed goes on from its checkpoint and its scores and ends with the same bits.
Its parts, `train`, `score` (several of them, in as many processes) and `finish`, can be done apart. Whoever works on
a run holds its lock.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from studies import history, lineage, scores
from studies.initial import start_from_parent
from studies.lock import Held, Lock, hold
from studies.seeds import derived_seed
from studies.study import Run
from studies.tracking.live import Live, write_end
from supernet import checkpoint
from supernet.data import load
from supernet.files import remove_stale, write_text
from supernet.network import NetworkConfig, Supernet, seeded
from supernet.sampling import Sampler
from supernet.scoring import Scorer
from supernet.spaces import Architecture
from supernet.training import Epoch, Trainer

Report = Callable[[str, float, str], None]  # 'train' or 'score', fraction done of it, detail


def run_one(run: Run, architectures: list[Architecture], device: str, report: Report) -> dict[str, Any]:
    """Bring a run to its end; its result, also written to `result.json`.

    result: run_id, status ('finished', 'diverged' or 'failed'), reason, updates, epochs, train_seconds,
    score_seconds, scored (what `is_complete` goes by). A failure is a result: other runs go on, and this one is tried
    again next time. A result that is not written has status 'held': another process has the run.
    """

    def work(lock: Lock) -> dict[str, Any]:
        if is_complete(run, architectures):  # since this process looked, by another
            return run.result() or {}
        result = _train(run, device, report, lock)
        if result["status"] != "finished":
            return result
        if pairs := to_score(run, architectures):
            _score(run, pairs, (0, 1), device, report)
        return finish(run, result, architectures, lock)

    return _alone(run, work)


def train(run: Run, device: str, report: Report) -> dict[str, Any]:
    """Train to the end of the budget; the result so far, written unless scores are still to come."""
    return _alone(run, lambda lock: _train(run, device, report, lock))


def _alone(run: Run, work: Callable[[Lock], dict[str, Any]]) -> dict[str, Any]:
    """The result of work that has the run to itself, or of its failure."""
    try:
        with hold(run.folder) as lock:
            try:
                return work(lock)
            except Exception as error:
                lock.check()
                return failure(run, error)
    except Exception as error:
        return failure(run, error)


def to_score(run: Run, architectures: list[Architecture]) -> list[scores.Pair]:
    """What is left to score, with the files of an interrupted scoring put together."""
    scores.merge(run.folder)
    return scores.missing(run, architectures)


def score(
    run: Run, pairs: list[scores.Pair], part: tuple[int, int], device: str, report: Report
) -> dict[str, Any] | None:
    """Score part k of n of the pairs, by the trained network's checkpoint; None, or the result of a failure."""
    try:
        _score(run, pairs, part, device, report)
        return None
    except Exception as error:
        return failure(run, error)


def finish(run: Run, result: dict[str, Any], architectures: list[Architecture], lock: Lock) -> dict[str, Any]:
    """Put all scores into one file, add their time to the result of the training, and write it."""
    try:
        lock.check()
        found = scores.merge(run.folder)
        known = (run.result() or {}).get("scored")
        result = result | {
            "score_seconds": round(float(found["seconds"].sum()), 2),
            "scored": scores.record(run, architectures, known),
        }
        write_end(run)
        write_result(run.folder, result)
        return result
    except Exception as error:
        return failure(run, error)


def failure(run: Run, error: Exception) -> dict[str, Any]:
    """The result of a run that failed, written down unless it has finished before: what failed then was added. A run
    that another process has did not fail."""
    result = {
        "run_id": run.variant.run_id(run.seed),
        "status": "held" if isinstance(error, Held) else "failed",
        "reason": " ".join(f"{error}".split()) or type(error).__name__,
    }
    if isinstance(error, Held):
        return result
    if not isinstance(error, (ValueError, OSError)):
        with suppress(OSError):
            write_text(run.folder / "error.log", "".join(traceback.format_exception(error)))
    with suppress(OSError, ValueError):
        if (run.result() or {}).get("status") != "finished":
            write_result(run.folder, result)
    return result


def is_complete(run: Run, architectures: list[Architecture]) -> bool:
    """Whether nothing is left to do: diverged, or finished with every architecture scored in every BN mode."""
    result = run.result()
    if result is None or result["status"] == "failed":
        return False
    if result["status"] == "diverged" or scores.is_recorded(run, architectures, result.get("scored")):
        return True
    return not scores.missing(run, architectures)


def write_result(folder: Path, result: dict[str, Any]) -> None:
    write_text(folder / "result.json", json.dumps(result, indent=1) + "\n")


def build(run: Run, device: str) -> Trainer:
    """Network, sampler and trainer of a run as they are before the first step."""
    variant, seed = run.variant, run.seed
    origin = (seed, *filter(None, [lineage.generation(variant)]))  # a run does not draw what its parent drew
    if device == "cuda":
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
    config = NetworkConfig(
        space=variant.masked_space,
        size=variant.size,
        linear_transformers=variant.linear_transformers,
        node_reduction=variant.node_reduction,
        affine=variant.affine,
    )
    network = seeded(Supernet, config, seed=derived_seed("network", *origin)).to(device)
    sampler = Sampler(variant.sampling, config.space, variant.size, derived_seed("sampler", *origin))
    data = load(variant.data, run.data_root)
    if data.classes != variant.size.classes:  # known only now for a folder of images
        raise ValueError(
            f"size: classes is {variant.size.classes}, but {data.classes} in the data {data.name!r}"
        )
    data = data.to(torch.device(device))
    return Trainer(network, data, variant.training, seed=derived_seed("data", *origin), sampler=sampler)


def _train(run: Run, device: str, report: Report, lock: Lock) -> dict[str, Any]:
    folder, variant = run.folder, run.variant
    before = run.result()
    if before and before["status"] == "diverged":
        return before
    remove_stale(folder, age=0)  # nobody else is writing here
    write_text(folder / "config.json", json.dumps(variant.config(run.seed), indent=1, sort_keys=True) + "\n")
    trainer = build(run, device)
    if not (folder / "checkpoint.pt").exists():
        start_from_parent(run, trainer.model)

    def after_epoch(epoch: Epoch, epochs: int) -> None:
        detail = f"epoch {epoch.epoch}/{epochs} loss {epoch.loss:.3f} accuracy {epoch.accuracy:.1f} %"
        report("train", epoch.epoch / epochs, detail)
        live(epoch)

    with Live(run, trainer) as live:
        status = trainer.run(folder / "checkpoint.pt", after_epoch, lock.check)
    epochs = history.write(trainer.history, folder)
    result = {
        "run_id": variant.run_id(run.seed),
        "status": status,
        "reason": None if status == "finished" else f"loss or weights not finite in epoch {len(epochs) + 1}",
        "updates": trainer.updates,
        "epochs": len(epochs),
        "train_seconds": round(float(epochs["seconds"].sum()), 2),
        "score_seconds": 0.0,
    }
    if status != "finished":
        lock.check()
        write_end(run)
        write_result(folder, result)
    return result


def _score(run: Run, pairs: list[scores.Pair], part: tuple[int, int], device: str, report: Report) -> None:
    variant, (number, count) = run.variant, part
    trainer = build(run, device)
    trainer.load_state_dict(checkpoint.load(run.folder / "checkpoint.pt", trainer.device))
    assert isinstance(trainer.model, Supernet)
    written = scores.Part(run, number)
    for position, mode in enumerate(variant.bn_modes):
        scorer = Scorer(
            trainer.model,
            trainer.data,
            trainer.data.valid,
            mode,
            variant.evaluation_batch,
            variant.evaluation_noise,
        )
        asked: list[Architecture] = [architecture for bn_mode, architecture in pairs if bn_mode == mode]
        if count > 1:
            asked = scorer.planner.shards(asked, count)[number]  # type: ignore[assignment]

        def after_chunk(done: float, position: int = position, mode: str = mode) -> None:
            report("score", (position + done) / len(variant.bn_modes), f"{100 * done:.0f} % scored ({mode})")

        for s in scorer(asked, after_chunk):  # in an order of its own
            written.add(mode, s)
    written.write()
