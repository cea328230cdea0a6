"""NAS-Bench-201's ground truth, from any of its three official forms; see `nats_records` and `nats_series`.

Every accuracy: after the last epoch, the mean of the last three epochs where those are there (`_last3`), after the
12-epoch schedule (`_ep12`), each of single seeds (`_seed777`) and as the mean over the seeds of that architecture.
Losses: after the last epoch, means over seeds. Values of every epoch go to the curves.
Files are read one by one, the large single files piece by piece; what is kept is one number a column, and four bytes a
value of a curve.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from studies.truth import table
from studies.truth.importers.imported import Imported, published_size, with_costs
from studies.truth.importers.nasbench201.records import EXPECTED, Source, State, open_source
from studies.truth.importers.nasbench201.series import DATA, FULL, SERIES, Trained, mean, schedule, trainings
from supernet.spaces import get_space

CURVES = ("mean", "seeds", "none")
NOTE = (
    "parts are never mixed: _valid and _test are disjoint halves of the official test images, but for CIFAR-10, where "
    "_valid is half of the training images (networks trained on the other half: cifar10valid_train, cifar10valid_test; "
    "cifar10_train and cifar10_test are of networks trained on all of them); _validtest is both halves together. "
    "params and macs are of the CIFAR-10 networks"
)


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
        self.space = get_space("nasbench201")
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
        return Imported(frame=frame, manifest=manifest, curves=self._curves(rows, frame), warnings=warnings)

    def _curves(self, rows: np.ndarray, frame: pd.DataFrame) -> pd.DataFrame | None:
        """The per-epoch values that say more than the last epoch does."""
        found: dict[str, Any] = {}
        for name in sorted(self.per_epoch, key=_place):
            held = self.per_epoch.pop(name)
            epochs = {len(values) for values in held.values()}.pop()
            missing = np.full(epochs, np.nan, dtype=np.float32)
            values = np.stack([held.get(row, missing) for row in rows.tolist()])
            if not np.isnan(values[:, :-1]).all():
                found[name] = table.curve_column(values)
        return pd.DataFrame({"arch": frame["arch"], **found}) if found else None


def _place(name: str) -> tuple[Any, ...]:
    """Columns in the order of the benchmark's sets; the mean over seeds before the seeds, the full training first."""
    stems = list(SERIES.values())
    stem = max((stem for stem in stems if f"{name}_".startswith(f"{stem}_")), key=len)
    rest, _, seed = name.removeprefix(stem).partition("_seed")
    return stems.index(stem), "_loss" in rest, "_ep" in rest, rest, int(seed or -1)
