"""The task of the small studies in these tests: digits, four channels, tables of a few made-up rows."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from studies.truth import table
from supernet.data import DataConfig
from supernet.spaces import Size, get_space

DIGITS = DataConfig(name="digits")
SIZE = {
    "nasbench201": Size(
        channels=4, stages=2, cells_per_stage=1, image_channels=1, image_size=8, reduction="light"
    ),
    "blox": Size(channels=4, stages=3, cells_per_stage=1, image_channels=1, image_size=8, reduction="light"),
}


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
