"""NAS-Bench-201's ground truth, from any of its three official forms; see records.py.

Every accuracy: after the last epoch, the mean of the last three epochs where those are there (`_last3`), after the
12-epoch schedule (`_ep12`), each of single seeds (`_seed777`) and as the mean over the seeds of that architecture.
Losses: after the last epoch, means over seeds. Values of every epoch go to the curves.
Files are read one by one, the large single files piece by piece; what is kept is one number a column, and four bytes a
value of a curve.

Training sets and evaluation sets of the benchmark, and the names here:

    cifar10-valid   trained on half of the training images
                    train -> cifar10valid_train; x-valid, the other half -> cifar10_valid; ori-test ->
                    cifar10valid_test
    cifar10         trained on all of them: train -> cifar10_train; ori-test -> cifar10_test
    cifar100        train -> cifar100_train; x-valid, x-test (halves of the official test images) -> cifar100_valid,
                    cifar100_test; ori-test (both halves together) -> cifar100_validtest
    ImageNet16-120  likewise: imagenet16_...

Source: Dong et al., NATS-Bench (TPAMI 2021), section 3.2; nats_bench 1.8, ArchResults.get_metrics.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from supernet.spaces.imported import Imported, published_size, with_costs
from supernet.spaces.nasbench201.records import EXPECTED, Source, State, open_source
from supernet.spaces.nasbench201.space import NasBench201

FULL = 200  # epochs of the benchmark's full training
SERIES = {
    ("cifar10-valid", "train"): "cifar10valid_train",
    ("cifar10-valid", "x-valid"): "cifar10_valid",
    ("cifar10-valid", "ori-test"): "cifar10valid_test",
    ("cifar10", "train"): "cifar10_train",
    ("cifar10", "ori-test"): "cifar10_test",
    **{
        (data, part): f"{name}_{here}"
        for data, name in (("cifar100", "cifar100"), ("ImageNet16-120", "imagenet16"))
        for part, here in (
            ("train", "train"), ("x-valid", "valid"), ("x-test", "test"), ("ori-test", "validtest"),
        )
    },
}  # fmt: skip
DATA = {
    "cifar10-valid": "cifar10valid",
    "cifar10": "cifar10",
    "cifar100": "cifar100",
    "ImageNet16-120": "imagenet16",
}
CURVES = ("mean", "seeds", "none")
NOTE = (
    "parts are never mixed: _valid and _test are disjoint halves of the official test images, but for CIFAR-10, where "
    "_valid is half of the training images (networks trained on the other half: cifar10valid_train, cifar10valid_test; "
    "cifar10_train and cifar10_test are of networks trained on all of them); _validtest is both halves together. "
    "params and macs are of the CIFAR-10 networks"
)


class Trained(NamedTuple):
    """One series of one training. accuracy: (E,) percent, NaN for epochs without; loss: of the last epoch, or NaN;
    losses: (E,) of training, None for other parts."""

    name: str
    seed: int
    accuracy: np.ndarray
    loss: float
    losses: np.ndarray | None


def read(source: Path, curves: str = "mean") -> Imported:
    """Read the benchmark. curves: of every epoch the mean over seeds, the `seeds` too, or none.

    ValueError for files that are not the topology benchmark's, are damaged, or hold anything but plain values."""
    if curves not in CURVES:
        raise ValueError(f"curves: {curves!r} is not one of {', '.join(CURVES)}")
    opened = open_source(source)
    reading = _Reading(curves)
    for state in opened.records():
        reading.add(state, source)
    reading.check_architectures(opened)
    return reading.imported(opened)


class _Reading:
    """The columns while they fill; row i is the benchmark's architecture i."""

    def __init__(self, curves: str) -> None:
        self.space = NasBench201()
        self.texts = [self.space.text(architecture) for architecture in self.space.enumerate()]
        n = len(self.texts)
        self.curves = curves
        self.columns: dict[str, np.ndarray] = defaultdict(lambda: np.full(n, np.nan))
        self.per_epoch: dict[str, dict[int, np.ndarray]] = defaultdict(dict)  # name -> row -> (E,) float32
        self.seeds: dict[str, set[int]] = defaultdict(set)  # schedule -> seeds
        self.epochs: set[int] = set()
        self.seen: set[tuple[int, int]] = set()

    def add(self, state: State, source: Path) -> None:
        """All trainings of one architecture under one schedule."""
        row, text = state.get("arch_index"), state["arch_str"]
        if not isinstance(row, int) or not 0 <= row < len(self.texts) or self.texts[row] != text:
            raise ValueError(
                f"source: {source} has {text!r:.90} as architecture {row!r:.20}, which is not NAS-Bench-201's: "
                f"expected {EXPECTED}"
            )
        by_name: dict[tuple[int, str], list[Trained]] = defaultdict(list)
        try:
            for epochs, one in trainings(state):
                by_name[epochs, one.name].append(one)
        except ValueError as error:
            raise ValueError(f"source: {source}: architecture {row}: {error}") from None
        for epochs in {epochs for epochs, _ in by_name}:
            if (row, epochs) in self.seen:
                raise ValueError(f"source: {source} has architecture {row} twice with {epochs} epochs")
            self.seen.add((row, epochs))
            self.epochs.add(epochs)
        for (epochs, name), ones in by_name.items():
            self._fill(row, name, epochs, ones)

    def _fill(self, row: int, name: str, epochs: int, ones: list[Trained]) -> None:
        ending = schedule(epochs)
        for which, kept in (("", 1), ("_last3", 3)):
            values = [float(one.accuracy[-kept:].sum() / kept) for one in ones]
            column = f"{name}{which}{ending}"
            for one, value in zip(ones, values, strict=True):
                self.columns[f"{column}_seed{one.seed}"][row] = value
                self.seeds[ending].add(one.seed)
            self.columns[column][row] = mean([value for value in values if value == value])
        losses = [one.loss for one in ones if one.loss == one.loss]
        self.columns[f"{name}_loss{ending}"][row] = mean(losses)
        if self.curves == "none":
            return
        self._curve(row, f"{name}{ending}", [one.accuracy for one in ones])
        if ones[0].losses is not None:
            self._curve(row, f"{name}_loss{ending}", [one.losses for one in ones if one.losses is not None])
        if self.curves == "seeds":
            for one in ones:
                self._curve(row, f"{name}{ending}_seed{one.seed}", [one.accuracy])

    def _curve(self, row: int, name: str, values: list[np.ndarray]) -> None:
        """The mean of `values` over those that have the epoch."""
        known = np.sum([~np.isnan(value) for value in values], axis=0)
        with np.errstate(invalid="ignore"):
            self.per_epoch[name][row] = (np.nansum(values, axis=0) / known).astype(np.float32)

    def check_architectures(self, source: Source) -> None:
        if source.archs != self.texts:
            raise ValueError(
                f"source: the list of architectures of {source.path} begins with {source.archs[0]!r:.90} and is not "
                f"NAS-Bench-201's: expected {EXPECTED}"
            )
        if not self.seen:
            raise ValueError(f"source: {source.path} has no results")

    def imported(self, source: Source) -> Imported:
        rows = np.array(sorted({row for row, _ in self.seen}))
        architectures = [self.space.parse(self.texts[row]) for row in rows]
        names = sorted(
            (name for name, values in self.columns.items() if not np.isnan(values).all()), key=_place
        )
        frame = pd.DataFrame(
            {"arch": [self.texts[row] for row in rows], **{name: self.columns[name][rows] for name in names}}
        )
        frame = with_costs(frame, self.space, architectures)
        warnings = []
        if len(rows) < len(self.texts):
            warnings.append(f"{len(rows)} of {len(self.texts)} architectures are in {source.path.name}")
        for epochs in sorted(self.epochs):
            lacking = len(rows) - sum(have == epochs for _, have in self.seen)
            if lacking:
                warnings.append(f"{lacking} architectures have no training of {epochs} epochs")
        manifest = {
            "space": self.space.name,
            "title": "NAS-Bench-201 (NATS-Bench topology)",
            "data": [DATA[data] for data in DATA if any(name.startswith(f"{DATA[data]}_") for name in names)],
            "size": published_size(self.space),
            "columns": names,
            "units": "accuracy in percent; losses: cross-entropy; params and macs of the stand-alone network",
            "epochs": {("full" if e == FULL else f"ep{e}"): e for e in sorted(self.epochs, reverse=True)},
            "seeds": {
                ending.strip("_") or "full": sorted(seeds) for ending, seeds in sorted(self.seeds.items())
            },
            "source": {"what": source.kind, "files": source.files, "checksums": source.checksums},
            "licence": "MIT (NATS-Bench: Dong, Liu, Musial and Gabrys, TPAMI 2021)",
            "note": NOTE,
        }
        return Imported(frame=frame, manifest=manifest, curves=self._curves(rows), warnings=warnings)

    def _curves(self, rows: np.ndarray) -> dict[str, np.ndarray] | None:
        """The per-epoch values that say more than the last epoch does."""
        found: dict[str, np.ndarray] = {}
        for name in sorted(self.per_epoch, key=_place):
            held = self.per_epoch.pop(name)
            epochs = {len(values) for values in held.values()}.pop()
            missing = np.full(epochs, np.nan, dtype=np.float32)
            values = np.stack([held.get(row, missing) for row in rows.tolist()])
            if not np.isnan(values[:, :-1]).all():
                found[name] = values
        return found or None


def _place(name: str) -> tuple[Any, ...]:
    """Columns in the order of the benchmark's sets; the mean over seeds before the seeds, the full training first."""
    stems = list(SERIES.values())
    stem = max((stem for stem in stems if f"{name}_".startswith(f"{stem}_")), key=len)
    rest, _, seed = name.removeprefix(stem).partition("_seed")
    return stems.index(stem), "_loss" in rest, "_ep" in rest, rest, int(seed or -1)


# What a record says


def schedule(epochs: int) -> str:
    """The part of a column's name that says how long was trained."""
    return "" if epochs == FULL else f"_ep{epochs}"


def trainings(state: dict[str, Any]) -> Iterator[tuple[int, Trained]]:
    """(epochs, series) of every training of a state, seeds rising within a data set.

    ValueError, to follow the name of the file, if the state is not one of the topology release."""
    try:
        for data, seeds in state["dataset_seed"].items():
            for seed in sorted(seeds):
                if data not in DATA:
                    raise ValueError(f"data: {data!r:.40} is not one of {', '.join(DATA)}")
                result = state["all_results"][data, seed]
                epochs = result["epochs"]
                yield from ((epochs, one) for one in _series(data, int(seed), result, epochs))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a record of another format ({type(error).__name__}: {error})") from None


def _series(data: str, seed: int, result: dict[str, Any], epochs: int) -> Iterator[Trained]:
    losses = _values(result["train_losses"], range(epochs))
    accuracy = _percent(_values(result["train_acc1es"], range(epochs)), data)
    yield Trained(SERIES[data, "train"], seed, accuracy, float(losses[-1]), losses)
    for part in result["eval_names"]:
        if (data, part) not in SERIES:
            raise ValueError(f"{data} has an evaluation set {part!r:.40} that the benchmark does not have")
        keys = _keys(part, epochs)
        accuracy = _percent(_values(result["eval_acc1es"], keys), data)
        loss = result["eval_losses"].get(keys[-1], math.nan)
        yield Trained(SERIES[data, part], seed, accuracy, float(loss), None)


@cache
def _keys(part: str, epochs: int) -> tuple[str, ...]:
    return tuple(f"{part}@{epoch}" for epoch in range(epochs))


def _values(found: dict[Any, Any], keys: Any) -> np.ndarray:
    get = found.get
    return np.array([get(key, math.nan) for key in keys], dtype=float)


def _percent(values: np.ndarray, data: str) -> np.ndarray:
    known = values[~np.isnan(values)]
    if len(known) and not (known.min() >= 0 and known.max() <= 100):
        raise ValueError(
            f"an accuracy on {data} of {known.min():g} to {known.max():g}, which is not in percent"
        )
    return values


def mean(values: list[float]) -> float:
    """As the benchmark's own: the sum from left to right over the number; NaN of none."""
    return sum(values) / len(values) if values else math.nan
