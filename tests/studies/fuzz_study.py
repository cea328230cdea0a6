"""A small study as runs leave it, made up: sealed files of two supernets and an estimator, ground truth beside it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.store import config, history, milestones, scores, sealed
from analysis.store import result as result_file
from supernet.spaces import Size, get_space

SIZE = Size(channels=8, stages=3, cells_per_stage=1, image_channels=1, image_size=8)
ROWS = 60


def write_fuzz_study(root: Path) -> Path:
    """Write `root`/fuzz and its runs; root."""
    folder, rng = root / "fuzz", np.random.default_rng(0)
    folder.mkdir(parents=True)
    space = get_space("nasbench201")
    texts = [space.text(architecture) for architecture in space.sample(ROWS, 0)]
    truth = rng.normal(80, 3, ROWS)
    pd.DataFrame({"arch": texts, "digits_test": truth}).to_parquet(folder / "truth.parquet")
    entries = []
    for number, (variant, kind) in enumerate(
        (("one", "one-shot"), ("one", "one-shot"), ("two", "short-training"))
    ):
        run_id = f"{number:012x}"
        run = root / "trainings" / run_id
        run.mkdir(parents=True)
        rows = pd.DataFrame(
            {
                "arch": texts,
                "measure": "batch",
                "score": truth + rng.normal(0, 2, ROWS),
                "loss": rng.uniform(0, 3, ROWS),
                "status": "ok",
                "seconds": 0.1,
                "steps": 10.0,
                "macs": 100.0,
                "details": json.dumps({"alone_seconds": 0.05}),
            }
        )
        sealed.write(rows, run / scores.FILE, run_id)
        sealed.write(rows.assign(epoch=1, budget=ROWS), run / milestones.FILE, run_id)
        epochs = pd.DataFrame({"run_id": run_id, "epoch": [1, 2], "updates": [5, 10], "seconds": 1.0})
        epochs.to_csv(run / history.FILE, index=False)
        (run / config.FILE).write_text(json.dumps({"seed": number, "training": {"lr": 0.1}}))
        facts: dict[str, Any] = {"run_id": run_id, "status": "finished", "reason": None}
        facts |= {"updates": 10, "epochs": 2}
        facts |= {"train_seconds": 2.0, "score_seconds": 6.0, "versions": {"python": "3"}}
        result_file.write(run, facts)
        entries.append(
            {
                "variant": variant,
                "kind": kind,
                "space": "nasbench201",
                "mask": [],
                "parent": None,
                "part_of": None,
                "whole": [],
                "seed": number,
                "run_id": run_id,
                "folder": f"../trainings/{run_id}",
                "measure": "batch",
                "measures": ["batch"],
                "vote_of": [],
                "apart": [],
                "evaluations": [],
                "size": asdict(SIZE),
            }
        )
    content = {
        "study": "fuzz",
        "title": "A study",
        "question": "Does it fail in order?",
        "note": "Made up.",
        "top": [5, 10],
        "scored": {"top": None, "random": None, "random_seed": 0},
        "runs": entries,
        "truth": {
            "nasbench201": {
                "file": "truth.parquet",
                "column": "digits_test",
                "size": asdict(SIZE),
                "title": "truth",
            }
        },
        "provenance": {"command": "x", "commit": None, "versions": {}},
    }
    (folder / "study.json").write_text(json.dumps(content))
    return root
