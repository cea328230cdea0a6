"""The blocks of an architecture, one a stage, and what the signatures of blockwise distillation say of each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.store import signatures
from supernet.spaces import Architecture, Size, Space


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
