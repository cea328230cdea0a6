"""From the columns of Blox's training parts to those of a ground-truth table.

The published trainer has a fault that shows in the files: it keeps the first epoch's validation record as its record
of the best epoch and writes into it, so that the stored first epoch has the values of the best one. Then no epoch k
can be asked for the best accuracy up to k. Such rows are counted, and on demand the first epoch is left out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from studies.truth.importers.blox.columns import HASH, Columns, is_series

DATA = "cifar100"
_PARTS = {"train": "train", "val": "valid", "test": "test"}  # first word of a file's column: of the table's


class Scores(NamedTuple):
    """hashes: (n,) text. columns: name -> (n,) floats or ints. curves: name -> (n, epochs) float32; epoch e is
    [:, e - 1]. like_best: rows whose first epoch is as good as the best of all, None without validation."""

    hashes: NDArray[Any]
    columns: dict[str, NDArray[Any]]
    curves: dict[str, NDArray[np.float32]]
    like_best: int | None


def scores_of(columns: Columns, drop_first_epoch: bool) -> Scores:
    """What a table holds of the parts base and ext. drop_first_epoch: validation begins with the second.

    `columns` is emptied, so that one column at a time is in memory twice. Raises ValueError for one epoch alone."""
    hashes, like_best = columns.pop(HASH), None
    found, curves = {}, {}
    for name in list(columns):
        values, title = columns.pop(name), _title(name)
        if not is_series(name):
            found[title] = values
            continue
        if name == "val_top1":
            like_best = int((values[:, 0] == values.max(axis=1)).sum())
        if drop_first_epoch and name.startswith("val_"):
            if values.shape[1] == 1:
                raise ValueError("drop-first-epoch: there is no other epoch")
            values[:, 0] = np.nan
        found[title] = values[:, -1].copy()
        if name == "val_top1":
            if values.shape[1] > 3:
                found[f"{title}_last3"] = values[:, -3:].mean(axis=1)
            found[f"{title}_best"] = np.nanmax(values, axis=1)
        curves[title] = values.astype(np.float32)
    return Scores(hashes, found, curves, like_best)


def _title(name: str) -> str:
    """val_top1 -> cifar100_valid, train_loss -> cifar100_train_loss, train_time_s as it is."""
    first, _, rest = name.partition("_")
    if name == "train_time_s":
        return name
    return f"{DATA}_{_PARTS[first]}" + (f"_{rest}" if rest != "top1" else "")
