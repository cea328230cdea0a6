"""What blockwise distillation says of one stage of an architecture alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis.measures.blocks import blocks_of, contributions
from analysis.store import config, signatures
from supernet.spaces import Size, get_space


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
