"""DARTS-PT on the supernets that a study has trained: real projections, kept on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypedDict

from studies.configuration import derived_seed
from studies.running.parallel import run_tasks
from studies.running.trained import trained_run
from studies.search.methods.darts_pt import Projecting
from supernet.files import read_object, write_text
from supernet.training.config import Augmentation, TrainingConfig
from supernet.training.projection import Projection, ProjectionConfig


class Look(TypedDict):
    """A choice: which one of which part of the architecture, and the validation accuracy in percent without each
    option."""

    part: int
    choice: int
    without: list[float]


class Projected(TypedDict):
    """A projection's file. looked: in the order of the choices. epochs: of tuning."""

    run_id: str
    order: int
    arch: str
    looked: list[Look]
    epochs: int
    seconds: float


def projections(
    folders: Sequence[Path],
    settings: Projecting,
    out: Path,
    data_root: Path,
    workers: int,
    report: Callable[[int], None] = lambda done: None,
) -> list[Projected]:
    """Of every run's supernet, by order and then by run; those that are on disk are read.

    Args:
        folders: of the runs.
        out: for `darts-pt-RUN-ORDER-SETTINGS.json`, and `.pt` while a projection goes on.
    """
    tasks = [
        (folder, order, settings, out, data_root) for order in range(settings.orders) for folder in folders
    ]
    found: dict[int, Projected] = {}
    for number, task in enumerate(tasks):
        path = _path(*task[:4])
        if path.is_file():
            found[number] = read_object(path, Projected)  # type: ignore[assignment]
    left = [number for number in range(len(tasks)) if number not in found]
    report(len(found))
    if left:
        for place, projected in run_tasks(project, [tasks[n] for n in left], min(workers, len(left))):
            found[left[place]] = projected
            report(len(found))
    return [found[number] for number in range(len(tasks))]


def project(folder: Path, order: int, settings: Projecting, out: Path, data_root: Path) -> Projected:
    """One projection, from what an earlier call has left; writes its file."""
    run = trained_run(folder)
    config, seed = run.config, derived_seed("projection", folder.name, order)
    training = config["training"]
    training = TrainingConfig(**{**training, "augmentation": Augmentation(**training["augmentation"])})
    projection = Projection(
        run.supernet(),
        run.data(data_root),
        ProjectionConfig(
            training=training,
            adapt=settings.adapt,
            tune=settings.tune,
            rate=settings.rate,
            noise=config["evaluation_noise"],
            evaluation_batch=config["evaluation_batch"],
        ),
        seed=seed,
    )
    path = _path(folder, order, settings, out)
    state = path.with_suffix(".pt")
    architecture = projection.run(state)
    found: Projected = {
        "run_id": folder.name,
        "order": order,
        "arch": run.network.space.text(architecture),
        "looked": [
            {"part": part, "choice": choice, "without": without}
            for (part, choice), without in projection.looked
        ],
        "epochs": projection.epochs,
        "seconds": round(projection.seconds, 2),
    }
    write_text(path, json.dumps(found, indent=1) + "\n")
    state.unlink(missing_ok=True)
    return found


def _path(folder: Path, order: int, settings: Projecting, out: Path) -> Path:
    """Named by all that the projection depends on; how many orders there are is nothing to one of them."""
    said = {name: value for name, value in asdict(settings).items() if name != "orders"}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:8]
    return out / f"darts-pt-{folder.name}-{order}-{digest}.json"
