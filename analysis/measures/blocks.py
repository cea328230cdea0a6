"""The blocks of an architecture, one a stage, and what the signatures of blockwise distillation say of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.store import config, signatures
from supernet.spaces import Architecture, Size, Space, get_space


def blocks_of(space: Space, architecture: Architecture, size: Size) -> tuple[str, ...]:
    """The text of the block at each stage of a network of this size. Encodings of one block have one text."""
    path = space.path(space.supernet_form(architecture), size)
    stages = space.stages(size)
    return tuple(
        signatures.text(tuple(cell for cell, own in zip(path, stages, strict=True) if own == stage))
        for stage in range(size.stages)
    )


def contributions(frame: pd.DataFrame) -> dict[str, dict[tuple[int, str], float]]:
    """By measure, what each block of each stage adds to a score: higher is better. NaN where it is not finite, as the
    logarithm of an error of 0."""
    with np.errstate(divide="ignore"):
        columns = {
            "mse": -frame["mse"],
            "log_mse": -np.log(frame["mse"]),
            "nsr": -frame["nsr"],
            "log_nsr": -np.log(frame["nsr"]),
            "accuracy_change": frame["accuracy_change"],
            "loss_change": -frame["loss_change"],
        }
    places = list(zip(frame["stage"].tolist(), frame["block"], strict=True))
    return {
        measure: dict(zip(places, column.where(np.isfinite(column)).tolist(), strict=True))
        for measure, column in columns.items()
    }


def at_stage(folder: Path, run_id: str, measure: str, stage: int, texts: Sequence[str]) -> pd.Series:
    """Of each architecture's text what its block of that stage adds to the sum by `measure`, NaN for none; of the
    blocks of a run in this folder. ValueError, naming the file, if they are missing or damaged."""
    task = config.of_run(folder)
    space, size = get_space(task["space"], task["mask"]), Size(**task["size"])
    values = contributions(signatures.read(folder, run_id))[measure]
    found = []
    for text in texts:
        architecture = space.parse(text)
        valid = space.is_valid(space.supernet_form(architecture))
        block = blocks_of(space, architecture, size)[stage] if valid else ""
        found.append(values.get((stage, block), math.nan))
    return pd.Series(found, index=list(texts), dtype=float)
