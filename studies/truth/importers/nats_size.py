"""NATS-Bench's size space as a table: 8^5 = 32,768 networks of one cell whose five widths are chosen.

Its official files are those of the topology space (supernet/spaces/nasbench201/records.py), with schedules of 1, 12 and
90 epochs, 90 being the full training. Kept are the accuracies after the last epoch, means over seeds and each seed, and
the published params and FLOPs, which the benchmark counts as multiply-accumulates. No network of this space is built
here: the table is to compare with, not to search.

Source: Dong et al., NATS-Bench (TPAMI 2021), section 3.1; nats_bench 1.8, api_size.py.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.store.column_names import ColumnName, parse
from analysis.store.truth_table import NATS_SIZE
from analysis.user_tables.numbers import numbers
from analysis.user_tables.table import read_cells
from supernet.files import digest
from supernet.spaces.imported import Imported
from supernet.spaces.nasbench201.importer import DATA, mean, trainings
from supernet.spaces.nasbench201.records import State, open_source

WIDTHS = tuple(range(8, 65, 8))
ARCHITECTURES = tuple(":".join(map(str, widths)) for widths in itertools.product(WIDTHS, repeat=5))
FULL = 90  # epochs
EXPECTED = (
    "the folder NATS-sss-v1_0-50262-simple, the file NATS-sss-v1_0-50262.pickle.pbz2, or a CSV with arch"
    " (8:16:24:32:64), accuracies such as cifar100_test, params and macs"
)
SIZE = {"channels": WIDTHS[-1], "stages": 3, "cells_per_stage": 1}  # of the largest
COSTS = ("params", "macs")


def read(source: Path) -> Imported:
    """Read the official files or a CSV. ValueError for what is damaged or of another benchmark."""
    if source.suffix == ".csv":
        frame, facts = (
            _of_csv(source),
            {"what": "table", "files": 1, "checksums": {source.name: digest(source)}},
        )
    else:
        frame, facts = _of_release(source)
    names = [name for name in map(str, frame) if name not in ("arch", *COSTS)]
    found = [one for one in map(parse, names) if one]
    n, whole = len(frame), len(ARCHITECTURES)
    manifest = {
        "space": NATS_SIZE,
        "title": "NATS-Bench size space",
        "data": list(dict.fromkeys(one.data for one in found)),
        "size": SIZE,
        "columns": names,
        "units": "accuracy in percent; params; macs: multiply-accumulates, as published",
        "epochs": {"full": FULL} | {f"ep{one.epochs}": int(one.epochs) for one in found if one.epochs},
        "seeds": sorted({one.seed for one in found if one.seed is not None}),
        "source": facts,
        "licence": "MIT (NATS-Bench: Dong, Liu, Musial and Gabrys, TPAMI 2021)",
        "note": "size: of the largest network; arch: the five widths",
    }
    warnings = [f"{n:,} of {whole:,} architectures are in {source.name}"] if n < whole else []
    return Imported(frame=frame, manifest=manifest, warnings=warnings)


def _of_release(source: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    opened = open_source(source, EXPECTED)
    rows: dict[str, dict[str, float]] = defaultdict(dict)
    seen: dict[int, str] = {}
    for state in opened.records():
        text, index = str(state["arch_str"]), state.get("arch_index")
        if text not in _KNOWN or not isinstance(index, int) or seen.setdefault(index, text) != text:
            raise ValueError(
                f"source: {source} has {text!r:.60} as architecture {index!r:.20}, not {EXPECTED}"
            )
        try:
            rows[text] |= _row(state)
        except ValueError as error:
            raise ValueError(f"source: {source}: architecture {index}: {error}") from None
    if sorted(opened.archs) != sorted(ARCHITECTURES):
        raise ValueError(
            f"source: the list of architectures of {source} begins with {opened.archs[0]!r:.60}: it is not {EXPECTED}"
        )
    wrong = [
        index
        for index, text in seen.items()
        if not 0 <= index < len(opened.archs) or opened.archs[index] != text
    ]
    if wrong:
        raise ValueError(f"source: {source}: architecture {wrong[0]} is not the one of its list (meta_archs)")
    if not rows:
        raise ValueError(f"source: {source} has no results")
    texts = [text for text in opened.archs if text in rows]
    frame = pd.DataFrame([rows[text] for text in texts])
    lacking = [name for name in COSTS if name not in frame or frame[name].isna().any()]
    if lacking:
        raise ValueError(f"source: {source} has architectures without {lacking[0]}")
    names = sorted((name for name in map(str, frame) if name not in COSTS), key=_order)
    frame = frame[[*names, *COSTS]].astype(dict.fromkeys(COSTS, "int64"))
    frame.insert(0, "arch", texts)
    kind = opened.kind.replace("topology", "size")
    return frame, {"what": kind, "files": opened.files, "checksums": opened.checksums}


_KNOWN = frozenset(ARCHITECTURES)


def _row(state: State) -> dict[str, float]:
    """The columns of one architecture under one schedule."""
    by_name: dict[str, dict[int, float]] = defaultdict(dict)
    for epochs, one in trainings(state):
        ending = "" if epochs == FULL else f"_ep{epochs}"
        by_name[f"{one.name}{ending}"][one.seed] = float(one.accuracy[-1])
    row: dict[str, float] = {}
    for name, seeds in by_name.items():
        row |= {f"{name}_seed{seed}": value for seed, value in seeds.items()}
        row[name] = mean([value for value in seeds.values() if value == value])
    row |= _costs(state)
    return row


def _costs(state: State) -> dict[str, float]:
    """Of the CIFAR-10 network, where there is one, in units; the files have millions."""
    results = state["all_results"]
    for data in ("cifar10", *DATA):
        for (of, _), result in results.items():
            if of == data and result.get("params") is not None and result.get("flop") is not None:
                return {"params": round(result["params"] * 1e6), "macs": round(result["flop"] * 1e6)}
    return {}


def _of_csv(source: Path) -> pd.DataFrame:
    cells = read_cells(source)
    lacking = [name for name in ("arch", *COSTS) if name not in cells.columns]
    names = [name for name in cells.columns if parse(name)]
    if lacking or not names:
        raise ValueError(
            f"source: {source} has no column {(*lacking, 'of accuracies')[0]}; expected {EXPECTED}"
        )
    texts = cells.texts("arch")
    first: dict[str, int] = {}
    for row, text in enumerate(texts):
        if text not in _KNOWN:
            raise ValueError(
                f"{source}: {cells.place(row)}: {text!r:.60} is not five of {WIDTHS} as 8:16:24:32:64"
            )
        if first.setdefault(text, row) != row:
            raise ValueError(f"{source}: {cells.place(row)}: {text} is in {cells.place(first[text])} already")
    columns = {name: numbers(cells, name) for name in (*sorted(names, key=_order), *COSTS)}
    for name, values in columns.items():
        known = values[~np.isnan(values)]
        one = parse(name)
        if one and one.metric != "loss" and len(known) and not (known.min() >= 0 and 1 < known.max() <= 100):
            raise ValueError(
                f"{source}: {name} is of {known.min():g} to {known.max():g}, which is not in percent"
            )
        if name in COSTS and (len(known) < len(values) or not (np.isfinite(known) & (known > 0)).all()):
            raise ValueError(f"{source}: {name} is not a number above 0 in every row")
    return pd.DataFrame({"arch": texts, **columns})


def _order(name: str) -> tuple[Any, ...]:
    one = parse(name) or ColumnName(name, "")
    return one.data, one.part, one.metric, one.epochs, one.which, -1 if one.seed is None else one.seed
