"""A run's settings as TensorBoard's hyperparameters: flat, each of one type in every run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analysis.store.study import mask_text
from studies.model.study import Run

Value = float | str


def hparams(run: Run) -> dict[str, Value]:
    """'variant', 'seed', 'mask' and all that the training depends on, 'training/lr' and so on.

    Numbers are floats, everything else is text. What is None is left out: the dashboard shows the union of the keys.
    """
    config = run.variant.config(run.seed)
    found = dict(_flat(config))
    return {"variant": run.variant.name, **found, "mask": mask_text(run.variant.masked_space)}


def _flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Value]]:
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}/")
        elif isinstance(value, bool):
            yield f"{prefix}{name}", str(value).lower()
        elif isinstance(value, (int, float)):
            yield f"{prefix}{name}", float(value)
        elif isinstance(value, (tuple, list)):
            yield f"{prefix}{name}", ", ".join(map(str, value)) or "-"
        elif value is not None:
            yield f"{prefix}{name}", str(value)
