"""What a record of scores.parquet cost: its own share of a computation that gave several, or the measure alone, where
its details tell (`alone_seconds` and so on, or what its stages took)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.statistics.pairs import Floats
from analysis.store.run import ONE_SHOT
from supernet.files import check, parse_object

COSTS = ("seconds", "steps", "macs")
PASSES = 3  # a training's, of an image: one forward, and one backward that is counted as two


def details_of(texts: Sequence[Any]) -> list[dict[str, Any]]:
    """The details of records, empty where there are none. ValueError unless what they say of costs are numbers."""
    return [_parsed(text) if isinstance(text, str) else {} for text in texts]


def alone(details: Sequence[Mapping[str, Any]], own: Floats, name: str, kind: str) -> Floats:
    """(n,): what each record would have cost alone, NaN where that is not known. own: its share, (n,). name: of COSTS.
    kind: of the ranker."""
    if kind == ONE_SHOT and name == "steps":
        return np.zeros(len(details))  # scoring trains nothing
    return np.array([_alone(of_record, name, share) for of_record, share in zip(details, own, strict=True)])


def of_frame(frame: pd.DataFrame, name: str, kind: str) -> Floats:
    """The same of rows of scores.parquet."""
    empty = np.full(len(frame), np.nan)
    own = frame[name].to_numpy(dtype=float) if name in frame else empty
    told = details_of(frame["details"].tolist()) if "details" in frame else [{}] * len(frame)
    return alone(told, own, name, kind)


def _parsed(text: str) -> dict[str, Any]:
    found = parse_object(text)
    check(
        {k: v for k, v in found.items() if k.endswith(tuple(f"_{n}" for n in COSTS))}, dict[str, float | None]
    )
    return found


def _alone(details: Mapping[str, Any], name: str, own: float) -> float:
    if f"alone_{name}" in details:
        value = details[f"alone_{name}"]
        return np.nan if value is None else float(value)
    stages = [details[key] for key in details if key.startswith("stage") and key.endswith(f"_{name}")]
    return float(sum(stages)) if stages else float(own)
