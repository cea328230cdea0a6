"""What is shown of an epoch: scalars by tag."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from analysis.store.history import SAMPLES

TAGS = {
    "loss": "train/loss",
    "accuracy": "train/accuracy",
    "lr": "optimizer/lr",
    "gradient_norm": "optimizer/gradient_norm",
    "updates": "optimizer/updates",
    "seconds": "time/epoch_s",
}


class Curves:
    """Called with the rows of a history (analysis/store/history.py) one after the other; what is not known is left out.

    operations/NAME: its share, in percent, of all that was drawn so far at all choice points. Under strict fairness the
    shares are equal but for the group that the epoch cut, under uniform sampling they become so with time.
    samples_POINT/NAME: the same at one choice point.
    """

    def __init__(self) -> None:
        self.drawn: dict[str, Counter[str]] = {}

    def __call__(self, row: Mapping[str, Any]) -> dict[str, float]:
        found = {tag: float(row[name]) for name, tag in TAGS.items() if known(row.get(name))}
        if known(row.get("images")) and row["seconds"] > 0:
            found["time/images_per_s"] = row["images"] / row["seconds"]
        for name, count in row.items():
            if name.startswith(SAMPLES) and known(count):
                point, operation = name.removeprefix(SAMPLES).split("/")
                for group in ("operations", f"samples_{point}"):
                    self.drawn.setdefault(group, Counter())[operation] += count
        for group, counts in self.drawn.items():
            if total := sum(counts.values()):
                found |= {f"{group}/{operation}": 100 * count / total for operation, count in counts.items()}
        return found


def known(value: Any) -> bool:
    """Whether a value is there: a file has no None but a NaN."""
    return value is not None and not math.isnan(value)
