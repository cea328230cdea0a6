"""Which scores a run has and which it lacks. Their files: analysis/store/scores.py."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

from analysis.store import scores as files
from analysis.store.run import Look
from studies.model.study import Run
from supernet.spaces import Architecture, Space

Pair = tuple[str, Architecture]  # measure (of a supernet: BN mode), architecture
Row = files.Row


def missing(run: Run, architectures: list[Architecture]) -> list[Pair]:
    """(measure, architecture) pairs that have no score yet."""
    scores, space = files.read(run.folder, run.run_id), run.variant.masked_space
    have = set(zip(scores["measure"], scores["arch"], strict=True))
    texts = [(space.text(architecture), architecture) for architecture in architectures]
    return [(mode, a) for mode in run.variant.measures for text, a in texts if (mode, text) not in have]


def record(run: Run, architectures: list[Architecture], known: dict[str, Any] | None) -> dict[str, Any]:
    """What says, without the file of scores being parsed, that these architectures have theirs: `sets`, hashes of all
    sets that were asked for. known: the record before, to which this one adds."""
    return {"sets": sorted({*(known or {}).get("sets", []), _hash(run, architectures)})}


def is_recorded(run: Run, architectures: list[Architecture], look: Look) -> bool:
    """Whether the result of a run, as it was read and checked, says so and was written with the file that is there."""
    recorded = _hash(run, architectures) in look.result.get("scored", {}).get("sets", [])
    return recorded and look.is_as_written(files.FILE) is True


def _hash(run: Run, architectures: list[Architecture]) -> str:
    return _hash_of(run.variant.masked_space, run.variant.measures, tuple(architectures))


@lru_cache(maxsize=256)
def _hash_of(space: Space, modes: tuple[str, ...], architectures: tuple[Architecture, ...]) -> str:
    text = "\n".join([*sorted(modes), "", *sorted(map(space.text, architectures))])
    return hashlib.sha256(text.encode()).hexdigest()[:12]
