"""Which runs TensorBoard shows, where their logs are, and the links by which a study finds them."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from studies.model.study import SHARE, Run, Study, Tracking
from studies.truth.table import TruthTable

FOLDER = "tensorboard"


def tracked(
    runs: Iterable[Run],
    study: Study,
    folder: Path,
    truth: Mapping[str, TruthTable],
    milestones: tuple[int, ...],
    share: float = SHARE,
) -> list[Run]:
    """The runs of a study, whose folder this is, as runs that are tracked. truth: the study's tables, by space."""
    tracking = {
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
    return [replace(run, tracking=tracking[run.variant.space]) for run in runs]


def log_folder(run: Run, tracking: Tracking) -> Path:
    """Where the event file is: with the training, so that it is written once for all studies that share the run."""
    return run.folder / FOLDER / tracking.key


def link_of(run: Run, tracking: Tracking) -> Path:
    """STUDY/tensorboard/SPACE/VARIANT/seedK, by which the study finds the log."""
    return tracking.study / FOLDER / run.variant.space / file_name(run.variant.name) / f"seed{run.seed}"


def file_name(name: str) -> str:
    """A variant's name as the name of a folder: itself where that is possible, else distinguished by a hash."""
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
