"""Which model of Blox a hash names: by the part `info` where there is one, else by the space's own hash.

The own hash takes 0.2 ms a model, so that all 91,125 take about 20 s: once an import, so they are not kept.
"""

from __future__ import annotations

from collections.abc import Iterable

from studies.truth.importers.blox.columns import HASH, Columns
from supernet.spaces import Architecture, Blox
from supernet.spaces.blox.blocks import OPERATIONS
from supernet.spaces.blox.hash import model_hash

CHECKED = 500  # models of `info` whose hash is computed, spread over the file


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
