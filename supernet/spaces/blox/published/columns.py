"""The columns of Blox's files: which part has which, what kind each is, which values it may have; and what becomes of
them in a ground-truth table.

A part in memory is a dictionary of arrays, the same whatever format it was read from: see `Columns`.

The published trainer has a fault that shows in the files: it keeps the first epoch's validation record as its record
of the best epoch and writes into it, so that the stored first epoch has the values of the best one. Then no epoch k
can be asked for the best accuracy up to k. Such rows are counted, and on demand the first epoch is left out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# By name, one row a model: hash (n,) text of 32 hex digits; arch_vec (n, 3, 5), the ints O0, O1, previous, input, skip
# of each stage in the file's numbers; whole numbers (n,) int64; text (n,) objects; accuracies in percent, losses and
# latencies (n,) float64; of these one an epoch, (n, epochs), where `is_series`.
Columns = dict[str, NDArray[Any]]

HASH = "model_hash"
PARTS = {
    "base": (HASH, "val_top1", "test_top1", "train_time_s"),
    "ext": (
        *(HASH, "train_top1", "train_loss", "train_top5"),
        *("val_loss", "val_top5", "test_loss", "test_top5"),
    ),
    "info": (HASH, "params", "flops", "arch_vec"),
    "env": (
        *(HASH, "codebase_commit", "codebase_version", "cuda", "driver", "gpu", "platform"),
        *("ptflops_version", "python", "torch_commit", "torch_cuda_version", "torch_version"),
        "torchvision_version",
    ),
    "bench": (HASH, "latency"),
}
MODELS = 45**3
DATA = "cifar100"
_TITLES = {"train": "train", "val": "valid", "test": "test"}  # first word of a column: that of the table's
_KINDS = {HASH: "hash", "arch_vec": "arch", "params": "int", "flops": "int", "train_time_s": "int"}


def kind_of(name: str) -> str:
    """hash, arch, int, accuracy, number (losses, latencies) or text."""
    if name in PARTS["env"][1:]:
        return "text"
    return _KINDS.get(name, "accuracy" if "_top" in name else "number")


def is_series(name: str) -> bool:
    """Whether a column has one value an epoch."""
    return name.startswith(("train_top", "train_loss", "val_"))


def images_of(name: str) -> int:
    """The number of images that an accuracy was measured on."""
    return {"train": 45_000, "val": 5_000, "test": 10_000}[name.split("_")[0]]


def empty(name: str, rows: int, epochs: int | None) -> NDArray[Any]:
    """An array for `rows` rows of a column. Memory that is never written to is not taken."""
    kind = kind_of(name)
    if kind in ("accuracy", "number"):
        return np.empty((rows, epochs or 0) if is_series(name) else rows)
    shapes = {"hash": ("U32", rows), "arch": (np.int64, (rows, 3, 5)), "int": (np.int64, rows)}
    dtype, shape = shapes.get(kind, (object, rows))
    return np.empty(shape, dtype=dtype)  # type: ignore[call-overload]


def check(columns: Columns) -> None:
    """Raise ValueError for values that no such column has, naming column, row (from 1) and value."""
    for name, values in columns.items():
        kind = kind_of(name)
        if kind == "hash":
            unlike = [not (len(h) == 32 and set(h) <= set("0123456789abcdef")) for h in values]
            _refuse(name, values, np.array(unlike, bool), "32 hexadecimal digits")
            known, counts = np.unique(values, return_counts=True)
            if (counts > 1).any():
                raise ValueError(f"{name}: {known[counts > 1][0]} is in more than one row")
        elif kind == "accuracy":
            _refuse(name, values, ~((values >= 0) & (values <= 100)), "an accuracy in percent, 0 to 100")
            if values.size and values.max() <= 1:
                raise ValueError(f"{name}: no value is above {values.max()}: fractions, not percent")
        elif kind == "number":
            _refuse(name, values, ~((values >= 0) & np.isfinite(values)), "a finite number from 0 up")
        elif kind == "int":
            _refuse(name, values, values < 0, "a whole number from 0 up")
        elif kind == "arch":
            allowed = np.array([2, 2, 1, 1, 1])
            wrong = ((values < 0) | (values > allowed)).any(axis=(1, 2))
            cut = (values[..., 2:] == 0).all(axis=2).any(axis=1)
            _refuse(name, values.reshape(-1, 15), wrong | cut, "a model of Blox")


def _refuse(name: str, values: NDArray[Any], wrong: NDArray[np.bool_], allowed: str) -> None:
    if wrong.any():
        place = tuple(int(i[0]) for i in np.nonzero(wrong))
        value = values[place].tolist() if isinstance(values[place], np.ndarray) else values[place]
        where = f"row {place[0] + 1}" + "".join(f", epoch {i + 1}" for i in place[1:])
        raise ValueError(f"{name}: {value} in {where} is not {allowed}")


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
    return f"{DATA}_{_TITLES[first]}" + (f"_{rest}" if rest != "top1" else "")
