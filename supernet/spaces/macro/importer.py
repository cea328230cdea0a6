"""NAS-Bench-Macro's ground truth: the published JSON, or the same numbers as CSV.

JSON: {architecture: {test_acc: [3], mean_acc, std, params, flops}}. CSV: arch, cifar10_test_seed0 to 2; of what else it
has, params, macs and flops are checked. The mean over seeds is computed here.

Architectures that are one stand-alone function have equal accuracies, so that the 6,561 rows are of 3,969 networks.

Source: Su et al. (CVPR 2021); the file of their public repository.
"""

from __future__ import annotations

import codecs
import csv
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from supernet.files import digest
from supernet.spaces.imported import Imported, published_size, with_costs
from supernet.spaces.macro.space import Macro
from supernet.spaces.space import Architecture

TEST = "cifar10_test"
SEEDS = 3
COLUMNS = tuple(f"{TEST}_seed{seed}" for seed in range(SEEDS))
# As a file calls them: field of the space's cost.
COSTS = {"params": "params", "macs": "macs", "flops": "macs"}
IMAGES = 10_000  # of the test set: accuracies are multiples of 1 / IMAGES, which a file may hold in single precision
NOTE = (
    "cifar10_test is as published: the best test accuracy of 50 epochs, chosen by the test images themselves, of "
    "networks trained on all 50,000 training images; the mean of three seeds"
)
SAME = "Architectures that are one function have equal accuracies: 3,969 networks were trained"
EXPECTED = "the published JSON, or a CSV with the columns arch, " + ", ".join(COLUMNS)


class Row(NamedTuple):
    """One architecture as a file has it. place: for messages. right: test images, of each seed. mean: of the seeds, in
    percent, and costs: by name, those that the file states."""

    place: str
    architecture: Architecture
    right: tuple[int, ...]
    mean: float | None
    costs: dict[str, float]


def read(source: Path) -> Imported:
    """Read the file. ValueError, naming file and entry, for one that is damaged, or is not this benchmark's."""
    space = Macro()
    rows = list(_of_json(source) if _is_json(source) else _of_csv(source))
    by_index: dict[int, Row] = {}
    for row in rows:
        first = by_index.setdefault(space.index(row.architecture), row)
        if first is not row:
            raise ValueError(
                f"{source}: {first.place} and {row.place} are one architecture, {space.text(row.architecture)}"
            )
    if not rows:
        raise ValueError(f"{source}: has no architecture; expected {EXPECTED}")
    ordered = [by_index[index] for index in sorted(by_index)]
    architectures = [row.architecture for row in ordered]
    right = np.array([row.right for row in ordered])
    if right.max() * 100 <= IMAGES:
        raise ValueError(f"{source}: no accuracy is above 1: are they fractions? Expected are percent")
    frame = pd.DataFrame(
        {
            "arch": [space.text(architecture) for architecture in architectures],
            TEST: right.sum(axis=1) * 100 / (SEEDS * IMAGES),  # so that equal sums are equal numbers
            **dict(zip(COLUMNS, right.T * 100 / IMAGES, strict=True)),
        }
    )
    count = space.counts()["raw"]
    unlike = _unlike(ordered, space)
    warnings = [*_cost_warnings(ordered, space), *_mean_warnings(ordered), *unlike]
    if len(ordered) < count:
        warnings.append(f"{len(ordered):,} of {count:,} architectures are in {source.name}")
    manifest = {
        "space": space.name,
        "title": "NAS-Bench-Macro on CIFAR-10, test accuracy of the best epoch",
        "data": ["cifar10"],
        "size": published_size(space),
        "columns": [TEST, *COLUMNS],
        "units": "accuracy in percent; params and macs of the stand-alone network",
        "epochs": 50,
        "seeds": list(range(SEEDS)),
        "source": {
            "what": "NAS-Bench-Macro (Su et al., CVPR 2021), published file",
            "files": 1,
            "checksums": {source.name: digest(source)},
        },
        "licence": "Apache-2.0 (Su et al., CVPR 2021)",
        "note": NOTE if unlike else f"{NOTE}. {SAME}",
    }
    return Imported(frame=with_costs(frame, space, architectures), manifest=manifest, warnings=warnings)


def _is_json(source: Path) -> bool:
    with source.open("rb") as file:
        return file.read(100).removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"{", b"[")


def _of_json(source: Path) -> Iterator[Row]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"{twice!r} is there twice")
        return found

    try:
        entries = json.loads(source.read_text(encoding="utf-8-sig"), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{source}: not readable as JSON: {error}") from None
    if not isinstance(entries, dict):
        raise ValueError(f"{source}: is no object of architectures; expected {EXPECTED}")
    for name, entry in entries.items():
        place = f"entry {name!r:.40}"
        if not isinstance(entry, dict):
            raise ValueError(f"{source}: {place} is no object with test_acc; expected {EXPECTED}")
        accuracies = entry.get("test_acc")
        if not isinstance(accuracies, list) or len(accuracies) != SEEDS:
            raise ValueError(f"{source}: {place}: test_acc is {accuracies!r:.60}, not {SEEDS} accuracies")
        yield _row(source, place, name, accuracies, entry, entry.get("mean_acc"))


def _of_csv(source: Path) -> Iterator[Row]:
    try:
        with source.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            _check_head(list(reader.fieldnames or ()))
            lacking = [name for name in ("arch", *COLUMNS) if name not in (reader.fieldnames or ())]
            if lacking:
                raise ValueError(f"no column {lacking[0]!r}; expected {EXPECTED}")
            for cells in reader:
                place = f"line {reader.line_num}"
                if None in cells or None in cells.values():
                    raise ValueError(f"{place} has not as many cells as the head")
                yield _row(source, place, cells["arch"], [cells[n] for n in COLUMNS], cells, cells.get(TEST))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{source}: not readable as CSV: {error}") from None
    except ValueError as error:
        known = str(error).startswith(str(source))
        raise ValueError(str(error) if known else f"{source}: {error}") from None


def _check_head(names: list[str]) -> None:
    twice = [name for name in names if names.count(name) > 1]
    further = [name for name in names if re.fullmatch(rf"{TEST}_seed\d+", name) and name not in COLUMNS]
    if twice:
        raise ValueError(f"the column {twice[0]!r} is there twice")
    if further:
        raise ValueError(f"column {further[0]!r}: expected {EXPECTED}")


def _row(source: Path, place: str, name: Any, accuracies: list[Any], entry: dict[str, Any], mean: Any) -> Row:
    try:
        architecture = Macro().parse(str(name))
        right = tuple(map(_right, accuracies))
        stated = None if mean in (None, "") else _number(mean)
        costs = {known: _number(entry[known]) for known in COSTS if entry.get(known) not in (None, "")}
    except ValueError as error:
        raise ValueError(f"{source}: {place}: {error}") from None
    return Row(place, architecture, right, stated, costs)


def _number(value: Any) -> float:
    try:
        number = math.nan if isinstance(value, bool) or "_" in str(value) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{value!r:.40} is not a finite number")
    return number


def _right(value: Any) -> int:
    """The test images that an accuracy in percent stands for: 8,947 for the 89.47000122 of single precision."""
    number = _number(value)
    right = round(number * IMAGES / 100)
    if not 0 <= right <= IMAGES or abs(number - right * 100 / IMAGES) > 1e-4:
        raise ValueError(f"{value!r:.40} is not an accuracy in percent on {IMAGES:,} images")
    return right


def _mean_warnings(rows: list[Row]) -> list[str]:
    """A stated mean against that of the seeds."""
    wrong = [
        row
        for row in rows
        if row.mean is not None and abs(row.mean - sum(row.right) * 100 / (SEEDS * IMAGES)) > 0.01
    ]
    if not wrong:
        return []
    return [
        f"the mean of {len(wrong):,} of {len(rows):,} architectures is not that of their seeds, which counts; the first"
        f" is {wrong[0].place}: {wrong[0].mean:g}"
    ]


def _unlike(rows: list[Row], space: Macro) -> list[str]:
    """Architectures that are one function, but have other accuracies."""
    first: dict[Architecture, Row] = {}
    found = []
    for row in rows:
        other = first.setdefault(space.stand_alone_form(row.architecture), row)
        if other.right != row.right:
            found.append(f"{other.place} and {row.place}")
    if not found:
        return []
    return [
        f"{len(found):,} architectures are one function with another, but have other accuracies: {found[0]}"
    ]


def _cost_warnings(rows: list[Row], space: Macro) -> list[str]:
    """Stated costs against those of the networks built here."""
    said = []
    for name, field in COSTS.items():
        stated = [(row.costs[name], space.cost(row.architecture)) for row in rows if name in row.costs]
        wrong = sum(value != getattr(cost, field) for value, cost in stated)
        if wrong:
            said.append(
                f"{name} of {wrong:,} of {len(stated):,} architectures are not those of the networks built here"
            )
    return said
