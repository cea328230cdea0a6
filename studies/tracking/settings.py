"""What the log of a run is compared with, and where it is."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.store.scored import ScoredSet

if TYPE_CHECKING:
    from studies.model.study import Run, Study
    from studies.truth.table import TruthTable

MILESTONES = (25, 50, 75)  # percent of a training's epochs; the end has the scores of record
SHARE = 0.05  # of the training's passes: what all milestones together may take
FOLDER = "tensorboard"


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """How a study looks at its runs; no part of what a run is.

    study: the study's folder. truth, checksum: the ground-truth table; column of it. scored, top: the study's score
    sets. milestones: percent of the epochs after which a small fixed part of these sets is scored. share: of the
    training's passes through the network, what all milestones together may take.
    """

    study: Path
    truth: Path
    checksum: str
    column: str
    scored: ScoredSet
    top: tuple[int, ...]
    milestones: tuple[int, ...] = MILESTONES
    share: float = SHARE

    def __post_init__(self) -> None:
        if not (math.isfinite(self.share) and self.share > 0):
            raise ValueError(f"milestone_share: {self.share!r} is not a number above 0")
        for percent in self.milestones:
            if isinstance(percent, bool) or not isinstance(percent, int) or not 1 <= percent <= 99:
                raise ValueError(
                    f"milestones: {percent!r} is not an integer from 1 to 99, percent of the epochs"
                )

    @property
    def key(self) -> str:
        """Eight hex digits of all that a log's correlations depend on: studies that compare alike share a log."""
        what = [self.checksum, self.column, asdict(self.scored), list(self.top)]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:8]


def tracked(
    runs: Iterable[Run],
    study: Study,
    folder: Path,
    truth: Mapping[str, TruthTable],
    milestones: tuple[int, ...],
    share: float = SHARE,
) -> list[Run]:
    """The runs of a study, whose folder this is, as runs that are tracked. truth: the study's tables, by space."""
    found = {
        space: Tracking(
            study=folder,
            truth=table.path,
            checksum=table.manifest["checksum"],
            column=study.truth[space].column,
            scored=study.scored,
            top=study.top,
            milestones=milestones,
            share=share,
        )
        for space, table in truth.items()
    }
    return [replace(run, tracking=found[run.variant.space]) for run in runs]


def log_folder(run: Run, tracking: Tracking) -> Path:
    """Where the event file is: with the training, so that it is written once for all studies that share the run."""
    return run.folder / FOLDER / tracking.key


def link_of(run: Run, tracking: Tracking) -> Path:
    """STUDY/tensorboard/SPACE/VARIANT/seedK, by which the study finds the log."""
    return tracking.study / FOLDER / run.variant.space / file_name(run.variant.name) / f"seed{run.seed}"


def file_name(name: str) -> str:
    """A variant's name as the name of a folder: itself where that is possible, else told apart by a hash."""
    safe = re.sub(r"[^\w .,+=()@-]", "_", name)[:80].strip(" .")
    return safe if safe == name else f"{safe} {hashlib.sha256(name.encode()).hexdigest()[:6]}".strip()


def link_known(runs: Iterable[Run]) -> None:
    """Link the logs that there are: of runs that another study has trained."""
    for run in runs:
        if run.tracking is not None and log_folder(run, run.tracking).is_dir():
            link(run, run.tracking)


def link(run: Run, tracking: Tracking) -> None:
    """Make the study's link to the log, or turn it there from the log of another comparison."""
    place, target = link_of(run, tracking), log_folder(run, tracking)
    target.mkdir(parents=True, exist_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    there = os.path.relpath(target, place.parent)
    if place.is_symlink() and os.readlink(place) == there:
        return
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".") as folder:
        new = Path(folder) / place.name
        new.symlink_to(there, target_is_directory=True)
        os.replace(new, place)
