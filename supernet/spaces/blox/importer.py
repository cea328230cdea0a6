"""Blox: the published files of a folder, or one of them, as a ground-truth table.

Each part (base, ext, info, env, bench) may be there or not, in any of the three formats, which hold the same. Rows
are joined by hash; the table is in the benchmark's official order. Source: Chau et al., Blox (NeurIPS 2022).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from supernet.files import digest
from supernet.spaces.blox.blocks import OPERATIONS
from supernet.spaces.blox.hash import model_hash
from supernet.spaces.blox.published.binary import read_binary
from supernet.spaces.blox.published.columns import DATA, HASH, MODELS, Columns, Scores, check, scores_of
from supernet.spaces.blox.published.header import SUFFIXES, Header, read_header
from supernet.spaces.blox.published.rows import read_rows
from supernet.spaces.blox.space import Blox
from supernet.spaces.imported import Imported, published_size
from supernet.spaces.space import Architecture, Cost

LICENCE = "CC BY-NC 4.0: not for commercial use"
CHECKED = 500  # models of `info` whose hash is computed, spread over the file
ENVIRONMENTS = 20  # different values of one property that the manifest lists
NOTE = (
    f"{DATA}_test is as published: of the weights of the epoch with the best validation accuracy, evaluated once. "
    f"{DATA}_valid is of the last epoch, {DATA}_valid_best of the best one. The benchmark has one seed."
)


def read(source: Path, *, drop_first_epoch: bool = False) -> Imported:
    """The table of a folder with files named blox-*, or of one file.

    drop_first_epoch: leave the first epoch's validation values out; see columns.py. Raises ValueError naming the
    file for what is damaged, unknown or does not belong together."""
    headers, warnings = _choose(source)
    by_part = {header.key: header for header in headers}
    info = _read(by_part["info", None]) if ("info", None) in by_part else None
    parts: dict[str, Scores] = {}
    facts: dict[str, Any] = {}
    units = ["accuracies in percent"]
    for header in headers:
        if header.part in ("base", "ext"):
            parts[header.path.name] = scores_of(_read(header), drop_first_epoch)
            units += ["losses as published (cross-entropy)"] * (header.part == "ext")
            units += ["train_time_s in seconds, of the whole training"] * (header.part == "base")
        elif header.part == "bench":
            columns = _read(header)
            name = f"latency_{header.device}" + (f"_{header.unit}" if header.unit else "")
            units.append(f"{name}: {header.unit or 'the file does not state its unit'}")
            warnings += [f"{header.path.name} does not state the unit of its latencies"] * (not header.unit)
            parts[header.path.name] = Scores(columns[HASH], {name: columns["latency"]}, {}, None)
        elif header.part == "env":
            facts["environment"] = _environment(_read(header))
    listed = [part.hashes for part in parts.values()] or ([info[HASH]] if info else [])
    if not listed:
        raise ValueError(
            f"{source}: the part env alone says nothing of a model; give base, ext, info or bench too"
        )
    hashes = np.unique(np.concatenate(listed)).tolist()
    try:
        named = models_of(hashes, headers[0].operations, info)
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from None
    stated = hashes if info is None else {*hashes, *info[HASH].tolist()}
    costs = {name: Blox().cost(named[name]) for name in stated}
    frame, curves = _joined(parts, named, costs, hashes, warnings)
    if info is not None:
        warnings += _cost_warnings(info, costs)
    warnings += _first_epoch_warnings(parts, drop_first_epoch)
    epochs = next((header.epochs for header in headers if header.epochs), None)
    names = [header.path.name for header in headers]
    manifest = {
        "space": "blox",
        "title": f"Blox on {DATA}",
        "data": [DATA],
        "size": published_size(Blox()),
        "columns": [name for name in frame if name not in ("arch", "params", "macs")],
        "units": "; ".join([*units, "params and macs of the stand-alone network"]),
        "epochs": epochs,
        "seeds": 1,
        "source": {
            "what": "Blox (Chau et al., NeurIPS 2022), published files",
            "files": names,
            "checksums": {header.path.name: digest(header.path) for header in headers},
        },
        "licence": LICENCE,
        "note": NOTE + " The first epoch's validation values were left out." * drop_first_epoch,
        **facts,
    }
    return Imported(frame=frame, manifest=manifest, curves=curves, warnings=warnings)


def _choose(source: Path) -> tuple[list[Header], list[str]]:
    """One file for each part, and what to say about those left out. Raises ValueError unless they belong together."""
    if source.is_dir():
        paths = sorted(path for path in source.glob("blox-*") if path.suffix in SUFFIXES.values())
        if not paths:
            raise ValueError(f"{source}: no file in it is named blox-*.blox, blox-*.csv or blox-*.pickle")
    else:
        paths = [source]
    headers = [read_header(path) for path in paths]
    for field in ("operations", "epochs", "seed"):
        stated = {getattr(h, field): h.path.name for h in headers if getattr(h, field) is not None}
        if len(stated) > 1:
            (one, first), (two, second) = list(stated.items())[:2]
            raise ValueError(
                f"{source}: {field}: {one!r} in {first}, {two!r} in {second}: not of one data set"
            )
    chosen: dict[tuple[str, str | None], Header] = {}
    for header in sorted(headers, key=lambda h: list(SUFFIXES).index(h.format)):
        other = chosen.setdefault(header.key, header)
        if other is not header and other.format == header.format:
            raise ValueError(
                f"{source}: {other.path.name} and {header.path.name} both hold the part {header.part}"
            )
    left = [h.path.name for h in headers if chosen[h.key] is not h]
    said = [f"not read, as another file holds the same in another format: {', '.join(left)}"] if left else []
    order = ("base", "ext", "bench", "info", "env")
    return sorted(chosen.values(), key=lambda h: (order.index(h.part), h.device or "")), said


def _read(header: Header) -> Columns:
    """The columns of a file, checked."""
    try:
        columns = read_binary(header) if header.format == "custom" else read_rows(header)
        check(columns)
    except ValueError as error:
        raise ValueError(f"{header.path}: {error}") from None
    return columns


def _joined(
    parts: dict[str, Scores],
    named: dict[str, Architecture],
    costs: dict[str, Cost],
    hashes: list[str],
    warnings: list[str],
) -> tuple[pd.DataFrame, dict[str, np.ndarray] | None]:
    """Table and curves of `hashes` in official order; NaN where a part lacks a model, which is said."""
    space = Blox()
    hashes = sorted(hashes, key=lambda name: space.index(named[name]) or 0)
    place = {name: i for i, name in enumerate(hashes)}
    if len(hashes) < MODELS:
        warnings.append(f"{len(hashes):,} of Blox's {MODELS:,} models: {MODELS - len(hashes):,} are missing")
    texts = [space.text(named[name]) for name in hashes]
    columns: dict[str, Any] = {"arch": texts}
    curves: dict[str, np.ndarray] = {}
    for file, part in parts.items():
        rows = np.array([place[name] for name in part.hashes.tolist()])
        if len(rows) < len(hashes):
            warnings.append(f"{file} lacks {len(hashes) - len(rows):,} models that other parts have")
        for name in list(part.columns):
            columns[name] = _spread(part.columns.pop(name), rows, len(hashes))
        for name in list(part.curves):
            curves[name] = _spread(part.curves.pop(name), rows, len(hashes))
    columns |= {field: [getattr(costs[name], field) for name in hashes] for field in ("params", "macs")}
    return pd.DataFrame(columns), curves or None


def _spread(values: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """values (n, ...) at their rows of `count`; NaN elsewhere."""
    kind = values.dtype if len(rows) == count else np.result_type(values.dtype, np.float32)
    spread = np.empty((count, *values.shape[1:]), dtype=kind)
    if len(rows) < count:
        spread.fill(np.nan)
    spread[rows] = values
    return spread


def _cost_warnings(info: Columns, costs: dict[str, Cost]) -> list[str]:
    """Published costs against those of the networks built here."""
    said, names = [], info[HASH].tolist()
    for field in ("params", "flops"):
        wrong = int((info[field] != np.array([getattr(costs[name], field) for name in names])).sum())
        if wrong:
            where = f"{field} of {wrong:,} of {len(names):,} models in info"
            said.append(f"{where} are not those of the networks built here")
    return said


def _first_epoch_warnings(parts: dict[str, Scores], dropped: bool) -> list[str]:
    said = []
    for file, part in parts.items():
        if part.like_best:
            count = f"{part.like_best:,} of {len(part.hashes):,} rows of {file}"
            meaning = "validation accuracy of epoch 1 equals the best of all epochs, as the published trainer writes it"
            cure = (
                "left out"
                if dropped
                else "do not use epoch 1 of the curves, or import with --drop-first-epoch"
            )
            said.append(f"{count}: {meaning}; {cure}")
    return said


def _environment(columns: Columns) -> dict[str, dict[str, int]]:
    """How many models were trained with each value of each property; the most frequent values."""
    return {
        name: dict(Counter(values.tolist()).most_common(ENVIRONMENTS))
        for name, values in columns.items()
        if name != HASH
    }


# Which model a hash names: by the part `info` where there is one, else by the space's own hash. That takes 0.2 ms a
# model, so that all 91,125 take about 20 s: once an import, so they are not kept.


def models_of(
    hashes: Iterable[str], operations: tuple[str, ...], info: Columns | None
) -> dict[str, Architecture]:
    """The canonical architecture of each hash.

    operations: names in the order of the files' numbers, which the hashes are of. info: columns of that part.
    Raises ValueError for a hash of no model, and where `info` contradicts the hashes."""
    space, wanted = Blox(), set(hashes)
    found = {} if info is None else _stated(space, operations, info)
    unknown = wanted - set(found)
    numbers = tuple(operations.index(name) for name in OPERATIONS)
    for architecture in space.enumerate() if unknown else ():
        name = model_hash(_renumbered(architecture, numbers))
        if name in unknown:
            assert name is not None
            found[name] = architecture
            unknown.discard(name)
            if not unknown:
                break
    if unknown:
        raise ValueError(f"model_hash: {len(unknown):,} are of no model of Blox, among them {min(unknown)}")
    return found


def _stated(space: Blox, operations: tuple[str, ...], info: Columns) -> dict[str, Architecture]:
    numbers = tuple(OPERATIONS.index(name) for name in operations)
    rows = [tuple(row) for row in info["arch_vec"].reshape(-1, 15).tolist()]
    hashes = info[HASH].tolist()
    for i in range(0, len(rows), max(1, len(rows) // CHECKED)):
        own = model_hash(rows[i])
        if own != hashes[i]:
            raise ValueError(
                f"arch_vec: the model in row {i + 1} has the hash {own}, not {hashes[i]} as stated"
            )
    models = [space.canonical(_renumbered(row, numbers)) for row in rows]
    first: dict[Architecture, int] = {}
    for i, model in enumerate(models):
        if first.setdefault(model, i) != i:
            raise ValueError(f"arch_vec: rows {first[model] + 1} and {i + 1} are one model with two hashes")
    return dict(zip(hashes, models, strict=True))


def _renumbered(architecture: Architecture, numbers: tuple[int, ...]) -> Architecture:
    """The architecture with operation o called numbers[o]."""
    return tuple(numbers[value] if i % 5 < 2 else value for i, value in enumerate(architecture))
