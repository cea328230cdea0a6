"""A made-up study folder: truths of two spaces, runs of known quality, some not run yet or failed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from supernet.spaces import Architecture, Size, get_space

SIZES = {
    "nasbench201": Size(channels=8, stages=3, cells_per_stage=1, image_channels=1, image_size=8),
    "blox": Size(channels=8, stages=3, cells_per_stage=1, image_channels=1, image_size=8),
}
NOTE = "Invented numbers for a test: no network was trained."


def write_truth(path: Path, name: str, n: int, seed: int = 0) -> pd.DataFrame:
    """n architectures whose accuracy grows with their parameters, measured three times with noise."""
    space = get_space(name)
    rng = np.random.default_rng(seed)
    architectures = space.sample(n, seed)
    params = np.array([space.cost(architecture, SIZES[name]).params for architecture in architectures])
    true = 85 + 4 * np.argsort(np.argsort(params)) / n + rng.normal(0, 1.5, n)
    frame = pd.DataFrame({"arch": [space.text(architecture) for architecture in architectures]})
    for column in ("digits_valid", "digits_test"):
        seeds = true[:, None] + rng.normal(0, 0.6, (n, 3))
        frame[column] = seeds.mean(axis=1)
        for i in range(3):
            frame[f"{column}_seed{i}"] = seeds[:, i]
    frame.to_parquet(path)
    return frame


def write_run(folder: Path, scores: pd.DataFrame, **result: Any) -> None:
    folder.mkdir(parents=True)
    content = {"run_id": folder.name, "status": "finished", "reason": None, "updates": 440, "epochs": 5}
    content |= {"train_seconds": 12.5, "score_seconds": 3.25} | result
    (folder / "result.json").write_text(json.dumps(content))
    if len(scores):
        scores.to_parquet(folder / "scores.parquet")


def scores_of(
    truth: pd.DataFrame, noise: float, seed: int, modes: Sequence[str] = ("batch",)
) -> pd.DataFrame:
    """Truth with noise of standard deviation `noise`, in each mode; the first two architectures have no score. The
    loss orders the others as the score does."""
    rng = np.random.default_rng(seed)
    frames = []
    for k, mode in enumerate(modes):
        score = truth["digits_test"].to_numpy() - 30 + rng.normal(0, noise + 3 * k, len(truth))
        frame = pd.DataFrame(
            {"arch": truth["arch"], "measure": mode, "score": score, "loss": 100 / score, "status": "ok"}
        )
        frame["seconds"] = 0.01
        frame.loc[0, "score"] = np.nan
        frame.loc[:1, "status"] = ["nan", "error"]
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def write_study(runs: Path, n: int = 160) -> Path:
    """Four variants on two spaces, two or three seeds; one run diverged, one failed, one has not started."""
    folder = runs / "invented"
    folder.mkdir(parents=True)
    entries: list[dict[str, Any]] = []

    def add(variant: str, space: str, seed: int, mask: Sequence[str] = ()) -> Path:
        run_id = f"{len(entries):012x}"
        entries.append(
            {
                "variant": variant,
                "space": space,
                "mask": list(mask),
                "seed": seed,
                "run_id": run_id,
                "folder": f"../trainings/{run_id}",
                "measure": "batch",
                "size": asdict(SIZES[space]),
            }
        )
        return folder / entries[-1]["folder"]

    none = pd.DataFrame()
    truths = {name: write_truth(folder / f"{name}.parquet", name, n) for name in SIZES}
    for name, truth in truths.items():
        for seed in range(3):
            write_run(add("strictly fair", name, seed), scores_of(truth, 0.8, seed, ("batch", "running")))
            write_run(add("uniform", name, seed), scores_of(truth, 2.5, seed + 10, ("batch", "running")))
    masked = get_space("nasbench201", ["none"])
    inside = [masked.in_mask(masked.parse(text)) for text in truths["nasbench201"]["arch"]]
    truth = truths["nasbench201"][inside].reset_index(drop=True)
    for seed in range(2):
        write_run(add("without none", "nasbench201", seed, ["none"]), scores_of(truth, 0.8, seed + 20))
    write_run(add("warm-up <b>", "blox", 0), scores_of(truths["blox"], 1.0, 30))
    write_run(add("warm-up <b>", "blox", 1), none, status="diverged", reason="loss is nan at update 17")
    add("warm-up <b>", "blox", 2)
    write_run(add("unlucky", "blox", 0), none, status="failed", reason="scores.parquet & more were <lost>")
    content = {
        "study": "invented",
        "title": "An invented study & its report",
        "question": "Does strict fairness rank better than uniform sampling?",
        "note": NOTE,
        "top": [10, 25, 50, 150, 250],
        "scored": {},
        "runs": entries,
        "truth": {
            name: {
                "file": f"{name}.parquet",
                "column": "digits_test",
                "size": asdict(size),
                "title": "invented accuracy (%)",
            }
            for name, size in SIZES.items()
        },
    }
    (folder / "study.json").write_text(json.dumps(content))
    return folder


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Change what a study's study.json holds; the folder."""
    path = folder / "study.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return folder


def known(run: Path, column: str = "score") -> pd.Series:
    """What a run's scores.parquet holds in mode 'batch', of the architectures that have a score."""
    frame = pd.read_parquet(run / "scores.parquet")
    return frame[(frame["measure"] == "batch") & (frame["status"] == "ok")].set_index("arch")[column]


def texts(name: str, n: int) -> tuple[list[Architecture], list[str]]:
    """n architectures of a space and their official texts."""
    space = get_space(name)
    architectures = space.sample(n, 0)
    return architectures, [space.text(architecture) for architecture in architectures]
