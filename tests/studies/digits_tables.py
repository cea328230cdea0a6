"""The task of the small studies in these tests: digits, four channels, tables of a few made-up rows."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd

from studies import embedded
from studies.estimators.compute.task import Task
from studies.truth import table
from supernet.data import DataConfig
from supernet.data.loading import load_data
from supernet.spaces import Size, get_space

DIGITS = DataConfig(name="digits")
SIZE = {
    "nasbench201": Size(
        channels=4, stages=2, cells_per_stage=1, image_channels=1, image_size=8, reduction="light"
    ),
    "blox": Size(channels=4, stages=3, cells_per_stage=1, image_channels=1, image_size=8, reduction="light"),
}


def digits_task(
    folder: Path, space: str = "nasbench201", channels: int = 4, seed: int = 1, **changes: object
) -> Task:
    """What estimators are given, with 200 digits; changes: of its fields."""
    stages = embedded.SIZES[space].stages
    size = Size(channels=channels, stages=stages, cells_per_stage=1, image_channels=1, image_size=8)
    settings = {"space": get_space(space), "size": size, "data": load_data(replace(DIGITS, subset=200))}
    return Task(**settings | {"seed": seed, "folder": folder} | changes)  # type: ignore[arg-type]


def write_table(folder: Path, space_name: str, rows: int) -> Path:
    """A table in the project's format with made-up accuracies: enough for everything but its numbers."""
    space, rng = get_space(space_name), np.random.default_rng(0)
    architectures = space.sample(rows, seed=3)
    frame = pd.DataFrame({"arch": [space.text(a) for a in architectures]})
    for metric in ("valid", "test"):
        seeds = [f"digits_{metric}_seed{seed}" for seed in range(2)]
        for name in seeds:
            frame[name] = rng.uniform(50, 90, rows)
        frame[f"digits_{metric}"] = frame[seeds].mean(axis=1)
    manifest = {
        "space": space_name,
        "title": "made up",
        "data": "digits",
        "size": asdict(SIZE[space_name]),
        "columns": [name for name in frame if name != "arch"],
        "seeds": 2,
    }
    path = folder / f"{space_name}.parquet"
    table.save(frame, manifest, path)
    return path
