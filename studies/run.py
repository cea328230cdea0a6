"""One run: train a supernet, score architectures, write the results. Finished work is never done twice.

The run's folder holds `config.json`, `checkpoint.pt` (after every epoch), `history.csv`, `scores.parquet` and
`result.json`. A run that was killed goes on from its checkpoint and its scores and ends with the same bits.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from studies.seeds import derived_seed
from studies.study import Run, Variant
from supernet.data import load
from supernet.files import remove_stale, write_atomic, write_text
from supernet.network import NetworkConfig, Supernet, seeded
from supernet.sampling import Sampler
from supernet.scoring import Scorer
from supernet.spaces import Architecture
from supernet.training import Epoch, Trainer

SCORE_COLUMNS = ["arch", "bn_mode", "score", "loss", "status", "seconds"]
WRITE_EVERY = 500  # scores; what a kill may cost

Report = Callable[[str, float, str], None]  # phase, fraction done, detail


def run_one(run: Run, architectures: list[Architecture], device: str, report: Report) -> dict[str, Any]:
    """Bring a run to its end; its result, also written to `result.json`.

    result: run_id, status ('finished', 'diverged' or 'failed'), reason, updates, epochs, train_seconds,
    score_seconds. A failure is a result: other runs go on, and this one is tried again next time.
    """
    try:
        result = _train_and_score(run, architectures, device, report)
    except Exception as error:
        result = {
            "run_id": run.variant.run_id(run.seed),
            "status": "failed",
            "reason": " ".join(f"{error}".split()) or type(error).__name__,
        }
        if not isinstance(error, (ValueError, OSError)):
            with suppress(OSError):
                write_text(run.folder / "error.log", traceback.format_exc())
        # A finished result stays: what failed is what was added to it.
        with suppress(OSError, ValueError):
            if (run.result() or {}).get("status") != "finished":
                write_result(run.folder, result)
    return result


def is_complete(run: Run, architectures: list[Architecture]) -> bool:
    """Whether nothing is left to do: diverged, or finished with every architecture scored in every BN mode."""
    result = run.result()
    if result is None or result["status"] == "failed":
        return False
    return result["status"] == "diverged" or not missing_scores(run, architectures, read_scores(run.folder))


def missing_scores(
    run: Run, architectures: list[Architecture], scores: pd.DataFrame
) -> list[tuple[str, Architecture]]:
    """(BN mode, architecture) pairs that have no score yet."""
    space = run.variant.masked_space
    have = set(zip(scores["bn_mode"], scores["arch"], strict=True))
    return [
        (mode, a) for mode in run.variant.bn_modes for a in architectures if (mode, space.text(a)) not in have
    ]


def read_scores(folder: Path) -> pd.DataFrame:
    """The scores so far; an empty frame if there are none. ValueError if the file is damaged."""
    path = folder / "scores.parquet"
    if not path.exists():
        return pd.DataFrame(columns=SCORE_COLUMNS)
    try:
        return pd.read_parquet(path)
    except Exception as error:
        raise ValueError(f"scores: {path} cannot be read ({error}); delete it to score again") from error


def write_result(folder: Path, result: dict[str, Any]) -> None:
    write_text(folder / "result.json", json.dumps(result, indent=1) + "\n")


def build(variant: Variant, seed: int, device: str) -> Trainer:
    """Network, sampler and trainer of a run as they are before the first step."""
    if device == "cuda":
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
    config = NetworkConfig(
        space=variant.masked_space,
        size=variant.size,
        linear_transformers=variant.linear_transformers,
        node_reduction=variant.node_reduction,
        affine=variant.affine,
    )
    network = seeded(Supernet, config, seed=derived_seed("network", seed)).to(device)
    sampler = Sampler(variant.sampling, config.space, variant.size, derived_seed("sampler", seed))
    data = load(variant.data).to(torch.device(device))
    return Trainer(network, data, variant.training, seed=derived_seed("data", seed), sampler=sampler)


def _train_and_score(
    run: Run, architectures: list[Architecture], device: str, report: Report
) -> dict[str, Any]:
    folder, variant = run.folder, run.variant
    remove_stale(folder)
    write_text(folder / "config.json", json.dumps(variant.config(run.seed), indent=1, sort_keys=True) + "\n")
    trainer = build(variant, run.seed, device)

    def after_epoch(epoch: Epoch, epochs: int) -> None:
        detail = f"epoch {epoch.epoch}/{epochs} loss {epoch.loss:.3f} accuracy {epoch.accuracy:.1f} %"
        report("train", epoch.epoch / epochs, detail)

    status = trainer.run(folder / "checkpoint.pt", after_epoch)
    history = pd.DataFrame([astuple(e) for e in trainer.history], columns=[f.name for f in fields(Epoch)])
    write_atomic(folder / "history.csv", lambda file: history.to_csv(file, index=False))
    result = {
        "run_id": variant.run_id(run.seed),
        "status": status,
        "reason": None if status == "finished" else f"loss not finite in epoch {len(history) + 1}",
        "updates": trainer.updates,
        "epochs": len(history),
        "train_seconds": round(float(history["seconds"].sum()), 2),
        "score_seconds": 0.0,
    }
    if status == "finished":
        scores = _score(run, trainer, architectures, report)
        result["score_seconds"] = round(float(scores["seconds"].sum()), 2)
    write_result(folder, result)
    return result


def _score(run: Run, trainer: Trainer, architectures: list[Architecture], report: Report) -> pd.DataFrame:
    """Score what is missing, writing now and then; all scores in a fixed order."""
    variant, space = run.variant, run.variant.masked_space
    scores = read_scores(run.folder)
    todo = missing_scores(run, architectures, scores)
    done = 0
    rows: list[tuple[object, ...]] = []

    def write() -> None:
        nonlocal scores, rows
        added = pd.DataFrame(rows, columns=SCORE_COLUMNS)
        scores = added if scores.empty else pd.concat([scores, added], ignore_index=True)
        scores = scores.sort_values(["bn_mode", "arch"], ignore_index=True)
        write_atomic(run.folder / "scores.parquet", lambda file: scores.to_parquet(file, index=False))
        rows = []

    assert isinstance(trainer.model, Supernet)
    for mode in variant.bn_modes:
        scorer = Scorer(
            trainer.model,
            trainer.data,
            trainer.data.valid,
            mode,
            variant.evaluation_batch,
            variant.evaluation_noise,
        )
        asked = [architecture for bn_mode, architecture in todo if bn_mode == mode]
        texts: dict[object, str] = {architecture: space.text(architecture) for architecture in asked}
        for s in scorer(asked):  # in an order of its own
            rows.append((texts[s.architecture], mode, s.score, s.loss, s.status, s.seconds))
            done += 1
            if len(rows) == WRITE_EVERY:
                write()
            if done % 50 == 0:
                report("score", done / len(todo), f"{done}/{len(todo)} architectures scored ({mode})")
    if rows or scores.empty:
        write()
    return scores
