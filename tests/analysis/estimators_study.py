"""A made-up study of all kinds of rankings, with records that say what each of them cost."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from synthetic_study import SIZES, write_run, write_truth

SPACE = "nasbench201"
NOTE = "Invented numbers for a test: no network was trained."
LOST = 5  # architectures, the first of the table, that need training and are disconnected
NOT_REACHED = 3  # the next ones, that never reach FEAR's threshold


def records(truth: pd.DataFrame, measure: str, noise: float, seed: int = 0) -> pd.DataFrame:
    """Scores of every architecture: truth with noise; a second each."""
    rng = np.random.default_rng(seed)
    score = truth["digits_test"].to_numpy() + rng.normal(0, noise, len(truth))
    frame = pd.DataFrame({"arch": truth["arch"], "measure": measure, "score": score, "status": "ok"})
    return frame.assign(loss=np.nan, seconds=1.0, steps=0.0, macs=1e6, details=None)


def lose(frame: pd.DataFrame, first: int, last: int, status: str) -> pd.DataFrame:
    """The rows from the first to before the last without a score."""
    rows = frame.index[first:last]
    frame.loc[rows, "score"] = np.nan
    frame.loc[rows, "status"] = status
    return frame


def short(truth: pd.DataFrame, epochs: int, noise: float) -> pd.DataFrame:
    """Two measures that share one training of `epochs` seconds and ten steps an epoch."""
    frames = []
    for number, measure in enumerate(("train_accuracy", "valid_accuracy")):
        frame = records(truth, measure, noise, seed=10 * epochs + number)
        alone = {
            "alone_seconds": epochs + 0.5 * number,
            "alone_steps": 10 * epochs,
            "alone_macs": 3e7 * epochs,
        }
        frame["details"] = json.dumps({"epochs": epochs, **alone})
        frame["seconds"] = (epochs + 0.5) / 2
        frames.append(lose(frame, 0, LOST, "disconnected"))
    return pd.concat(frames, ignore_index=True)


def fear(truth: pd.DataFrame) -> pd.DataFrame:
    """The better an architecture, the sooner it reaches the threshold."""
    frame = records(truth, "train_accuracy", 0.5, seed=3)
    place = truth["digits_test"].rank(ascending=False).to_numpy()
    stages = [{"stage1_seconds": 1 + p / 50, "stage1_epochs": 1, "stage2_seconds": 0.5} for p in place]
    frame["details"] = [json.dumps({"threshold": 60.0, **stage}) for stage in stages]
    frame["seconds"] = [sum(v for k, v in stage.items() if k.endswith("seconds")) / 2 for stage in stages]
    return lose(lose(frame, 0, LOST, "disconnected"), LOST, LOST + NOT_REACHED, "not_reached")


def proxies(truth: pd.DataFrame) -> pd.DataFrame:
    """Two at initialisation and after one and two epochs; one that never has a value."""
    frames = []
    for name, noises in {"synflow": (1, 2, 3), "jacob_cov": (2, 9, 9)}.items():
        for epoch, noise in enumerate(noises):
            frame = records(truth, name if not epoch else f"{name}@{epoch}", noise, seed=epoch + len(name))
            frames.append(lose(frame, 0, LOST + 4 * epoch, "nan"))
    frames.append(lose(records(truth, "plain", 1), 0, len(truth), "nan"))
    return pd.concat(frames, ignore_index=True)


def write_estimators_study(runs: Path, n: int = 60) -> Path:
    """A supernet of two seeds, two short trainings, FEAR, proxies; one run that has not started."""
    folder = runs / "estimated"
    folder.mkdir(parents=True)
    truth = write_truth(folder / "truth.parquet", SPACE, n)
    entries: list[dict[str, Any]] = []

    def add(variant: str, kind: str, scores: pd.DataFrame, seed: int = 0, **result: Any) -> None:
        run_id = f"{len(entries):012x}"
        modes = list(scores["measure"].unique())
        for mode in modes:
            entry = {
                "variant": variant if len(modes) == 1 else f"{variant}: {mode}",
                "kind": kind, "space": SPACE, "mask": [], "seed": seed, "run_id": run_id,
                "folder": f"../trainings/{run_id}", "measure": mode, "measures": [mode],
                "size": asdict(SIZES[SPACE]),
            }  # fmt: skip
            entries.append(entry)
        if result:
            write_run(folder / "../trainings" / run_id, scores, **result)

    nothing = {"train_seconds": 0.0, "updates": 0}
    for seed in range(2):
        frame = records(truth, "batch", 2.0, seed).drop(columns=["steps", "macs", "details"])
        cost = {"train_seconds": 100.0 + 20 * seed, "updates": 440}
        add("uniform", "one-shot", frame.assign(seconds=0.01), seed, **cost)
    add("1 epoch", "short-training", short(truth, 1, 3.0), **nothing)
    add("4 epochs", "short-training", short(truth, 4, 1.0), **nothing)
    add("FEAR", "fear", fear(truth), train_seconds=8.0, updates=200)
    add("proxies", "zero-cost", proxies(truth), **nothing)
    add("later", "short-training", records(truth, "train_accuracy", 1))
    content = {
        "study": "estimated", "title": "What the same compute buys", "question": "Which is best?", "note": NOTE,
        "top": [10, 25], "scored": {}, "runs": entries,
        "truth": {SPACE: {"file": "truth.parquet", "column": "digits_test", "size": None, "title": "invented (%)"}},
    }  # fmt: skip
    (folder / "study.json").write_text(json.dumps(content))
    return folder
