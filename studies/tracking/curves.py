"""What is shown of an epoch: scalars by tag."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from studies.history import SAMPLES

TAGS = {
    "loss": "train/loss",
    "accuracy": "train/accuracy",
    "lr": "optimizer/lr",
    "gradient_norm": "optimizer/gradient_norm",
    "updates": "optimizer/updates",
    "seconds": "time/epoch_s",
}


def scalars(row: Mapping[str, Any]) -> dict[str, float]:
    """Of a row of the history (studies/history.py); what is not known is left out.

    operations/NAME: its share, in percent, of what was drawn in the epoch at all choice points; under strict fairness
    all are equal but for a group that the epoch cut. samples_POINT/NAME: the same at one choice point.
    """
    found = {tag: float(row[name]) for name, tag in TAGS.items() if known(row.get(name))}
    if known(row.get("images")) and row["seconds"] > 0:
        found["time/images_per_s"] = row["images"] / row["seconds"]
    points: dict[str, dict[str, float]] = {}
    whole: Counter[str] = Counter()
    for name, count in row.items():
        if name.startswith(SAMPLES) and known(count):
            point, operation = name.removeprefix(SAMPLES).split("/")
            points.setdefault(point, {})[operation] = count
            whole[operation] += count
    groups: dict[str, dict[str, float]] = {"operations": dict(whole)}
    groups |= {f"samples_{point}": counts for point, counts in points.items()}
    for group, counts in groups.items():
        if total := sum(counts.values()):
            found |= {f"{group}/{operation}": 100 * count / total for operation, count in counts.items()}
    return found


def known(value: Any) -> bool:
    """Whether a value is there: a file has no None but a NaN."""
    return value is not None and not math.isnan(value)
